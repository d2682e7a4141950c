//! The service `iotdata`: messages over HTTP.

mod get_retained_message;
mod list_retained_messages;
mod publish;

use std::borrow::Cow;

use thingsmith_aws_model as aws;
use thingsmith_model::Resource;
use thingsmith_mqtt::Qos;

pub use get_retained_message::GetRetainedMessage;
pub use list_retained_messages::ListRetainedMessages;
pub use publish::Publish;

use crate::Service;
use crate::service::{Entry, entry};

/// The operations that answer that they are not implemented, sorted.
pub const MISSING: &[&str] = &[
    "DeleteConnection",
    "DeleteThingShadow",
    "GetConnection",
    "GetThingShadow",
    "ListNamedShadowsForThing",
    "ListSubscriptions",
    "SendDirectMessage",
    "UpdateThingShadow",
];

const WRITTEN: &[Entry] = &[
    entry::<GetRetainedMessage>(),
    entry::<ListRetainedMessages>(),
    entry::<Publish>(),
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

fn number(qos: Qos) -> u8 {
    qos as u8
}
