//! `POST /topics/TOPIC?qos=`: a device publishes a message without MQTT (guide, "HTTPS").
//!
//! There is no client id and no thing: policies that ask for them find them missing. What decides is read anew for each
//! request.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use thingsmith_core::connections::{ConnectFacts, Principal};
use thingsmith_core::decisions::Stage;
use thingsmith_core::rules::Origin;
use thingsmith_core::{Code, messages};
use thingsmith_mqtt::{Message, MessageProperties, Qos, TopicName};
use tokio::time::timeout;

use super::Visitor;
use super::reply::{Refused, response};
use crate::gateway::Gateway;
use crate::{refusal, reserved};

/// Time for a payload to come.
const BODY: Duration = Duration::from_secs(30);
/// Most bytes of user properties (AWS's quota).
const USER_PROPERTIES: usize = 8 * 1024;
/// Most seconds of a message's expiry (AWS's quota).
const EXPIRY_SECONDS: u32 = 604_800;
/// Most bytes of a content type (AWS's quota).
const CONTENT_TYPE: usize = 256;

/// Answers one request.
pub(super) async fn respond(
    gateway: &Arc<Gateway>,
    visitor: &Visitor,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let mut id = [0; 16];
    gateway.deeds.random().fill(&mut id);
    let trace_id = uuid::Builder::from_random_bytes(id).into_uuid();
    let outcome = publish(gateway, visitor, request).await;
    if let Err(refused) = &outcome {
        tracing::debug!(peer = %visitor.address, %trace_id, ?refused, "request refused");
    }
    response(outcome, trace_id)
}

async fn publish(
    gateway: &Arc<Gateway>,
    visitor: &Visitor,
    request: Request<Incoming>,
) -> Result<(), Refused> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    let encoded = path
        .strip_prefix("/topics/")
        .ok_or_else(|| Refused::not_found(path))?;
    if head.method != Method::POST {
        return Err(Refused::method());
    }
    let Some(admission) = &visitor.admission else {
        let reason = "publishing over HTTPS needs a client certificate here";
        refusal::protocol(
            &gateway.deeds,
            visitor.address,
            visitor.server_name.as_deref(),
            reason,
        );
        return Err(Refused::no_certificate());
    };
    let topic = topic(gateway, encoded)?;
    let wish = Wish::read(gateway, &head)?;
    let most = gateway.mqtt.payload_bytes;
    let payload = match timeout(BODY, Limited::new(body, most).collect()).await {
        Ok(Ok(collected)) => collected.to_bytes(),
        Ok(Err(cause)) if cause.is::<LengthLimitError>() => return Err(Refused::too_large(most)),
        Ok(Err(cause)) => return Err(Refused::invalid(format!("The payload cannot be read: {cause}."))),
        Err(_) => return Err(Refused::too_slow()),
    };

    let facts = ConnectFacts {
        source: Some(visitor.address.ip()),
        server_name: visitor.server_name.clone(),
        ..ConnectFacts::default()
    };
    let failed = |cause| {
        tracing::error!(peer = %visitor.address, %cause, "the store did not answer a question of authorization");
        Refused::internal()
    };
    let mut principal = Principal::new(Arc::clone(&gateway.deeds), &mut admission.clone(), facts)
        .await
        .map_err(failed)?;
    if topic.is_reserved() && !reserved::may_be_published(&topic) {
        let reason = "nothing may be published on this reserved topic";
        let (deeds, peer) = (&gateway.deeds, visitor.address);
        refusal::impossible(deeds, Stage::Https, &principal, peer, topic.as_str(), reason);
        return Err(Refused::forbidden());
    }
    let message = Message {
        topic,
        payload,
        retain: wish.retain,
        properties: wish.properties.map(Arc::new),
    };
    let refusal = messages::refusal(&mut principal, &message)
        .await
        .map_err(failed)?;
    if let Some((action, answer)) = refusal {
        let (deeds, peer, topic) = (&gateway.deeds, visitor.address, message.topic.as_str());
        refusal::denied(deeds, Stage::Https, &principal, peer, action, topic, &answer);
        return Err(Refused::forbidden());
    }
    gateway.deeds.metrics().message_in();
    let realm = principal.realm().realm;
    let origin = Origin::Device {
        principal: &principal,
        subscriber: None,
    };
    match messages::publish(&gateway.deeds, realm, message, wish.qos, origin).await {
        Ok(()) => Ok(()),
        Err(fault) if fault.code == Code::Throttling => Err(Refused::throttled(fault.message)),
        Err(fault) => {
            refusal::store_failed(visitor.address, &fault);
            Err(Refused::internal())
        }
    }
}

fn topic(gateway: &Gateway, encoded: &str) -> Result<TopicName, Refused> {
    let bytes: Vec<u8> = percent_decode_str(encoded).collect();
    TopicName::from_bytes(bytes.into(), &gateway.mqtt.topic)
        .map_err(|cause| Refused::invalid(format!("The topic cannot be published on: {cause}.")))
}

