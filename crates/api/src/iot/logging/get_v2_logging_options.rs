use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, logging};

use super::LogEventConfiguration;
use crate::{Context, Http, Operation};

/// Reads the logging options.
///
/// # Errors
/// `NotConfiguredException` before they were set.
pub struct GetV2LoggingOptions;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    #[expect(dead_code, reason = "every setting of an event is told in either case")]
    verbose: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    role_arn: String,
    default_log_level: String,
    disable_all_logs: bool,
    event_configurations: Vec<LogEventConfiguration>,
}

impl Operation for GetV2LoggingOptions {
    const NAME: &'static str = "GetV2LoggingOptions";
    const HTTP: Http = Http::get("/v2LoggingOptions");
    const ACTION: Option<&'static str> = Some("iot:GetV2LoggingOptions");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, _: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let (options, level) = logging::options(cx.deeds, &realm).await?;
        let events = options.events.as_deref().map(serde_json::from_str);
        Ok(Output {
            role_arn: options.role_arn.ok_or_else(logging::not_configured)?,
            default_log_level: level.unwrap_or_else(|| "ERROR".into()),
            disable_all_logs: options.disabled.unwrap_or_default(),
            event_configurations: events.transpose().map_err(Fault::internal)?.unwrap_or_default(),
        })
    }
}
