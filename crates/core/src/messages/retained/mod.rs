//! Retained messages: at most one for each topic, which a client gets when it subscribes to exactly that topic.
//!
//! AWS sends a retained message only to a filter equal to its topic: never to one with a wildcard, and never to a shared
//! subscription (guide, "MQTT retained messages").

pub mod rows;

use thingsmith_model::{Realm, Timestamp};
use thingsmith_mqtt::{Message, Qos, TopicFilter};
use thingsmith_ports::{Batch, StoreError};

use super::stored::Stored;
use crate::quotas::RETAINED;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault, Page, PageRequest};

/// Expired messages that one sweep deletes at most.
const SWEPT: i64 = 1_000;

/// A retained message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retained {
    /// The message, and when it expires.
    pub stored: Stored,
    /// The quality of service it was published with.
    pub qos: Qos,
    /// When it was published.
    pub modified_at: Timestamp,
}

/// What a list says of a retained message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its topic.
    pub topic: String,
    /// How many bytes its payload has.
    pub payload_bytes: i64,
    /// The quality of service it was published with.
    pub qos: Qos,
    /// When it was published.
    pub modified_at: Timestamp,
}

/// Keeps a message for its topic in place of the one that is there. An empty payload deletes that one instead.
///
/// # Errors
/// `ThrottlingException` when the account has as many as it may: the message is not kept (quota table, "over retained
/// limits"). Else when the store fails.
pub async fn retain(deeds: &Deeds, realm: Realm, message: &Message, qos: Qos) -> Result<(), Fault> {
    let tries = Tries::default();
    loop {
        let outcome = if message.payload.is_empty() {
            try_delete(deeds, realm, message.topic.as_str()).await
        } else {
            try_retain(deeds, realm, message, qos).await
        };
        // A commit that was not answered is simply made once more: what it does twice is what it does once.
        if let Some(done) = tries.settle(outcome).await? {
            return Ok(done);
        }
    }
}

async fn try_retain(deeds: &Deeds, realm: Realm, message: &Message, qos: Qos) -> Result<(), Attempt> {
    let (store, now) = (deeds.messages(), deeds.clock().now());
    let stored = Stored::new(message, now);
    let mut batch = Batch::new();
    if rows::find(store, realm, message.topic.as_str()).await?.is_some() {
        rows::replace(&mut batch, realm, &stored, qos, now)?;
        store.write(batch).await?;
        return Ok(());
    }
    let limit = deeds.quotas().limits().map_or(RETAINED, |limits| limits.retained);
    rows::insert(&mut batch, realm, &stored, qos, now, limit)?;
    match store.write(batch).await {
        Err(StoreError::Guard(0)) => Err(Fault::new(
            Code::Throttling,
            format!("The account has {limit} retained messages, and may not have more."),
        )
        .into()),
        answer => Ok(answer.map(drop)?),
    }
}

async fn try_delete(deeds: &Deeds, realm: Realm, topic: &str) -> Result<(), Attempt> {
    let store = deeds.messages();
    if rows::find(store, realm, topic).await?.is_none() {
        return Ok(());
    }
    let mut batch = Batch::new();
    rows::delete(&mut batch, realm, topic);
    store.write(batch).await?;
    Ok(())
}

/// What whoever has just subscribed with this filter gets at once, marked as retained, and with which quality of service
/// at most; nothing for a filter that is not exactly a topic.
///
/// # Errors
/// When the store fails.
pub async fn for_subscription(
    deeds: &Deeds,
    realm: Realm,
    filter: &TopicFilter,
) -> Result<Option<(Message, Qos)>, StoreError> {
    if filter.share_name().is_some() || filter.has_wildcard() {
        return Ok(None);
    }
    let found = rows::find(deeds.messages(), realm, filter.as_str()).await?;
    let now = deeds.clock().now();
    Ok(found.and_then(|retained| {
        let mut message = retained.stored.at(now)?;
        message.retain = true;
        Some((message, retained.qos))
    }))
}

/// The retained message of a topic.
///
/// # Errors
/// `ResourceNotFoundException` when the topic has none.
pub async fn get_retained_message(
    deeds: &Deeds,
    realm: &RealmRecord,
    topic: &str,
) -> Result<Retained, Fault> {
    let now = deeds.clock().now();
    rows::find(deeds.messages(), realm.realm, topic)
        .await?
        .filter(|retained| retained.stored.at(now).is_some())
        .ok_or_else(|| Fault::not_found(format!("The topic {topic} has no retained message.")))
}

/// Lists retained messages by topic.
///
/// # Errors
/// `InvalidRequestException` for a token that is not of this list.
pub async fn list_retained_messages(
    deeds: &Deeds,
    realm: &RealmRecord,
    page: &PageRequest,
) -> Result<Page<Summary>, Fault> {
    const LIST: &str = "ListRetainedMessages";
    let after: Option<String> = page.place(deeds, realm.realm, LIST)?;
    let found = rows::page(
        deeds.messages(),
        realm.realm,
        after.as_deref(),
        deeds.clock().now(),
        page.limit_and_one(),
    )
    .await?;
    page.cut(deeds, realm.realm, LIST, found, |last| last.topic.clone())
}

/// Deletes retained messages whose time is over.
///
/// # Errors
/// When the store fails; the next call makes it good.
pub async fn sweep(deeds: &Deeds) -> Result<(), StoreError> {
    let (store, now) = (deeds.messages(), deeds.clock().now());
    for (realm, topic) in rows::expired(store, now, SWEPT).await? {
        let mut batch = Batch::new();
        rows::delete_expired(&mut batch, realm, &topic, now);
        match store.write(batch).await {
            // Somebody else deleted it, or published anew.
            Ok(_) | Err(StoreError::Guard(_)) => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(())
}
