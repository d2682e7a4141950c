//! The SQL of retained messages and of how many a realm has.
//!
//! What adds or deletes a message changes the count first, so that no two batches wait for each other.

use thingsmith_model::{Realm, Timestamp};
use thingsmith_mqtt::Qos;
use thingsmith_ports::{Batch, Row, Statement, Store, StoreError};

use super::super::stored::{Stored, qos, qos_column};
use super::{Retained, Summary};

/// The message that is retained on this topic, expired or not.
pub async fn find(store: &dyn Store, realm: Realm, topic: &str) -> Result<Option<Retained>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT topic, payload, properties, expires_at, qos, modified_at FROM retained_messages \
             WHERE realm = $1 AND topic = $2",
            [realm.0.into(), topic.into()],
        ))
        .await?;
    rows.first().map(retained).transpose()
}

/// Adds a message on a topic that has none, and counts it, unless the realm has `limit` already: then step 0's guard
/// fails. A topic that has one makes the batch a duplicate.
pub fn insert(
    batch: &mut Batch,
    realm: Realm,
    stored: &Stored,
    qos: Qos,
    now: Timestamp,
    limit: i64,
) -> Result<(), StoreError> {
    batch.guard(
        Statement::new(
            "INSERT INTO retained_counts (realm, retained) VALUES ($1, 1) \
             ON CONFLICT (realm) DO UPDATE SET retained = retained_counts.retained + 1 \
             WHERE retained_counts.retained < $2",
            [realm.0.into(), limit.into()],
        ),
        1,
    );
    let [topic, payload, properties, expires_at] = stored.columns()?;
    batch.execute(Statement::new(
        "INSERT INTO retained_messages (realm, topic, payload, properties, expires_at, qos, modified_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [
            realm.0.into(),
            topic,
            payload,
            properties,
            expires_at,
            qos_column(qos),
            now.into(),
        ],
    ));
    Ok(())
}

/// Puts a message in the place of the one that its topic has.
pub fn replace(
    batch: &mut Batch,
    realm: Realm,
    stored: &Stored,
    qos: Qos,
    now: Timestamp,
) -> Result<(), StoreError> {
    let [topic, payload, properties, expires_at] = stored.columns()?;
    batch.guard(
        Statement::new(
            "UPDATE retained_messages SET payload = $3, properties = $4, expires_at = $5, qos = $6, modified_at = $7 \
             WHERE realm = $1 AND topic = $2",
            [
                realm.0.into(),
                topic,
                payload,
                properties,
                expires_at,
                qos_column(qos),
                now.into(),
            ],
        ),
        1,
    );
    Ok(())
}

/// Deletes the message of a topic, which must have one.
pub fn delete(batch: &mut Batch, realm: Realm, topic: &str) {
    count_down(batch, realm);
    batch.guard(
        Statement::new(
            "DELETE FROM retained_messages WHERE realm = $1 AND topic = $2",
            [realm.0.into(), topic.into()],
        ),
        1,
    );
}

/// Deletes the message of a topic, provided that its time is over.
pub fn delete_expired(batch: &mut Batch, realm: Realm, topic: &str, now: Timestamp) {
    count_down(batch, realm);
    batch.guard(
        Statement::new(
            "DELETE FROM retained_messages WHERE realm = $1 AND topic = $2 AND expires_at <= $3",
            [realm.0.into(), topic.into(), now.into()],
        ),
        1,
    );
}

fn count_down(batch: &mut Batch, realm: Realm) {
    batch.guard(
        Statement::new(
            "UPDATE retained_counts SET retained = retained - 1 WHERE realm = $1",
            [realm.0.into()],
        ),
        1,
    );
}

/// How many messages the realm has, by its count.
pub async fn count(store: &dyn Store, realm: Realm) -> Result<i64, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT retained FROM retained_counts WHERE realm = $1",
            [realm.0.into()],
        ))
        .await?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

/// A page of the topics whose message has not expired, in their order, after `after`.
pub async fn page(
    store: &dyn Store,
    realm: Realm,
    after: Option<&str>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Summary>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT topic, CAST(length(payload) AS BIGINT), qos, modified_at FROM retained_messages \
             WHERE realm = $1 AND topic > $2 AND (expires_at IS NULL OR expires_at > $3) ORDER BY topic LIMIT $4",
            // No topic is empty, so that the first page begins after the empty one.
            [
                realm.0.into(),
                after.unwrap_or_default().into(),
                now.into(),
                limit.into(),
            ],
        ))
        .await?;
    let summary = |row: &Row| {
        Ok(Summary {
            topic: row.get(0)?,
            payload_bytes: row.get(1)?,
            qos: qos(row.get(2)?),
            modified_at: row.get(3)?,
        })
    };
    rows.iter().map(summary).collect()
}

/// Realms and topics of messages whose time is over, at most `limit`: the sweep looks at every realm.
pub async fn expired(
    store: &dyn Store,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(Realm, String)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT realm, topic FROM retained_messages WHERE expires_at IS NOT NULL AND expires_at <= $1 \
             ORDER BY expires_at LIMIT $2",
            [now.into(), limit.into()],
        ))
        .await?;
    rows.iter()
        .map(|row| Ok((Realm(row.get(0)?), row.get(1)?)))
        .collect()
}

/// Deletes every retained message of every realm, for development servers.
pub fn delete_all(batch: &mut Batch) {
    for sql in ["DELETE FROM retained_counts", "DELETE FROM retained_messages"] {
        batch.execute(Statement::new(sql, []));
    }
}

fn retained(row: &Row) -> Result<Retained, StoreError> {
    let (topic, properties): (String, Option<String>) = (row.get(0)?, row.get(2)?);
    Ok(Retained {
        stored: Stored::read(&topic, row.get(1)?, properties.as_deref(), row.get(3)?)?,
        qos: qos(row.get(4)?),
        modified_at: row.get(5)?,
    })
}
