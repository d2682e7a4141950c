//! The SQL of ownership tokens. A token that a device has registered with stays, as the record of whose claim it came by.

use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, Row, Statement, Store, StoreError};

pub use super::token::{Given, Token};
use crate::certificates::rows::{certificate, certificate_columns};
use crate::things::rows::certificate_id;

/// Adds a token.
pub fn insert(batch: &mut Batch, realm: Realm, token: &Token) {
    batch.execute(Statement::new(
        "INSERT INTO ownership_tokens (realm, hash, certificate, certificate_id, claim, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
        [
            realm.0.into(),
            token.hash.as_slice().into(),
            token.certificate.into(),
            token.certificate_id.as_bytes().as_slice().into(),
            token.claim.as_bytes().as_slice().into(),
            token.expires_at.into(),
        ],
    ));
}

/// The token of this hash.
pub async fn find(store: &dyn Store, realm: Realm, hash: &[u8]) -> Result<Option<Token>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT hash, certificate, certificate_id, claim, expires_at, registered_at FROM ownership_tokens \
             WHERE realm = $1 AND hash = $2",
            [realm.0.into(), hash.into()],
        ))
        .await?;
    rows.first().map(|row| token(row, 0)).transpose()
}

/// The token of this hash and its certificate. One statement, since each registration asks.
pub async fn find_given(store: &dyn Store, realm: Realm, hash: &[u8]) -> Result<Option<Given>, StoreError> {
    let rows = store
        .read(Statement::new(
            concat!(
                "SELECT ",
                certificate_columns!(),
                ", t.hash, t.certificate, t.certificate_id, t.claim, t.expires_at, t.registered_at, \
                 CASE WHEN EXISTS (SELECT 1 FROM thing_principals p WHERE p.realm = $1 AND p.principal = t.certificate) \
                 OR EXISTS (SELECT 1 FROM policy_attachments a WHERE a.realm = $1 AND a.target = t.certificate) \
                 THEN 0 ELSE 1 END \
                 FROM ownership_tokens t LEFT JOIN certificates c ON c.realm = $1 AND c.number = t.certificate \
                 WHERE t.realm = $1 AND t.hash = $2"
            ),
            [realm.0.into(), hash.into()],
        ))
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let certificate = match row.get::<Option<i64>>(0)? {
        Some(_) => Some(certificate(row)?),
        None => None,
    };
    Ok(Some(Given {
        token: token(row, 13)?,
        certificate,
        is_bare: row.get::<i64>(19)? == 1,
    }))
}

/// Uses a token up, provided that it is neither used nor over.
pub fn consume(batch: &mut Batch, realm: Realm, hash: &[u8], at: Timestamp) {
    batch.guard(
        Statement::new(
            "UPDATE ownership_tokens SET registered_at = $3 \
             WHERE realm = $1 AND hash = $2 AND registered_at IS NULL AND expires_at > $3",
            [realm.0.into(), hash.into(), at.into()],
        ),
        1,
    );
}

/// How many tokens of a realm wait to be used, counted up to `most`.
pub async fn unclaimed(
    store: &dyn Store,
    realm: Realm,
    now: Timestamp,
    most: i64,
) -> Result<i64, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT count(*) FROM (SELECT 1 FROM ownership_tokens \
             WHERE realm = $1 AND registered_at IS NULL AND expires_at > $2 LIMIT $3) AS waiting",
            [realm.0.into(), now.into(), most.into()],
        ))
        .await?;
    rows.first()
        .ok_or_else(|| StoreError::other("a count gave no row"))?
        .get(0)
}

/// Tokens of any realm that are over and were not used, the oldest first, at most `limit`: the sweep looks at every realm.
pub async fn expired(
    store: &dyn Store,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(Realm, Token)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT hash, certificate, certificate_id, claim, expires_at, registered_at, realm FROM ownership_tokens \
             WHERE registered_at IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2",
            [now.into(), limit.into()],
        ))
        .await?;
    let read = |row: &Row| Ok((Realm(row.get(6)?), token(row, 0)?));
    rows.iter().map(read).collect()
}

/// Deletes a token that was not used.
pub fn delete(batch: &mut Batch, realm: Realm, hash: &[u8]) {
    batch.execute(Statement::new(
        "DELETE FROM ownership_tokens WHERE realm = $1 AND hash = $2 AND registered_at IS NULL",
        [realm.0.into(), hash.into()],
    ));
}

/// Reads the columns from `first` on.
fn token(row: &Row, first: usize) -> Result<Token, StoreError> {
    Ok(Token {
        hash: row.get(first)?,
        certificate: row.get(first + 1)?,
        certificate_id: certificate_id(row.get(first + 2)?)?,
        claim: certificate_id(row.get(first + 3)?)?,
        expires_at: row.get(first + 4)?,
        registered_at: row.get(first + 5)?,
    })
}
