//! The way of every message: retained, routed, stored where it must wait.

use thingsmith_model::Realm;
use thingsmith_mqtt::{Message, Qos};
use thingsmith_ports::StoreError;

use super::{ToKeep, retained, sessions};
use crate::connections::{Answer, Principal};
use crate::quotas::Quota;
use crate::rules::{self, Origin};
use crate::{Code, Deeds, Fault};

/// Publishes a message that its publisher may publish. When this returns, it is in the queues of the subscribers that are
/// connected, and durable for the sessions that outlive their connections and, with its retain flag, for later
/// subscribers. A message that neither concerns touches no store.
///
/// The rules that listen to its topic have it in their queue by then. One of Basic Ingest (`$aws/rules/RULE/...`) goes to its
/// rule and nowhere else.
///
/// # Errors
/// `ThrottlingException` when the message is to be retained and the account has too many of those, or retains too often:
/// nobody gets it. Else when the store fails.
pub async fn publish(
    deeds: &Deeds,
    realm: Realm,
    message: Message,
    qos: Qos,
    origin: Origin<'_>,
) -> Result<(), Fault> {
    if let Some((rule, _)) = rules::rule_of_basic_ingest(&message.topic) {
        deeds.rules().ingest(deeds, realm, rule, &message, origin);
        return Ok(());
    }
    if message.retain {
        let (topic, clock) = (message.topic.as_str(), deeds.clock());
        if !deeds.quotas().topic_retains(realm, topic, clock)
            || !deeds.is_within(realm, Quota::RetainedPublish)
        {
            let told = "Messages are retained too often, on this topic or in the account. Try again later.";
            return Err(Fault::new(Code::Throttling, told));
        }
        // First, so that whoever subscribes meanwhile gets it in one way or the other.
        retained::retain(deeds, realm, &message, qos).await?;
    }
    match pass_on(deeds, realm, message, qos, origin) {
        Ok(()) => Ok(()),
        Err(kept) => kept.store(deeds, realm, origin).await,
    }
}

/// Publishes a message as [`publish`] does, without waiting for anything: one that is neither to be retained nor of Basic
/// Ingest.
///
/// # Errors
/// Gives back what is to be stored for sessions before the message counts as published.
pub fn pass_on(
    deeds: &Deeds,
    realm: Realm,
    message: Message,
    qos: Qos,
    origin: Origin<'_>,
) -> Result<(), ForSessions> {
    let routed = deeds.router().route(realm, &message, qos, origin.subscriber());
    if !routed.to_keep.is_empty() {
        let sessions = routed.to_keep;
        return Err(ForSessions { message, sessions });
    }
    deeds.rules().offer(deeds, realm, &message, origin);
    Ok(())
}

/// A message that connected clients have in their queues, and that is still to be stored for sessions.
#[derive(Debug)]
#[must_use = "the message is not published before it is stored"]
pub struct ForSessions {
    message: Message,
    sessions: Vec<ToKeep>,
}

impl ForSessions {
    /// Stores it, and publishes it so.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn store(self, deeds: &Deeds, realm: Realm, origin: Origin<'_>) -> Result<(), Fault> {
        sessions::enqueue(deeds, self.sessions, &self.message).await?;
        deeds.rules().offer(deeds, realm, &self.message, origin);
        Ok(())
    }
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
