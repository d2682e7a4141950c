use serde::{Deserialize, Serialize};
use thingsmith_core::messages::Members;
use thingsmith_core::quotas::Quota;
use thingsmith_core::{Code, Fault, clients};
use thingsmith_mqtt::Message;

use super::{check_client_id, check_not_reserved, client_resource, topic, trace_id};
use crate::{Context, Http, Operation};

/// How long a client has for its confirmation when the caller does not say, and at most, in seconds (API reference).
const TIMEOUT: u8 = 5;
const LONGEST_TIMEOUT: i64 = 15;

/// Sends a message to one client, which need not subscribe to its topic.
///
/// # Errors
/// `ResourceNotFoundException` for a client that is not connected, `ForbiddenException` when its policies do not let it
/// receive the topic, `GatewayTimeoutException` when it has not confirmed the message in time, `ThrottlingException` when
/// too much waits for it, or when the account sends too often; `RequestEntityTooLargeException` for a payload of more than 128 KiB, and `InvalidRequestException` for
/// a topic that is none or is the server's own, and for members beyond their limits.
pub struct SendDirectMessage;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    client_id: String,
    topic: String,
    confirmation: Option<bool>,
    /// In seconds; of meaning only with a confirmation.
    timeout: Option<i64>,
    /// Base64 of the body.
    payload: Option<String>,
    user_properties: Option<String>,
    payload_format_indicator: Option<String>,
    content_type: Option<String>,
    response_topic: Option<String>,
    correlation_data: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    message: &'static str,
    trace_id: String,
}

impl Operation for SendDirectMessage {
    const NAME: &'static str = "SendDirectMessage";
    const HTTP: Http = Http::post("/connections/{clientId}/messages");
    const ACTION: Option<&'static str> = Some("iot:SendDirectMessage");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(client_resource(&input.client_id))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        check_client_id(&input.client_id)?;
        let confirmation = match input.confirmation {
            Some(true) => Some(timeout(input.timeout)?),
            Some(false) | None => None,
        };
        let message = message(&input)?;
        let realm = cx.realm().await?;
        cx.deeds.call_within(realm.realm, Quota::SendDirectMessage)?;
        clients::send_direct_message(cx.deeds, &realm, &input.client_id, message, confirmation).await?;
        Ok(Output {
            message: "OK",
            trace_id: trace_id(cx),
        })
    }
}

fn timeout(seconds: Option<i64>) -> Result<u8, Fault> {
    match seconds {
        None => Ok(TIMEOUT),
        Some(seconds) => u8::try_from(seconds)
            .ok()
            .filter(|_| (1..=LONGEST_TIMEOUT).contains(&seconds))
            .ok_or_else(|| {
                Fault::invalid(format!(
                    "timeout is {seconds}, and must be from 1 to {LONGEST_TIMEOUT} seconds."
                ))
            }),
    }
}

fn message(input: &Input) -> Result<Message, Fault> {
    let topic = topic(&input.topic)?;
    check_not_reserved(&topic)?;
    let members = Members {
        content_type: input.content_type.as_deref(),
        response_topic: input.response_topic.as_deref(),
        message_expiry: None,
        payload_format_indicator: input.payload_format_indicator.as_deref(),
        correlation_data: input.correlation_data.as_deref(),
        user_properties: input.user_properties.as_deref(),
    };
    super::message(
        topic,
        &members,
        input.payload.as_deref(),
        Code::RequestEntityTooLarge,
    )
}
