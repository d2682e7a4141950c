use serde::Deserialize;
use thingsmith_core::Fault;
use thingsmith_core::logging::{self, Options};

use super::IOT;
use crate::auth::may_pass_role;
use crate::{Context, Empty, Http, Operation};

/// Sets the first version of the logging options. The caller must be permitted to hand the role over (`iam:PassRole`).
///
/// # Errors
/// `InvalidRequestException` for a role that is not there or does not trust AWS IoT.
pub struct SetLoggingOptions;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    logging_options_payload: Payload,
}

/// AWS's `LoggingOptionsPayload`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    role_arn: String,
    log_level: Option<String>,
}

impl Operation for SetLoggingOptions {
    const NAME: &'static str = "SetLoggingOptions";
    const HTTP: Http = Http::post("/loggingOptions");
    const ACTION: Option<&'static str> = Some("iot:SetLoggingOptions");
    type Input = Input;
    type Output = Empty;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let payload = input.logging_options_payload;
        may_pass_role(cx, "roleArn", &payload.role_arn, IOT).await?;
        let realm = cx.realm().await?;
        let options = Options {
            first_role_arn: Some(payload.role_arn),
            first_level: payload.log_level,
            ..Options::default()
        };
        logging::set_options(cx.deeds, &realm, &options, None).await?;
        Ok(Empty {})
    }
}
