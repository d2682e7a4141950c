//! `POST /topics/TOPIC?qos=`: a device publishes a message without MQTT (guide, "HTTPS").
//!
//! By who showed a certificate or signed the request. There is no client id and no thing: policies that ask for them find them missing. What decides is read anew for each
//! request.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};
use percent_encoding::percent_decode_str;
use thingsmith_core::connections::{ConnectFacts, Principal, Proof};
use thingsmith_core::decisions::Stage;
use thingsmith_core::messages::Members;
use thingsmith_core::quotas::Quota;
use thingsmith_core::rules::Origin;
use thingsmith_core::{Code, messages};
use thingsmith_mqtt::{Message, MessageProperties, Qos, TopicName};
use tokio::time::timeout;
use uuid::Uuid;

use super::reply::{Refused, response};
use super::{Visitor, signature};
use crate::doors::Spoken;
use crate::gateway::Gateway;
use crate::{refusal, reserved};

/// Time for a payload to come.
const BODY: Duration = Duration::from_secs(30);

/// Answers one request.
pub(super) async fn respond(
    gateway: &Arc<Gateway>,
    visitor: &Visitor,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let trace_id = trace_id(gateway);
    let outcome = publish(gateway, visitor, request).await;
    if let Err(refused) = &outcome {
        tracing::debug!(peer = %visitor.address, %trace_id, ?refused, "request refused");
    }
    response(outcome, trace_id)
}

/// What finds an answer in the log.
pub(super) fn trace_id(gateway: &Gateway) -> Uuid {
    let mut id = [0; 16];
    gateway.deeds.random().fill(&mut id);
    uuid::Builder::from_random_bytes(id).into_uuid()
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
    // Who signs is meant, whatever certificate it shows besides.
    let is_signed = signature::is_signed(&head);
    let certified = visitor.admission.as_ref().filter(|_| !is_signed);
    let may_publish = match visitor.spoken {
        Spoken::Either => is_signed || certified.is_some(),
        Spoken::SignedHttps => is_signed,
        Spoken::Https => certified.is_some(),
        Spoken::Mqtt | Spoken::SignedWebSocket => false,
    };
    if !may_publish {
        let reason = match visitor.spoken {
            Spoken::Either => "publishing over HTTPS needs a client certificate or a signature",
            Spoken::SignedHttps => "publishing over HTTPS needs a signature here",
            Spoken::Https => "publishing over HTTPS needs a client certificate here",
            Spoken::Mqtt | Spoken::SignedWebSocket => "the domain configuration says MQTT and not HTTPS",
        };
        let server_name = visitor.server_name.as_deref();
        refusal::protocol(&gateway.deeds, visitor.address, server_name, reason);
        return Err(Refused::no_credential());
    }
    if is_signed {
        signature::check(gateway, visitor, &head).await?;
    }
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
    let mut proof = match certified {
        Some(admission) => Proof::Certificate(admission.clone()),
        None => Proof::Signature(signature::prove(gateway, visitor, &head, &payload).await?),
    };
    let mut principal = Principal::new(Arc::clone(&gateway.deeds), &mut proof, facts)
        .await
        .map_err(failed)?;
    if topic.is_reserved() && !reserved::may_be_published(&topic) {
        let reason = reserved::why_closed(topic.as_str());
        let (deeds, peer) = (&gateway.deeds, visitor.address);
        refusal::impossible(deeds, Stage::Https, &principal, peer, topic.as_str(), reason);
        return Err(Refused::forbidden());
    }
    let message = Message {
        topic,
        // A copy: what came together with it is not to be kept alive by what may wait long.
        payload: Bytes::copy_from_slice(&payload),
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
    let realm = principal.realm().realm;
    if let Err(fault) = gateway.deeds.call_within(realm, Quota::PublishIn) {
        return Err(Refused::throttled(fault.message));
    }
    gateway.deeds.metrics().message_in();
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
    TopicName::from_bytes(&bytes, &gateway.mqtt.topic)
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
        let (mut content_type, mut response_topic, mut message_expiry) = (None, None, None);
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
                "contentType" => content_type = Some(value),
                "responseTopic" => response_topic = Some(value),
                "messageExpiry" => {
                    let seconds = value.parse().map_err(|_| {
                        Refused::invalid(format!("messageExpiry {value:?} is no number of seconds."))
                    })?;
                    message_expiry = Some(seconds);
                }
                _ => {}
            }
        }
        let members = Members {
            content_type: content_type.as_deref(),
            response_topic: response_topic.as_deref(),
            message_expiry,
            payload_format_indicator: header(head, "x-amz-mqtt5-payload-format-indicator")?,
            correlation_data: header(head, "x-amz-mqtt5-correlation-data")?,
            user_properties: header(head, "x-amz-mqtt5-user-properties")?,
        };
        let properties = members.read(&gateway.mqtt.topic);
        Ok(Self {
            qos,
            retain,
            properties: properties.map_err(|fault| Refused::invalid(fault.message))?,
        })
    }
}

fn header<'h>(head: &'h Parts, name: &str) -> Result<Option<&'h str>, Refused> {
    let value = head.headers.get(name).map(|value| value.to_str());
    value
        .transpose()
        .map_err(|_| Refused::invalid(format!("{name} is no text.")))
}
