use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, logging};

use super::LogTarget;
use crate::{Context, Http, Operation, pages};

/// Lists targets with their levels.
///
/// # Errors
/// `NotConfiguredException` before there are logging options, `InvalidRequestException` for a token of another list.
pub struct ListV2LoggingLevels;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    target_type: Option<String>,
    next_token: Option<String>,
    max_results: Option<u16>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    log_target_configurations: Vec<Configuration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// AWS's `LogTargetConfiguration`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Configuration {
    log_target: LogTarget,
    log_level: String,
}

impl Operation for ListV2LoggingLevels {
    const NAME: &'static str = "ListV2LoggingLevels";
    const HTTP: Http = Http::get("/v2LoggingLevel");
    const ACTION: Option<&'static str> = Some("iot:ListV2LoggingLevels");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_token(input.next_token, input.max_results);
        let realm = cx.realm().await?;
        let page = logging::list_levels(cx.deeds, &realm, input.target_type.as_deref(), &page).await?;
        let page = page.map(|(target, log_level)| Configuration {
            log_target: LogTarget::from(target),
            log_level,
        });
        Ok(Output {
            log_target_configurations: page.items,
            next_token: page.next,
        })
    }
}
