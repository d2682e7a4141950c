use serde::Deserialize;
use thingsmith_core::{Fault, topic_rule_destinations};

use crate::{Context, Empty, Http, Operation};

/// Enables or disables a destination, or has another token sent to its URL (`IN_PROGRESS`).
///
/// # Errors
/// `UnauthorizedException` if it is not there, `InvalidRequestException` for other statuses and for enabling one that was
/// never confirmed.
pub struct UpdateTopicRuleDestination;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    arn: String,
    status: String,
}

impl Operation for UpdateTopicRuleDestination {
    const NAME: &'static str = "UpdateTopicRuleDestination";
    const HTTP: Http = Http::patch("/destinations");
    const ACTION: Option<&'static str> = Some("iot:UpdateTopicRuleDestination");
    type Input = Input;
    type Output = Empty;

    fn resources(_: &Context<'_>, input: &Input) -> Vec<String> {
        vec![input.arn.clone()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        topic_rule_destinations::update_destination(cx.deeds, &realm, &input.arn, &input.status).await?;
        Ok(Empty {})
    }
}
