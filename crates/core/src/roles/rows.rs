//! The SQL of roles.

use thingsmith_model::Realm;
use thingsmith_ports::{Batch, Hold, Row, Statement, Store, StoreError};

use super::Role;
use crate::iam;

/// What keeps a role from being deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Burden {
    /// Managed policies are attached to it.
    pub attached: bool,
    /// Policies stand in it.
    pub inline: bool,
}

/// The role of this name in lower case.
pub async fn find(store: &dyn Store, realm: Realm, folded: &str) -> Result<Option<Role>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, path, id, trust, description, longest_session_seconds, created_at FROM roles \
             WHERE realm = $1 AND folded = $2",
            [realm.0.into(), folded.into()],
        ))
        .await?;
    rows.first().map(role).transpose()
}

/// The role of this number.
pub async fn by_number(store: &dyn Store, realm: Realm, number: i64) -> Result<Option<Role>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, path, id, trust, description, longest_session_seconds, created_at FROM roles \
             WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ))
        .await?;
    rows.first().map(role).transpose()
}

/// A page of the roles whose paths begin with `prefix`, by name, after the name `after` in lower case.
pub async fn page(
    store: &dyn Store,
    realm: Realm,
    prefix: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<Role>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, path, id, trust, description, longest_session_seconds, created_at FROM roles \
             WHERE realm = $1 AND folded > $2 AND substr(path, 1, length(CAST($3 AS TEXT))) = $3 \
             ORDER BY folded LIMIT $4",
            [realm.0.into(), after.into(), prefix.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(role).collect()
}

/// Adds a role. A name that is taken makes the batch a duplicate.
pub fn insert(batch: &mut Batch, realm: Realm, role: &Role) {
    batch.execute(Statement::new(
        "INSERT INTO roles (number, realm, folded, name, path, id, trust, description, longest_session_seconds, \
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        [
            role.number.into(),
            realm.0.into(),
            iam::folded(&role.name).into(),
            role.name.as_str().into(),
            role.path.as_str().into(),
            role.id.as_str().into(),
            role.trust.as_str().into(),
            role.description.clone().into(),
            role.longest_session_seconds.into(),
            role.created_at.into(),
        ],
    ));
}

/// Gives a role another trust policy.
pub fn update_trust(batch: &mut Batch, realm: Realm, number: i64, trust: &str) {
    batch.guard(
        Statement::new(
            "UPDATE roles SET trust = $3 WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into(), trust.into()],
        ),
        1,
    );
}

/// Holds a role's row.
pub fn hold(batch: &mut Batch, realm: Realm, number: i64, hold: Hold) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM roles WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ),
        hold,
    );
}

/// What hangs on a role.
pub async fn burden(store: &dyn Store, realm: Realm, number: i64) -> Result<Burden, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT \
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
        attached: is(0)?,
        inline: is(1)?,
    })
}

/// Deletes a role on which nothing hangs.
pub fn delete(batch: &mut Batch, realm: Realm, number: i64) {
    hold(batch, realm, number, Hold::Exclusive);
    batch.guard(
        Statement::new(
            "DELETE FROM roles WHERE realm = $1 AND number = $2 \
             AND NOT EXISTS (SELECT 1 FROM managed_attachments WHERE realm = $1 AND holder = $2) \
             AND NOT EXISTS (SELECT 1 FROM inline_policies WHERE realm = $1 AND holder = $2)",
            [realm.0.into(), number.into()],
        ),
        1,
    );
}

fn role(row: &Row) -> Result<Role, StoreError> {
    Ok(Role {
        number: row.get(0)?,
        name: row.get(1)?,
        path: row.get(2)?,
        id: row.get(3)?,
        trust: row.get(4)?,
        description: row.get(5)?,
        longest_session_seconds: row.get(6)?,
        created_at: row.get(7)?,
    })
}
