use serde::{Deserialize, Serialize};
use thingsmith_core::messages::Members;
use thingsmith_core::quotas::Quota;
use thingsmith_core::rules::{self, Origin};
use thingsmith_core::{Code, Fault, messages};
use thingsmith_mqtt::{Message, Qos};

use super::{check_not_reserved, topic, topic_resource, trace_id};
use crate::{Context, Http, Operation};

/// Publishes a message. With QoS 1 the answer says that it is as durable as it will be.
///
/// # Errors
/// `InvalidRequestException` for a topic that is none or is the server's own, and for members beyond MQTT's limits;
/// `ThrottlingException` when the message is to be retained and the account has too many of those, or when the account
/// publishes or retains too often.
pub struct Publish;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    topic: String,
    qos: Option<u8>,
    retain: Option<bool>,
    /// Base64 of the body.
    payload: Option<String>,
    user_properties: Option<String>,
    payload_format_indicator: Option<String>,
    content_type: Option<String>,
    response_topic: Option<String>,
    correlation_data: Option<String>,
    message_expiry: Option<i64>,
}

/// AWS's model has no output; the service is seen to answer this (reports of what `curl` shows).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    message: &'static str,
    trace_id: String,
}

impl Operation for Publish {
    const NAME: &'static str = "Publish";
    const HTTP: Http = Http::post("/topics/{topic}");
    const ACTION: Option<&'static str> = Some("iot:Publish");
    type Input = Input;
    type Output = Output;

    fn further_action(input: &Input) -> Option<&'static str> {
        input.retain.unwrap_or_default().then_some("iot:RetainPublish")
    }

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(topic_resource(&input.topic))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let qos = match input.qos {
            None | Some(0) => Qos::AtMostOnce,
            Some(_) => Qos::AtLeastOnce,
        };
        let message = message(&input)?;
        let realm = cx.realm().await?;
        cx.deeds.call_within(realm.realm, Quota::PublishIn)?;
        let source = cx.facts.source.to_canonical().to_string();
        let origin = Origin::Caller {
            user_id: &cx.caller.user_id,
            source_ip: Some(&source),
        };
        messages::publish(cx.deeds, realm.realm, message, qos, origin).await?;
        Ok(Output {
            message: "OK",
            trace_id: trace_id(cx),
        })
    }
}

fn message(input: &Input) -> Result<Message, Fault> {
    let topic = topic(&input.topic)?;
    if rules::rule_of_basic_ingest(&topic).is_none() {
        check_not_reserved(&topic)?;
    }
    let members = Members {
        content_type: input.content_type.as_deref(),
        response_topic: input.response_topic.as_deref(),
        message_expiry: input.message_expiry,
        payload_format_indicator: input.payload_format_indicator.as_deref(),
        correlation_data: input.correlation_data.as_deref(),
        user_properties: input.user_properties.as_deref(),
    };
    let payload = input.payload.as_deref();
    let message = super::message(topic, &members, payload, Code::InvalidRequest)?;
    let retain = input.retain.unwrap_or_default();
    Ok(Message { retain, ..message })
}
