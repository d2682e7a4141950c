use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, logging};

use crate::{Context, Http, Operation};

/// Reads the first version of the logging options; what was never set is absent.
pub struct GetLoggingOptions;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    role_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_level: Option<String>,
}

impl Operation for GetLoggingOptions {
    const NAME: &'static str = "GetLoggingOptions";
    const HTTP: Http = Http::get("/loggingOptions");
    const ACTION: Option<&'static str> = Some("iot:GetLoggingOptions");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, _: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let (options, _) = logging::options(cx.deeds, &realm).await?;
        Ok(Output {
            role_arn: options.first_role_arn,
            log_level: options.first_level,
        })
    }
}
