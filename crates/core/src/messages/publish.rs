//! The way of every message: retained, routed, stored where it must wait.

use thingsmith_model::Realm;
use thingsmith_mqtt::{Message, Qos};
use thingsmith_ports::StoreError;

use super::{Subscriber, retained, sessions};
use crate::connections::{Answer, Principal};
use crate::{Deeds, Fault};

/// Publishes a message that its publisher may publish. When this returns, it is in the queues of the subscribers that are
/// connected, and durable for the sessions that outlive their connections and, with its retain flag, for later
/// subscribers. A message that neither concerns touches no store.
///
/// `publisher` is the subscriber whose own message it is, if it is one's.
///
/// # Errors
/// `ThrottlingException` when the message is to be retained and the account has too many of those: nobody gets it. Else
/// when the store fails.
pub async fn publish(
    deeds: &Deeds,
    realm: Realm,
    message: Message,
    qos: Qos,
    publisher: Option<&Subscriber>,
) -> Result<(), Fault> {
    if message.retain {
        // First, so that whoever subscribes meanwhile gets it in one way or the other.
        retained::retain(deeds, realm, &message, qos).await?;
    }
    let routed = deeds.router().route(realm, &message, qos, publisher);
    if routed.to_keep.is_empty() {
        return Ok(());
    }
    sessions::enqueue(deeds, routed.to_keep, &message).await
}

/// Whether a client may publish such a message: its topic needs `iot:Publish`, and with the retain flag
/// `iot:RetainPublish` too. The answer is that of the action it lacks, with its name, or none.
///
/// # Errors
/// When the store fails.
pub async fn refusal(
    principal: &mut Principal,
    message: &Message,
) -> Result<Option<(&'static str, Answer)>, StoreError> {
    let topic = message.topic.as_str();
    let answer = principal.may_publish(topic).await?;
    if !answer.allowed {
        return Ok(Some(("iot:Publish", answer)));
    }
    if !message.retain {
        return Ok(None);
    }
    let answer = principal.may_retain_publish(topic).await?;
    Ok((!answer.allowed).then_some(("iot:RetainPublish", answer)))
}
