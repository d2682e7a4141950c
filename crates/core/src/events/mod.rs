//! Registry events: what a deed changed, told on `$aws/events/...` to whoever subscribes.
//!
//! A type of event is off until `UpdateEventConfigurations` turns it on (guide, "Event messages"). An event is published
//! after its batch is durable, at most once per node: losing one with the node is as AWS has it, where delivery is not
//! promised either.

use serde_json::Value;

use crate::Deeds;
use crate::realms::RealmRecord;

/// The types of events that can be turned on, by AWS's `EventType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "these are AWS's own names")]
pub enum EventType {
    Thing,
    ThingGroup,
    ThingType,
    ThingGroupMembership,
    ThingGroupHierarchy,
    ThingTypeAssociation,
    Job,
    JobExecution,
    Policy,
    Certificate,
    CaCertificate,
}

/// Publishes an event on its topic, if events of its type are turned on in the realm. Never fails: the change that it
/// tells of has happened.
pub(crate) async fn publish(
    _deeds: &Deeds,
    _realm: &RealmRecord,
    _event_type: EventType,
    _topic: &str,
    _body: Value,
) {
    // No type of event can be turned on yet, and all are off by default.
}
