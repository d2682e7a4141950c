//! Registry events: what a deed changed, told on `$aws/events/...` to whoever subscribes.
//!
//! A type of event is off until `UpdateEventConfigurations` turns it on (guide, "Event messages"). An event is published
//! after its batch is durable, at most once per node: losing one with the node is as AWS has it, where delivery is not
//! promised either.

mod certificates;
mod configurations;
mod lifecycle;
pub mod rows;

use serde_json::{Value, json};
use thingsmith_mqtt::{Message, Qos, TopicLimits, TopicName};

pub(crate) use certificates::certificate_registered;
pub(crate) use configurations::Known;
pub use configurations::{EventConfigurations, describe_event_configurations, update_event_configurations};
pub use lifecycle::Lifecycle;
pub(crate) use lifecycle::Versions;

use crate::realms::RealmRecord;
use crate::rules::Origin;
use crate::{Deeds, messages};

macro_rules! event_types {
    ($($event_type:ident => $name:literal,)*) => {
        /// The types of events that can be turned on, by AWS's `EventType`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "these are AWS's own names")]
        pub enum EventType { $($event_type,)* }

        impl EventType {
            /// Every type, in AWS's order.
            pub const ALL: &'static [Self] = &[$(Self::$event_type,)*];

            /// AWS's name of it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$event_type => $name,)* }
            }
        }
    };
}

event_types! {
    Thing => "THING",
    ThingGroup => "THING_GROUP",
    ThingType => "THING_TYPE",
    ThingGroupMembership => "THING_GROUP_MEMBERSHIP",
    ThingGroupHierarchy => "THING_GROUP_HIERARCHY",
    ThingTypeAssociation => "THING_TYPE_ASSOCIATION",
    Job => "JOB",
    JobExecution => "JOB_EXECUTION",
    Policy => "POLICY",
    Certificate => "CERTIFICATE",
    CaCertificate => "CA_CERTIFICATE",
}

impl EventType {
    /// The type of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.as_str() == name)
    }
}

/// Publishes an event on its topic, if events of its type are turned on in the realm. Never fails: the change that it
/// tells of has happened. The body is the whole payload; [`tell`] makes that of most events.
#[expect(
    dead_code,
    reason = "the events of CA certificates, which have a form of their own, are the first to call it"
)]
pub(crate) async fn publish(
    deeds: &Deeds,
    realm: &RealmRecord,
    event_type: EventType,
    topic: &str,
    body: Value,
) {
    if deeds
        .event_configurations()
        .enabled(deeds, realm.realm, event_type)
        .await
    {
        send(deeds, realm, topic, &body).await;
    }
}

/// Publishes an event with the members that most events begin with: `eventType`, `eventId` and `timestamp`, the time now
/// in milliseconds. `event` gives the topic and the further members, and is only asked if events of the type are on.
pub(crate) async fn tell(
    deeds: &Deeds,
    realm: &RealmRecord,
    event_type: EventType,
    event: impl FnOnce() -> (String, Value),
) {
    if !deeds
        .event_configurations()
        .enabled(deeds, realm.realm, event_type)
        .await
    {
        return;
    }
    let (topic, members) = event();
    let mut body = json!({
        "eventType": format!("{}_EVENT", event_type.as_str()),
        "eventId": deeds.uuid().to_string(),
        "timestamp": deeds.clock().now().as_millis(),
    });
    if let (Value::Object(body), Value::Object(members)) = (&mut body, members) {
        body.extend(members);
    }
    send(deeds, realm, &topic, &body).await;
}

async fn send(deeds: &Deeds, realm: &RealmRecord, topic: &str, body: &Value) {
    let name = TopicName::parse(topic, &LIMITS);
    debug_assert!(name.is_ok(), "{topic}");
    let Ok(name) = name else { return };
    let message = Message {
        topic: name,
        payload: body.to_string().into(),
        retain: false,
        properties: None,
    };
    if let Err(fault) = messages::publish(deeds, realm.realm, message, Qos::AtLeastOnce, Origin::Server).await
    {
        tracing::error!(%fault, topic, "an event could not be kept for those who are not connected");
    }
}

/// The topics of events hold up to two names of 128 characters each, which is more than clients may send.
const LIMITS: TopicLimits = TopicLimits {
    bytes: 512,
    levels: 12,
};
