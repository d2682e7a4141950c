//! Messages of shared subscriptions: one member has each, and leaves it to another if its policies do not let it receive it.

use thingsmith_model::Realm;
use thingsmith_mqtt::{Message, Qos, TopicFilter};

use super::{Subscriber, sessions};
use crate::{Deeds, Fault};

/// How a message came to a member of a shared subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// The filter of the group, as it is written.
    pub(super) filter: TopicFilter,
    /// With which quality of service it was published.
    pub(super) qos: Qos,
    /// Whether it was published to be retained.
    pub(super) retain: bool,
    /// Members that had it before, by their names in the router. Those of a message that was stored may be of another run of
    /// the node; then one may be left out, and none has it without end.
    pub(super) tried: Vec<u64>,
}

/// Gives a message that a member may not receive to the next one of its group. It is lost when all have been tried.
///
/// # Errors
/// When the store fails.
pub async fn hand_on(
    deeds: &Deeds,
    realm: Realm,
    member: &Subscriber,
    message: Message,
    shared: Shared,
) -> Result<(), Fault> {
    let routed = deeds.router().hand_on(realm, member, message.clone(), shared);
    if !routed.to_keep.is_empty() {
        return sessions::enqueue(deeds, routed.to_keep, &message).await;
    }
    if routed.sent == 0 {
        deeds.metrics().delivery_dropped();
        let topic = message.topic.as_str();
        tracing::debug!(
            topic,
            "a message was dropped: no member of its group may receive it"
        );
    }
    Ok(())
}
