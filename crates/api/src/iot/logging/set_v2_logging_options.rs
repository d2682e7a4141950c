use serde::Deserialize;
use thingsmith_core::Fault;
use thingsmith_core::logging::{self, Options};

use super::{IOT, LogEventConfiguration};
use crate::auth::may_pass_role;
use crate::{Context, Empty, Http, Operation};

/// Sets logging options; what is not given stays. The caller must be permitted to hand the role over (`iam:PassRole`).
///
/// # Errors
/// `InvalidRequestException` for a role that is not there or does not trust AWS IoT, and without one before there is
/// any.
pub struct SetV2LoggingOptions;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    role_arn: Option<String>,
    default_log_level: Option<String>,
    disable_all_logs: Option<bool>,
    event_configurations: Option<Vec<LogEventConfiguration>>,
}

impl Operation for SetV2LoggingOptions {
    const NAME: &'static str = "SetV2LoggingOptions";
    const HTTP: Http = Http::post("/v2LoggingOptions");
    const ACTION: Option<&'static str> = Some("iot:SetV2LoggingOptions");
    type Input = Input;
    type Output = Empty;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        if let Some(role_arn) = &input.role_arn {
            may_pass_role(cx, "roleArn", role_arn, IOT).await?;
        }
        let realm = cx.realm().await?;
        let events = input.event_configurations.as_ref().map(serde_json::to_string);
        let options = Options {
            role_arn: input.role_arn,
            disabled: input.disable_all_logs,
            events: events.transpose().map_err(Fault::internal)?,
            ..Options::default()
        };
        logging::set_options(cx.deeds, &realm, &options, input.default_log_level.as_deref()).await?;
        Ok(Empty {})
    }
}
