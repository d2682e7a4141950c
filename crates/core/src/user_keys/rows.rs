//! The SQL of the users' access keys.

use thingsmith_model::Realm;
use thingsmith_ports::{Batch, Row, Statement, Store, StoreError};

use super::{Status, UserKey};

/// A key with all that says who signs with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// The realm of the user.
    pub realm: Realm,
    /// The account of the user: twelve digits.
    pub account: String,
    /// The user's number.
    pub holder: i64,
    /// The user's name.
    pub user_name: String,
    /// The user's path.
    pub path: String,
    /// The user's id.
    pub user_id: String,
    /// Whether the key may be used.
    pub status: Status,
    /// Its secret, sealed.
    pub sealed_secret: Vec<u8>,
}

/// The key of this id, of whatever account: the id is what says whose it is.
pub async fn signing(store: &dyn Store, access_key_id: &str) -> Result<Option<Signing>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT u.realm, r.account, u.number, u.name, u.path, u.id, k.status, k.sealed_secret FROM user_keys k \
             JOIN users u ON u.number = k.holder AND u.realm = k.realm JOIN realms r ON r.realm = k.realm \
             WHERE k.access_key_id = $1",
            [access_key_id.into()],
        ))
        .await?;
    rows.first()
        .map(|row| {
            Ok(Signing {
                realm: Realm(row.get(0)?),
                account: row.get(1)?,
                holder: row.get(2)?,
                user_name: row.get(3)?,
                path: row.get(4)?,
                user_id: row.get(5)?,
                status: status(&row.get::<String>(6)?)?,
                sealed_secret: row.get(7)?,
            })
        })
        .transpose()
}

/// A user's key of this id.
pub async fn of_holder(
    store: &dyn Store,
    realm: Realm,
    holder: i64,
    access_key_id: &str,
) -> Result<Option<UserKey>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT access_key_id, holder, status, created_at FROM user_keys \
             WHERE realm = $1 AND holder = $2 AND access_key_id = $3",
            [realm.0.into(), holder.into(), access_key_id.into()],
        ))
        .await?;
    rows.first().map(key).transpose()
}

/// How many keys a user has.
pub async fn count(store: &dyn Store, realm: Realm, holder: i64) -> Result<i64, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT count(*) FROM user_keys WHERE realm = $1 AND holder = $2",
            [realm.0.into(), holder.into()],
        ))
        .await?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

/// A page of a user's keys by id, after `after`.
pub async fn page(
    store: &dyn Store,
    realm: Realm,
    holder: i64,
    after: &str,
    limit: i64,
) -> Result<Vec<UserKey>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT access_key_id, holder, status, created_at FROM user_keys \
             WHERE realm = $1 AND holder = $2 AND access_key_id > $3 ORDER BY access_key_id LIMIT $4",
            [realm.0.into(), holder.into(), after.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(key).collect()
}

/// Adds a key to a user that has fewer than `limit`. The user must be held exclusively in an earlier step.
pub fn insert(batch: &mut Batch, realm: Realm, key: &UserKey, sealed_secret: &[u8], limit: i64) {
    batch.guard(
        Statement::new(
            "INSERT INTO user_keys (access_key_id, realm, holder, status, sealed_secret, created_at) \
             SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS TEXT), $5, \
             CAST($6 AS BIGINT) WHERE (SELECT count(*) FROM user_keys WHERE realm = $2 AND holder = $3) < $7",
            [
                key.access_key_id.as_str().into(),
                realm.0.into(),
                key.holder.into(),
                key.status.as_str().into(),
                sealed_secret.into(),
                key.created_at.into(),
                limit.into(),
            ],
        ),
        1,
    );
}

/// Gives a user's key a status.
pub fn update(batch: &mut Batch, realm: Realm, holder: i64, access_key_id: &str, status: Status) {
    batch.guard(
        Statement::new(
            "UPDATE user_keys SET status = $4 WHERE realm = $1 AND holder = $2 AND access_key_id = $3",
            [
                realm.0.into(),
                holder.into(),
                access_key_id.into(),
                status.as_str().into(),
            ],
        ),
        1,
    );
}

/// Deletes a user's key.
pub fn delete(batch: &mut Batch, realm: Realm, holder: i64, access_key_id: &str) {
    batch.guard(
        Statement::new(
            "DELETE FROM user_keys WHERE realm = $1 AND holder = $2 AND access_key_id = $3",
            [realm.0.into(), holder.into(), access_key_id.into()],
        ),
        1,
    );
}

fn key(row: &Row) -> Result<UserKey, StoreError> {
    Ok(UserKey {
        access_key_id: row.get(0)?,
        holder: row.get(1)?,
        status: status(&row.get::<String>(2)?)?,
        created_at: row.get(3)?,
    })
}

fn status(text: &str) -> Result<Status, StoreError> {
    Status::parse(text)
        .ok_or_else(|| StoreError::other(format!("an access key has the unknown status {text:?}")))
}
