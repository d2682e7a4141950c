//! The SQL of sessions, of their subscriptions and of the messages that wait for them.
//!
//! What adds to a session or takes from it changes or holds its row first; what deletes one deletes the row before what
//! hangs on it.

use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, Hold, Row, Statement, Store, StoreError};

use super::super::stored::{Stored, qos, qos_column};
use super::{QueueLimits, Queued, SessionRecord, SessionSubscription};

const DELETE: &str = "DELETE FROM sessions WHERE realm = $1 AND number = $2";

/// The session of this client id.
pub async fn find(
    store: &dyn Store,
    realm: Realm,
    client_id: &str,
) -> Result<Option<SessionRecord>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, client_id, expiry_seconds, expires_at FROM sessions WHERE realm = $1 AND client_id = $2",
            [realm.0.into(), client_id.into()],
        ))
        .await?;
    let record = |row: &Row| {
        Ok(SessionRecord {
            realm,
            number: row.get(0)?,
            client_id: row.get(1)?,
            expiry_seconds: row.get(2)?,
            expires_at: row.get(3)?,
        })
    };
    rows.first().map(record).transpose()
}

/// Adds a session in which nothing waits. A client id that has one makes the batch a duplicate.
pub fn insert(batch: &mut Batch, session: &SessionRecord) {
    batch.execute(Statement::new(
        "INSERT INTO sessions (realm, number, client_id, expiry_seconds, expires_at, queued, queued_bytes, newest) \
         VALUES ($1, $2, $3, $4, $5, 0, 0, 0)",
        [
            session.realm.0.into(),
            session.number.into(),
            session.client_id.as_str().into(),
            session.expiry_seconds.into(),
            session.expires_at.into(),
        ],
    ));
}

/// Says until when a session lives, and how long it outlives its connection. It must be there.
pub fn renew(batch: &mut Batch, realm: Realm, number: i64, expiry_seconds: i64, expires_at: Timestamp) {
    batch.guard(
        Statement::new(
            "UPDATE sessions SET expiry_seconds = $3, expires_at = $4 WHERE realm = $1 AND number = $2",
            [
                realm.0.into(),
                number.into(),
                expiry_seconds.into(),
                expires_at.into(),
            ],
        ),
        1,
    );
}

/// Deletes a session with all that it has; harmless when it is not there.
pub fn delete(batch: &mut Batch, realm: Realm, number: i64) {
    batch.execute(Statement::new(DELETE, [realm.0.into(), number.into()]));
    delete_contents(batch, realm, number);
}

/// Deletes a session with all that it has, provided that its time is over.
pub fn delete_expired(batch: &mut Batch, realm: Realm, number: i64, now: Timestamp) {
    batch.guard(
        Statement::new(
            "DELETE FROM sessions WHERE realm = $1 AND number = $2 AND expires_at <= $3",
            [realm.0.into(), number.into(), now.into()],
        ),
        1,
    );
    delete_contents(batch, realm, number);
}

fn delete_contents(batch: &mut Batch, realm: Realm, number: i64) {
    for sql in [
        "DELETE FROM session_subscriptions WHERE realm = $1 AND session = $2",
        "DELETE FROM session_messages WHERE realm = $1 AND session = $2",
    ] {
        batch.execute(Statement::new(sql, [realm.0.into(), number.into()]));
    }
}

/// Sessions of all realms whose time is over, at most `limit`.
pub async fn expired(
    store: &dyn Store,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<SessionRecord>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT realm, number, client_id, expiry_seconds, expires_at FROM sessions WHERE expires_at <= $1 \
             ORDER BY expires_at, number LIMIT $2",
            [now.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(record).collect()
}

/// Holds a session's row, which must be there.
pub fn hold(batch: &mut Batch, realm: Realm, number: i64) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM sessions WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ),
        Hold::Shared,
    );
}

/// Adds a subscription, or changes the one with the same filter.
pub fn subscribe(batch: &mut Batch, realm: Realm, session: i64, subscription: &SessionSubscription) {
    batch.execute(Statement::new(
        "INSERT INTO session_subscriptions (realm, session, filter, qos, no_local, retain_as_published) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (realm, session, filter) DO UPDATE \
         SET qos = excluded.qos, no_local = excluded.no_local, retain_as_published = excluded.retain_as_published",
        [
            realm.0.into(),
            session.into(),
            subscription.filter.as_str().into(),
            qos_column(subscription.qos),
            i64::from(subscription.no_local).into(),
            i64::from(subscription.retain_as_published).into(),
        ],
    ));
}

/// Takes a subscription back; harmless when there is none.
pub fn unsubscribe(batch: &mut Batch, realm: Realm, session: i64, filter: &str) {
    batch.execute(Statement::new(
        "DELETE FROM session_subscriptions WHERE realm = $1 AND session = $2 AND filter = $3",
        [realm.0.into(), session.into(), filter.into()],
    ));
}

/// A session's filters, in their order.
pub async fn subscriptions(
    store: &dyn Store,
    realm: Realm,
    session: i64,
) -> Result<Vec<SessionSubscription>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT filter, qos, no_local, retain_as_published FROM session_subscriptions \
             WHERE realm = $1 AND session = $2 ORDER BY filter",
            [realm.0.into(), session.into()],
        ))
        .await?;
    rows.iter().map(|row| subscription(row, 0)).collect()
}

