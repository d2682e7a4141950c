//! How sessions begin, are found again, and end.

use std::sync::Arc;
use std::time::Duration;

use thingsmith_model::{Realm, Timestamp};
use thingsmith_mqtt::{Qos, TopicFilter, TopicLimits};
use thingsmith_ports::{Batch, StoreError};

use super::{Connected, KeptSession, LONGEST_EXPIRY_SECONDS, SessionRecord, SessionSubscription, rows};
use crate::messages::Subscriber;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// A connected session is in the store as one that lives so much longer than its expiry, and is renewed before that is
/// over: one whose node stops lives on for as long as it should, and up to half an hour longer, as AWS's do (guide, "MQTT
/// persistent sessions").
const MARGIN: Duration = Duration::from_secs(1_800);
/// When a connected session is renewed.
const RENEW: Duration = Duration::from_secs(600);
/// Subscriptions or sessions that are read at a time.
const PAGE: i64 = 1_000;
/// What was checked when it came is not held to today's limits.
const LIMITS: TopicLimits = TopicLimits {
    bytes: 65_535,
    levels: TopicLimits::DEEPEST,
};

/// What a client that connects has of its session.
pub struct Opened {
    /// The session, if it is to outlive the connection or was found.
    pub session: Option<Connected>,
    /// Whether it was found.
    pub present: bool,
    /// What it is subscribed to, and with which quality of service.
    pub filters: Vec<(TopicFilter, Qos)>,
}

/// Opens the session of a client that has just taken its seat. `clean_start` begins anew; with `expiry_seconds` of 0 the
/// session ends with the connection.
///
/// `subscriber` is where messages go that are not stored; from here on it subscribes for the session.
///
/// # Errors
/// When the store fails.
pub async fn open(
    deeds: &Arc<Deeds>,
    realm: Realm,
    client_id: &str,
    clean_start: bool,
    expiry_seconds: u32,
    subscriber: &mut Subscriber,
) -> Result<Opened, Fault> {
    let expiry_seconds = i64::from(expiry_seconds.min(LONGEST_EXPIRY_SECONDS));
    // Most clients want no session and have none. This node knows all that it has made or found at its start, so that
    // they cost no look at the store.
    if expiry_seconds == 0 && deeds.sessions().find(realm, client_id).is_none() {
        return Ok(Opened {
            session: None,
            present: false,
            filters: Vec::new(),
        });
    }
    let tries = Tries::default();
    let (record, present) = loop {
        let outcome = find_or_make(deeds, realm, client_id, clean_start, expiry_seconds).await;
        if let Some(found) = tries.settle(outcome).await? {
            match found {
                Some(found) => break found,
                None => {
                    return Ok(Opened {
                        session: None,
                        present: false,
                        filters: Vec::new(),
                    });
                }
            }
        }
    };
    let kept = know(deeds, &record);
    subscriber.become_session(&kept);
    let connection = kept.connect(subscriber.queue().clone(), deeds.clock().now());
    let mut filters = Vec::new();
    if present {
        for subscription in rows::subscriptions(deeds.messages(), realm, record.number).await? {
            let filter = TopicFilter::parse(&subscription.filter, &LIMITS).map_err(Fault::internal)?;
            // Already there, but for a session that another node has made.
            let router = deeds.router();
            router.subscribe_session(&kept, &filter, subscription.qos, subscription.options());
            filters.push((filter, subscription.qos));
        }
    }
    Ok(Opened {
        session: Some(Connected::new(
            Arc::clone(deeds),
            kept,
            connection,
            expiry_seconds,
        )),
        present,
        filters,
    })
}

/// The session of a client id, found and renewed or made; nothing when none is wanted and none is there.
async fn find_or_make(
    deeds: &Deeds,
    realm: Realm,
    client_id: &str,
    clean_start: bool,
    expiry_seconds: i64,
) -> Result<Option<(SessionRecord, bool)>, Attempt> {
    let (store, now) = (deeds.messages(), deeds.clock().now());
    let found = rows::find(store, realm, client_id).await?;
    let expires_at = now.plus(lifetime(expiry_seconds) + MARGIN);
    if let Some(record) = found {
        if !clean_start && (record.expires_at > now || is_connected(deeds, &record)) {
            let mut batch = Batch::new();
            rows::renew(&mut batch, realm, record.number, expiry_seconds, expires_at);
            store.write(batch).await?;
            return Ok(Some((record, true)));
        }
        end(deeds, &record).await?;
    }
    if expiry_seconds == 0 {
        return Ok(None);
    }
    let record = SessionRecord {
        realm,
        number: deeds.message_numbers(1).await?,
        client_id: client_id.to_owned(),
        expiry_seconds,
        expires_at,
    };
    let mut batch = Batch::new();
    rows::insert(&mut batch, &record);
    // A commit that was not answered leaves a session that the next try finds and, if it must, ends.
    store.write(batch).await?;
    Ok(Some((record, false)))
}

fn is_connected(deeds: &Deeds, record: &SessionRecord) -> bool {
    let known = deeds.sessions().find(record.realm, &record.client_id);
    known.is_some_and(|session| session.number == record.number && session.is_connected())
}

fn know(deeds: &Deeds, record: &SessionRecord) -> Arc<KeptSession> {
    deeds
        .sessions()
        .know(record, || deeds.router().new_subscriber_id())
}

pub(super) fn lifetime(expiry_seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(expiry_seconds).unwrap_or_default())
}

