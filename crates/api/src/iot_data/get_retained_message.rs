use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::messages::{retained, user_properties};
use thingsmith_core::quotas::Quota;

use super::{number, topic_resource};
use crate::{Context, Http, Operation};

/// Gives the message that is retained on a topic.
///
/// # Errors
/// `ResourceNotFoundException` when the topic has none; `ThrottlingException` when the account asks too often.
pub struct GetRetainedMessage;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    topic: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    topic: String,
    /// Base64.
    payload: String,
    qos: u8,
    /// In milliseconds.
    last_modified_time: i64,
    /// Base64 of JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_properties: Option<String>,
}

impl Operation for GetRetainedMessage {
    const NAME: &'static str = "GetRetainedMessage";
    const HTTP: Http = Http::get("/retainedMessage/{topic}");
    const ACTION: Option<&'static str> = Some("iot:GetRetainedMessage");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(topic_resource(&input.topic))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        if input.topic.contains('\0') {
            return Err(Fault::invalid("topic has the character U+0000."));
        }
        let realm = cx.realm().await?;
        cx.deeds.call_within(realm.realm, Quota::GetRetainedMessage)?;
        let found = retained::get_retained_message(cx.deeds, &realm, &input.topic).await?;
        let message = found.stored.message;
        let user = message
            .properties
            .map(|properties| properties.user_properties.clone())
            .unwrap_or_default();
        Ok(Output {
            topic: input.topic,
            payload: STANDARD.encode(&message.payload),
            qos: number(found.qos),
            last_modified_time: found.modified_at.as_millis(),
            user_properties: (!user.is_empty()).then(|| user_properties::written(&user)),
        })
    }
}
