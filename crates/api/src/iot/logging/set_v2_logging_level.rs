use serde::Deserialize;
use thingsmith_core::{Fault, logging};

use super::LogTarget;
use crate::{Context, Empty, Http, Operation};

/// Sets the level of a target.
///
/// # Errors
/// `NotConfiguredException` before there are logging options, `InvalidRequestException` for a target without a name,
/// and for `DEFAULT` with one.
pub struct SetV2LoggingLevel;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    log_target: LogTarget,
    log_level: String,
}

impl Operation for SetV2LoggingLevel {
    const NAME: &'static str = "SetV2LoggingLevel";
    const HTTP: Http = Http::post("/v2LoggingLevel");
    const ACTION: Option<&'static str> = Some("iot:SetV2LoggingLevel");
    type Input = Input;
    type Output = Empty;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let target = input.log_target.checked()?;
        let realm = cx.realm().await?;
        logging::set_level(cx.deeds, &realm, &target, &input.log_level).await?;
        Ok(Empty {})
    }
}