/// Ends a session: its subscriptions, and what waits for it.
pub(super) async fn end(deeds: &Deeds, record: &SessionRecord) -> Result<(), StoreError> {
    let filters = rows::subscriptions(deeds.messages(), record.realm, record.number).await?;
    let mut batch = Batch::new();
    rows::delete(&mut batch, record.realm, record.number);
    match deeds.messages().write(batch.clone()).await {
        // Deleting twice is harmless; a session that stayed would come back.
        Err(StoreError::Retry(_) | StoreError::Unknown(_)) => deeds.messages().write(batch).await?,
        answer => answer?,
    };
    forget(deeds, record, filters);
    Ok(())
}

/// Ends the session of a client id; `false` if there is none whose time is not over.
pub(crate) async fn end_of(deeds: &Deeds, realm: Realm, client_id: &str) -> Result<bool, Fault> {
    match rows::find(deeds.messages(), realm, client_id).await? {
        Some(record) if record.expires_at > deeds.clock().now() => {
            end(deeds, &record).await?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// The filters of a session, in their order, each with its quality of service.
pub(crate) async fn subscriptions_of(
    deeds: &Deeds,
    session: &SessionRecord,
) -> Result<Vec<(String, Qos)>, StoreError> {
    let found = rows::subscriptions(deeds.messages(), session.realm, session.number).await?;
    Ok(found
        .into_iter()
        .map(|subscription| (subscription.filter, subscription.qos))
        .collect())
}

fn forget(deeds: &Deeds, record: &SessionRecord, filters: Vec<SessionSubscription>) {
    let Some(kept) = deeds.sessions().find(record.realm, &record.client_id) else {
        return;
    };
    if kept.number == record.number {
        for subscription in filters {
            if let Ok(filter) = TopicFilter::parse(&subscription.filter, &LIMITS) {
                deeds
                    .router()
                    .unsubscribe_id(record.realm, kept.subscriber, &filter);
            }
        }
        deeds.sessions().forget(&kept);
    }
}

/// Lets this node know the sessions that are in the store, when it starts.
pub(crate) async fn load(deeds: &Deeds) -> Result<(), StoreError> {
    every_session(deeds, |record, subscription| {
        let kept = know(deeds, record);
        if let Some((filter, subscription)) = subscription {
            deeds
                .router()
                .subscribe_session(&kept, &filter, subscription.qos, subscription.options());
        }
    })
    .await
}

/// Lets this node forget every session.
pub(in crate::messages) async fn forget_all(deeds: &Deeds) -> Result<(), StoreError> {
    every_session(deeds, |record, subscription| {
        if let Some(kept) = deeds.sessions().find(record.realm, &record.client_id)
            && let Some((filter, _)) = subscription
        {
            deeds
                .router()
                .unsubscribe_id(record.realm, kept.subscriber, &filter);
        }
    })
    .await?;
    deeds.sessions().clear();
    Ok(())
}

async fn every_session(
    deeds: &Deeds,
    mut act: impl FnMut(&SessionRecord, Option<(TopicFilter, &SessionSubscription)>),
) -> Result<(), StoreError> {
    let mut after: Option<(i64, String)> = None;
    loop {
        let place = after.as_ref().map(|(number, filter)| (*number, filter.as_str()));
        let page = rows::every_subscription(deeds.messages(), place, PAGE).await?;
        let Some((last, subscription)) = page.last() else {
            return Ok(());
        };
        let filter = subscription
            .as_ref()
            .map(|subscription| subscription.filter.clone());
        after = Some((last.number, filter.unwrap_or_default()));
        for (record, subscription) in &page {
            let subscription = match subscription {
                Some(subscription) => {
                    let filter =
                        TopicFilter::parse(&subscription.filter, &LIMITS).map_err(StoreError::other)?;
                    Some((filter, subscription))
                }
                None => None,
            };
            act(record, subscription);
        }
    }
}

/// Renews the sessions that are connected and ends those whose time is over. Doing it on every node at once is harmless.
///
/// # Errors
/// When the store fails; the next call makes it good.
pub async fn sweep(deeds: &Deeds) -> Result<(), StoreError> {
    let (store, now) = (deeds.messages(), deeds.clock().now());
    for session in deeds.sessions().to_renew(now.minus(RENEW)) {
        renew(deeds, &session, now).await?;
    }
    for record in rows::expired(store, now, PAGE).await? {
        if is_connected(deeds, &record) {
            continue;
        }
        let filters = rows::subscriptions(store, record.realm, record.number).await?;
        let mut batch = Batch::new();
        rows::delete_expired(&mut batch, record.realm, record.number, now);
        match store.write(batch).await {
            Ok(_) => forget(deeds, &record, filters),
            // Its client came back, or somebody else ended it.
            Err(StoreError::Guard(_)) => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(())
}

async fn renew(deeds: &Deeds, session: &KeptSession, now: Timestamp) -> Result<(), StoreError> {
    let store = deeds.messages();
    let Some(record) = rows::find(store, session.realm, &session.client_id).await? else {
        return Ok(());
    };
    let mut batch = Batch::new();
    let until = now.plus(lifetime(record.expiry_seconds) + MARGIN);
    rows::renew(
        &mut batch,
        session.realm,
        session.number,
        record.expiry_seconds,
        until,
    );
    match store.write(batch).await {
        Ok(_) => session.renewed(now),
        Err(StoreError::Guard(_)) => {}
        Err(cause) => return Err(cause),
    }
    Ok(())
}