/// A page of all sessions of all realms with their subscriptions, by session and filter, after `after`; a session without
/// any stands there once. A node reads them when it starts.
pub async fn every_subscription(
    store: &dyn Store,
    after: Option<(i64, &str)>,
    limit: i64,
) -> Result<Vec<(SessionRecord, Option<SessionSubscription>)>, StoreError> {
    // No number is 0, and no filter empty.
    let (session, filter) = after.unwrap_or_default();
    let rows = store
        .read(Statement::new(
            "SELECT s.realm, s.number, s.client_id, s.expiry_seconds, s.expires_at, f.filter, f.qos, \
             f.no_local, f.retain_as_published FROM sessions s \
             LEFT JOIN session_subscriptions f ON f.realm = s.realm AND f.session = s.number \
             WHERE s.number >= $1 AND (s.number > $1 OR f.filter > $2) ORDER BY s.number, f.filter LIMIT $3",
            [session.into(), filter.into(), limit.into()],
        ))
        .await?;
    rows.iter()
        .map(|row| {
            let has_one = row.get::<Option<String>>(5)?.is_some();
            let subscription = has_one.then(|| subscription(row, 5)).transpose()?;
            Ok((record(row)?, subscription))
        })
        .collect()
}

/// Lets a message wait for a session, if the session is there and has room.
pub fn enqueue(
    batch: &mut Batch,
    realm: Realm,
    session: i64,
    number: i64,
    stored: &Stored,
    limits: QueueLimits,
) -> Result<(), StoreError> {
    let bytes = stored.bytes();
    batch.execute(Statement::new(
        "UPDATE sessions SET queued = queued + 1, queued_bytes = queued_bytes + $4, newest = $3 \
         WHERE realm = $1 AND number = $2 AND queued < $5 AND queued_bytes + $4 <= $6",
        [
            realm.0.into(),
            session.into(),
            number.into(),
            bytes.into(),
            limits.messages.into(),
            limits.bytes.into(),
        ],
    ));
    let [topic, payload, properties, expires_at] = stored.columns()?;
    batch.execute(Statement::new(
        "INSERT INTO session_messages (realm, session, number, topic, payload, properties, expires_at, bytes) \
         SELECT realm, number, newest, $4, $5, $6, $7, $8 FROM sessions WHERE realm = $1 AND number = $2 AND newest = $3",
        [
            realm.0.into(),
            session.into(),
            number.into(),
            topic,
            payload,
            properties,
            expires_at,
            bytes.into(),
        ],
    ));
    Ok(())
}

/// The oldest messages that wait for a session, at most `limit`.
pub async fn queued(
    store: &dyn Store,
    realm: Realm,
    session: i64,
    limit: i64,
) -> Result<Vec<Queued>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, topic, payload, properties, expires_at FROM session_messages \
             WHERE realm = $1 AND session = $2 ORDER BY number LIMIT $3",
            [realm.0.into(), session.into(), limit.into()],
        ))
        .await?;
    let queued = |row: &Row| {
        let (topic, properties): (String, Option<String>) = (row.get(1)?, row.get(3)?);
        Ok(Queued {
            number: row.get(0)?,
            stored: Stored::read(&topic, row.get(2)?, properties.as_deref(), row.get(4)?)?,
        })
    };
    rows.iter().map(queued).collect()
}

/// Deletes a message that waits for a session no more; harmless when it is not there.
pub fn acknowledge(batch: &mut Batch, realm: Realm, session: i64, number: i64) {
    let args = || [realm.0.into(), session.into(), number.into()];
    batch.execute(Statement::new(
        "UPDATE sessions SET queued = queued - 1, queued_bytes = queued_bytes - (SELECT m.bytes FROM session_messages m \
         WHERE m.realm = $1 AND m.session = $2 AND m.number = $3) WHERE realm = $1 AND number = $2 \
         AND EXISTS (SELECT 1 FROM session_messages m WHERE m.realm = $1 AND m.session = $2 AND m.number = $3)",
        args(),
    ));
    batch.execute(Statement::new(
        "DELETE FROM session_messages WHERE realm = $1 AND session = $2 AND number = $3",
        args(),
    ));
}

/// How many messages and bytes wait for a session, by its counts.
pub async fn waiting(
    store: &dyn Store,
    realm: Realm,
    session: i64,
) -> Result<Option<(i64, i64)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT queued, queued_bytes FROM sessions WHERE realm = $1 AND number = $2",
            [realm.0.into(), session.into()],
        ))
        .await?;
    rows.first().map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Deletes every session of every realm, for development servers.
pub fn delete_all(batch: &mut Batch) {
    for sql in [
        "DELETE FROM sessions",
        "DELETE FROM session_subscriptions",
        "DELETE FROM session_messages",
    ] {
        batch.execute(Statement::new(sql, []));
    }
}

fn subscription(row: &Row, first: usize) -> Result<SessionSubscription, StoreError> {
    Ok(SessionSubscription {
        filter: row.get(first)?,
        qos: qos(row.get(first + 1)?),
        no_local: row.get::<i64>(first + 2)? != 0,
        retain_as_published: row.get::<i64>(first + 3)? != 0,
    })
}

fn record(row: &Row) -> Result<SessionRecord, StoreError> {
    Ok(SessionRecord {
        realm: Realm(row.get(0)?),
        number: row.get(1)?,
        client_id: row.get(2)?,
        expiry_seconds: row.get(3)?,
        expires_at: row.get(4)?,
    })
}
