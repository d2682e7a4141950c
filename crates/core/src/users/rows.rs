//! The SQL of users.

use thingsmith_model::Realm;
use thingsmith_ports::{Batch, Hold, Row, Statement, Store, StoreError};

use super::User;
use crate::iam;

/// What keeps a user from being deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Burden {
    /// It has access keys.
    pub keys: bool,
    /// Managed policies are attached to it.
    pub attached: bool,
    /// Policies stand in it.
    pub inline: bool,
}

/// The user of this name in lower case.
pub async fn find(store: &dyn Store, realm: Realm, folded: &str) -> Result<Option<User>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, path, id, created_at FROM users WHERE realm = $1 AND folded = $2",
            [realm.0.into(), folded.into()],
        ))
        .await?;
    rows.first().map(user).transpose()
}

/// A page of the users whose paths begin with `prefix`, by name, after the name `after` in lower case.
pub async fn page(
    store: &dyn Store,
    realm: Realm,
    prefix: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<User>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, path, id, created_at FROM users WHERE realm = $1 AND folded > $2 \
             AND substr(path, 1, length(CAST($3 AS TEXT))) = $3 ORDER BY folded LIMIT $4",
            [realm.0.into(), after.into(), prefix.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(user).collect()
}

/// Adds a user. A name that is taken makes the batch a duplicate.
pub fn insert(batch: &mut Batch, realm: Realm, user: &User) {
    batch.execute(Statement::new(
        "INSERT INTO users (number, realm, folded, name, path, id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [
            user.number.into(),
            realm.0.into(),
            iam::folded(&user.name).into(),
            user.name.as_str().into(),
            user.path.as_str().into(),
            user.id.as_str().into(),
            user.created_at.into(),
        ],
    ));
}

/// Holds a user's row.
pub fn hold(batch: &mut Batch, realm: Realm, number: i64, hold: Hold) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM users WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ),
        hold,
    );
}

/// What hangs on a user.
pub async fn burden(store: &dyn Store, realm: Realm, number: i64) -> Result<Burden, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT CASE WHEN EXISTS (SELECT 1 FROM user_keys WHERE realm = $1 AND holder = $2) THEN 1 ELSE 0 END, \
             CASE WHEN EXISTS (SELECT 1 FROM managed_attachments WHERE realm = $1 AND holder = $2) THEN 1 ELSE 0 END, \
             CASE WHEN EXISTS (SELECT 1 FROM inline_policies WHERE realm = $1 AND holder = $2) THEN 1 ELSE 0 END",
            [realm.0.into(), number.into()],
        ))
        .await?;
    let row = rows
        .first()
        .ok_or_else(|| StoreError::other("a select without a table gave no row"))?;
    let is = |column| Ok::<_, StoreError>(row.get::<i64>(column)? == 1);
    Ok(Burden {
        keys: is(0)?,
        attached: is(1)?,
        inline: is(2)?,
    })
}

/// Deletes a user on which nothing hangs.
pub fn delete(batch: &mut Batch, realm: Realm, number: i64) {
    hold(batch, realm, number, Hold::Exclusive);
    batch.guard(
        Statement::new(
            "DELETE FROM users WHERE realm = $1 AND number = $2 \
             AND NOT EXISTS (SELECT 1 FROM user_keys WHERE realm = $1 AND holder = $2) \
             AND NOT EXISTS (SELECT 1 FROM managed_attachments WHERE realm = $1 AND holder = $2) \
             AND NOT EXISTS (SELECT 1 FROM inline_policies WHERE realm = $1 AND holder = $2)",
            [realm.0.into(), number.into()],
        ),
        1,
    );
}

fn user(row: &Row) -> Result<User, StoreError> {
    Ok(User {
        number: row.get(0)?,
        name: row.get(1)?,
        path: row.get(2)?,
        id: row.get(3)?,
        created_at: row.get(4)?,
    })
}
