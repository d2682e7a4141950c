use serde::Deserialize;
use thingsmith_core::{Fault, topic_rule_destinations};

use crate::{Context, Empty, Http, Operation};

/// Deletes a destination. HTTP actions that need it fail from then on.
///
/// # Errors
/// `UnauthorizedException` if it is not there.
pub struct DeleteTopicRuleDestination;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    arn: String,
}

impl Operation for DeleteTopicRuleDestination {
    const NAME: &'static str = "DeleteTopicRuleDestination";
    const HTTP: Http = Http::delete("/destinations/{arn+}");
    const ACTION: Option<&'static str> = Some("iot:DeleteTopicRuleDestination");
    type Input = Input;
    type Output = Empty;

    fn resources(_: &Context<'_>, input: &Input) -> Vec<String> {
        vec![input.arn.clone()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        topic_rule_destinations::delete_destination(cx.deeds, &realm, &input.arn).await?;
        Ok(Empty {})
    }
}
