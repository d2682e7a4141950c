//! The way of every message: retained, routed, stored where it must wait.

use thingsmith_model::Realm;
use thingsmith_mqtt::{Message, Qos};

use super::{retained, sessions};
use crate::{Deeds, Fault};

/// Publishes a message that its publisher may publish. When this returns, it is in the queues of the subscribers that are
/// connected, and durable for the sessions that outlive their connections and, with its retain flag, for later
/// subscribers. A message that neither concerns touches no store.
///
/// # Errors
/// `ThrottlingException` when the message is to be retained and the account has too many of those: nobody gets it. Else
/// when the store fails.
pub async fn publish(deeds: &Deeds, realm: Realm, mut message: Message, qos: Qos) -> Result<(), Fault> {
    if message.retain {
        // First, so that whoever subscribes meanwhile gets it in one way or the other.
        retained::retain(deeds, realm, &message, qos).await?;
        // To those who are subscribed already it is a message like any other (MQTT 3.1.1, 3.3.1.3).
        message.retain = false;
    }
    let routed = deeds.router().route(realm, &message, qos);
    if routed.to_keep.is_empty() {
        return Ok(());
    }
    sessions::enqueue(deeds, routed.to_keep, &message).await
}
