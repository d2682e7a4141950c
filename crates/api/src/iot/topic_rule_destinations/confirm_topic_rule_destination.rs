use serde::Deserialize;
use thingsmith_core::{Fault, topic_rule_destinations};

use crate::{Context, Empty, Http, Operation};

/// Confirms a destination with the token that was sent to its URL. The same path without a signature does so too
/// (`own.rs`): whoever has the token has received it there.
///
/// # Errors
/// `InvalidRequestException` for a token that was not sent, or was used or replaced.
pub struct ConfirmTopicRuleDestination;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    confirmation_token: String,
}

impl Operation for ConfirmTopicRuleDestination {
    const NAME: &'static str = "ConfirmTopicRuleDestination";
    const HTTP: Http = Http::get("/confirmdestination/{confirmationToken+}");
    const ACTION: Option<&'static str> = Some("iot:ConfirmTopicRuleDestination");
    type Input = Input;
    type Output = Empty;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        let token = &input.confirmation_token;
        topic_rule_destinations::confirm_destination(cx.deeds, Some(realm.realm), token).await?;
        Ok(Empty {})
    }
}