/// What a request wants besides its topic and its payload.
struct Wish {
    qos: Qos,
    retain: bool,
    properties: Option<MessageProperties>,
}

impl Wish {
    fn read(gateway: &Gateway, head: &Parts) -> Result<Self, Refused> {
        let (mut qos, mut retain) = (Qos::AtMostOnce, false);
        let mut properties = MessageProperties::default();
        for pair in head.uri.query().unwrap_or_default().split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decode_str(value)
                .decode_utf8()
                .map_err(|_| Refused::invalid(format!("{name} is no UTF-8.")))?;
            match name {
                "qos" => {
                    qos = match value.as_ref() {
                        "0" => Qos::AtMostOnce,
                        "1" => Qos::AtLeastOnce,
                        other => return Err(Refused::invalid(format!("qos {other:?} is neither 0 nor 1."))),
                    }
                }
                "retain" => match value.as_ref() {
                    "true" => retain = true,
                    "false" => retain = false,
                    other => {
                        return Err(Refused::invalid(format!(
                            "retain {other:?} is neither true nor false."
                        )));
                    }
                },
                "contentType" => {
                    if value.len() > CONTENT_TYPE {
                        let message = format!("contentType has more than {CONTENT_TYPE} bytes.");
                        return Err(Refused::invalid(message));
                    }
                    properties.content_type = Some(value.into_owned());
                }
                "responseTopic" => {
                    let topic = TopicName::parse(&value, &gateway.mqtt.topic);
                    let topic =
                        topic.map_err(|cause| Refused::invalid(format!("responseTopic: {cause}.")))?;
                    properties.response_topic = Some(topic);
                }
                "messageExpiry" => {
                    let seconds = value
                        .parse::<u32>()
                        .ok()
                        .filter(|seconds| *seconds <= EXPIRY_SECONDS);
                    let seconds = seconds.ok_or_else(|| {
                        Refused::invalid(format!(
                            "messageExpiry {value:?} is no number of seconds up to {EXPIRY_SECONDS}."
                        ))
                    })?;
                    // Guide, "MQTT 5 supported features": 0 means 1.
                    properties.message_expiry_seconds = Some(seconds.max(1));
                }
                _ => {}
            }
        }
        headers(head, &mut properties)?;
        let properties = Some(properties).filter(|properties| *properties != MessageProperties::default());
        Ok(Self {
            qos,
            retain,
            properties,
        })
    }
}

fn headers(head: &Parts, properties: &mut MessageProperties) -> Result<(), Refused> {
    let text = |name: &'static str| -> Result<Option<&str>, Refused> {
        let value = head.headers.get(name).map(|value| value.to_str());
        value
            .transpose()
            .map_err(|_| Refused::invalid(format!("{name} is no text.")))
    };
    let bytes = |name: &'static str| -> Result<Option<Vec<u8>>, Refused> {
        let decoded = text(name)?.map(|value| STANDARD.decode(value)).transpose();
        let decoded = decoded.map_err(|_| Refused::invalid(format!("{name} is not base64.")))?;
        match decoded {
            Some(bytes) if bytes.len() > USER_PROPERTIES => Err(Refused::invalid(format!(
                "{name} has more than {USER_PROPERTIES} bytes."
            ))),
            decoded => Ok(decoded),
        }
    };
    properties.correlation_data = bytes("x-amz-mqtt5-correlation-data")?.map(Bytes::from);
    properties.payload_is_utf8 = match text("x-amz-mqtt5-payload-format-indicator")? {
        None | Some("UNSPECIFIED_BYTES") => false,
        Some("UTF8_DATA") => true,
        Some(other) => {
            let message = format!("x-amz-mqtt5-payload-format-indicator {other:?} is not known.");
            return Err(Refused::invalid(message));
        }
    };
    if let Some(json) = bytes("x-amz-mqtt5-user-properties")? {
        properties.user_properties = user_properties(&json).ok_or_else(|| {
            Refused::invalid("x-amz-mqtt5-user-properties is not a JSON array of objects with one text each.")
        })?;
    }
    Ok(())
}

/// `[{"name": "value"}, ...]`, with one member in each object.
fn user_properties(json: &[u8]) -> Option<Vec<(String, String)>> {
    let Ok(Value::Array(objects)) = serde_json::from_slice(json) else {
        return None;
    };
    objects
        .into_iter()
        .map(|object| match object {
            Value::Object(members) if members.len() == 1 => match members.into_iter().next() {
                Some((name, Value::String(value))) => Some((name, value)),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_properties_are_pairs_in_their_order() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            user_properties(br#"[{"deviceName":"alpha"},{"deviceCnt":"45"},{"deviceName":"beta"}]"#),
            Some(vec![
                pair("deviceName", "alpha"),
                pair("deviceCnt", "45"),
                pair("deviceName", "beta")
            ])
        );
        for wrong in [
            "{}",
            "[1]",
            r#"[{"a":1}]"#,
            r#"[{"a":"1","b":"2"}]"#,
            "[{}]",
            "[",
            "",
        ] {
            assert_eq!(user_properties(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
