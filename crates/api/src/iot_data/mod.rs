//! The service `iotdata`: messages over HTTP, and the connections of clients.

mod delete_connection;
mod get_connection;
mod get_retained_message;
mod list_retained_messages;
mod list_subscriptions;
mod publish;
mod send_direct_message;

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thingsmith_aws_model as aws;
use thingsmith_core::messages::Members;
use thingsmith_core::{Code, Fault};
use thingsmith_model::Resource;
use thingsmith_mqtt::{Message, Qos, TopicLimits, TopicName};

pub use delete_connection::DeleteConnection;
pub use get_connection::GetConnection;
pub use get_retained_message::GetRetainedMessage;
pub use list_retained_messages::ListRetainedMessages;
pub use list_subscriptions::ListSubscriptions;
pub use publish::Publish;
pub use send_direct_message::SendDirectMessage;

use crate::service::{Entry, entry};
use crate::{Context, Service};

/// The operations that answer that they are not implemented, sorted.
pub const MISSING: &[&str] = &[
    "DeleteThingShadow",
    "GetThingShadow",
    "ListNamedShadowsForThing",
    "UpdateThingShadow",
];

/// Most bytes of a payload (AWS's quota "Maximum message size").
const PAYLOAD_BYTES: usize = 128 * 1024;

const WRITTEN: &[Entry] = &[
    entry::<DeleteConnection>(),
    entry::<GetConnection>(),
    entry::<GetRetainedMessage>(),
    entry::<ListRetainedMessages>(),
    entry::<ListSubscriptions>(),
    entry::<Publish>(),
    entry::<SendDirectMessage>(),
];

pub(crate) fn service() -> Service {
    Service::new(aws::Service::IotData.model(), WRITTEN)
}

/// The path with a topic in it as one segment. AWS's guide writes the topic of a published message in both ways, with its
/// slashes and with `%2F` ("HTTPS").
pub(crate) fn topic_as_one_segment(path: &str) -> Cow<'_, str> {
    for prefix in ["/topics/", "/retainedMessage/"] {
        if let Some(topic) = path.strip_prefix(prefix)
            && topic.contains('/')
        {
            return format!("{prefix}{}", topic.replace('/', "%2F")).into();
        }
    }
    path.into()
}

/// The resource that a topic is to policies.
fn topic_resource(topic: &str) -> Resource {
    Resource::Other(format!("topic/{topic}"))
}

/// The resource that a client is to policies.
fn client_resource(client_id: &str) -> Resource {
    Resource::Other(format!("client/{client_id}"))
}

/// No client of MQTT can have such an id (MQTT 3.1.1, 1.5.3), and no store keeps it.
fn check_client_id(client_id: &str) -> Result<(), Fault> {
    match client_id.contains('\0') {
        true => Err(Fault::invalid("clientId has the character U+0000.")),
        false => Ok(()),
    }
}

fn topic(text: &str) -> Result<TopicName, Fault> {
    TopicName::parse(text, &TopicLimits::default())
        .map_err(|wrong| Fault::invalid(format!("topic {text:?} is no topic: {wrong}.")))
}

/// Refuses the server's own topics.
fn check_not_reserved(topic: &TopicName) -> Result<(), Fault> {
    match topic.is_reserved() {
        true => Err(Fault::invalid(format!(
            "The topic {topic} is reserved: nobody publishes on it over HTTP."
        ))),
        false => Ok(()),
    }
}

/// The message of a request, which is not to be retained. `payload` is base64, which the edge has made of the body; `too_long` is
/// how the operation's model calls one that is.
fn message(
    topic: TopicName,
    members: &Members<'_>,
    payload: Option<&str>,
    too_long: Code,
) -> Result<Message, Fault> {
    let properties = members.read(&TopicLimits::default())?;
    let payload = STANDARD
        .decode(payload.unwrap_or_default())
        .map_err(|_| Fault::invalid("payload is not base64."))?;
    if payload.len() > PAYLOAD_BYTES {
        let bytes = payload.len();
        let told = format!("payload has {bytes} bytes, and may have {PAYLOAD_BYTES}.");
        return Err(Fault::new(too_long, told));
    }
    Ok(Message {
        topic,
        payload: payload.into(),
        retain: false,
        properties: properties.map(Arc::new),
    })
}

/// Names an answer.
fn trace_id(cx: &Context<'_>) -> String {
    let mut trace = [0; 16];
    cx.deeds.random().fill(&mut trace);
    uuid::Builder::from_random_bytes(trace).into_uuid().to_string()
}

fn number(qos: Qos) -> u8 {
    qos as u8
}
