//! The SQL of topic rule destinations.

use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, Row, Statement, Store, StoreError};

use super::{Destination, Status};

/// The destination of this id.
pub async fn find(store: &dyn Store, realm: Realm, id: &str) -> Result<Option<Destination>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, id, confirmation_url, status, status_reason, confirmed, created_at, updated_at \
             FROM topic_rule_destinations WHERE realm = $1 AND id = $2",
            [realm.0.into(), id.into()],
        ))
        .await?;
    rows.first().map(destination).transpose()
}

/// The destination of a confirmation URL, by the URL's SHA-256.
pub async fn by_url(
    store: &dyn Store,
    realm: Realm,
    url_hash: &[u8],
) -> Result<Option<Destination>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, id, confirmation_url, status, status_reason, confirmed, created_at, updated_at \
             FROM topic_rule_destinations WHERE realm = $1 AND url_hash = $2",
            [realm.0.into(), url_hash.into()],
        ))
        .await?;
    rows.first().map(destination).transpose()
}

/// The destination whose last token has this SHA-256.
pub async fn by_token(
    store: &dyn Store,
    realm: Realm,
    token_hash: &[u8],
) -> Result<Option<Destination>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, id, confirmation_url, status, status_reason, confirmed, created_at, updated_at \
             FROM topic_rule_destinations WHERE realm = $1 AND token_hash = $2",
            [realm.0.into(), token_hash.into()],
        ))
        .await?;
    rows.first().map(destination).transpose()
}

/// A page of destinations by number, after the number `after`.
pub async fn page(
    store: &dyn Store,
    realm: Realm,
    after: i64,
    limit: i64,
) -> Result<Vec<Destination>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, id, confirmation_url, status, status_reason, confirmed, created_at, updated_at \
             FROM topic_rule_destinations WHERE realm = $1 AND number > $2 ORDER BY number LIMIT $3",
            [realm.0.into(), after.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(destination).collect()
}

/// Adds a destination. A URL that is taken makes the batch a duplicate.
pub fn insert(batch: &mut Batch, realm: Realm, new: &Destination, url_hash: &[u8], token_hash: &[u8]) {
    batch.execute(Statement::new(
        "INSERT INTO topic_rule_destinations (number, realm, id, confirmation_url, url_hash, status, status_reason, \
         token_hash, confirmed, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        [
            new.number.into(),
            realm.0.into(),
            new.id.as_str().into(),
            new.confirmation_url.as_str().into(),
            url_hash.into(),
            new.status.as_str().into(),
            new.status_reason.as_deref().into(),
            token_hash.into(),
            i64::from(new.confirmed).into(),
            new.created_at.into(),
            new.updated_at.into(),
        ],
    ));
}

/// Gives a destination a status and the reason for it.
pub fn set_status(
    batch: &mut Batch,
    realm: Realm,
    number: i64,
    (status, reason): (Status, Option<&str>),
    now: Timestamp,
) {
    batch.guard(
        Statement::new(
            "UPDATE topic_rule_destinations SET status = $3, status_reason = $4, updated_at = $5 \
             WHERE realm = $1 AND number = $2",
            [
                realm.0.into(),
                number.into(),
                status.as_str().into(),
                reason.into(),
                now.into(),
            ],
        ),
        1,
    );
}

/// Begins the confirmation of a destination with another token.
pub fn begin_confirmation(batch: &mut Batch, realm: Realm, number: i64, token_hash: &[u8], now: Timestamp) {
    batch.guard(
        Statement::new(
            "UPDATE topic_rule_destinations SET status = 'IN_PROGRESS', status_reason = NULL, token_hash = $3, \
             updated_at = $4 WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into(), token_hash.into(), now.into()],
        ),
        1,
    );
}

/// Enables a destination whose token came back. The token is used up.
pub fn confirm(batch: &mut Batch, realm: Realm, (number, token_hash): (i64, &[u8]), now: Timestamp) {
    batch.guard(
        Statement::new(
            "UPDATE topic_rule_destinations SET status = 'ENABLED', status_reason = NULL, token_hash = NULL, \
             confirmed = 1, updated_at = $4 WHERE realm = $1 AND number = $2 AND token_hash = $3",
            [realm.0.into(), number.into(), token_hash.into(), now.into()],
        ),
        1,
    );
}

/// Writes down why a token could not be sent; harmless when it came back or another was made.
pub fn fail_confirmation(
    batch: &mut Batch,
    realm: Realm,
    (number, token_hash): (i64, &[u8]),
    reason: &str,
    now: Timestamp,
) {
    batch.execute(Statement::new(
        "UPDATE topic_rule_destinations SET status = 'ERROR', status_reason = $4, updated_at = $5 \
         WHERE realm = $1 AND number = $2 AND token_hash = $3 AND status = 'IN_PROGRESS'",
        [
            realm.0.into(),
            number.into(),
            token_hash.into(),
            reason.into(),
            now.into(),
        ],
    ));
}

/// Deletes a destination.
pub fn delete(batch: &mut Batch, realm: Realm, number: i64) {
    batch.guard(
        Statement::new(
            "DELETE FROM topic_rule_destinations WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ),
        1,
    );
}

fn destination(row: &Row) -> Result<Destination, StoreError> {
    let status: String = row.get(3)?;
    let unknown = || StoreError::other(format!("a destination has the unknown status {status:?}"));
    Ok(Destination {
        number: row.get(0)?,
        id: row.get(1)?,
        confirmation_url: row.get(2)?,
        status: Status::named(&status).ok_or_else(unknown)?,
        status_reason: row.get(4)?,
        confirmed: row.get::<i64>(5)? != 0,
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
    })
}
