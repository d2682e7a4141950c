//! The SQL of role aliases.

use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, Hold, Row, Statement, Store, StoreError};

use super::RoleAlias;

/// The role alias of this name.
pub async fn find(store: &dyn Store, realm: Realm, name: &str) -> Result<Option<RoleAlias>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, role_arn, duration_seconds, owner, created_at, modified_at FROM role_aliases \
             WHERE realm = $1 AND name = $2",
            [realm.0.into(), name.into()],
        ))
        .await?;
    rows.first().map(alias).transpose()
}

/// A page of the numbers and names of role aliases, oldest first, after the number `after`.
pub async fn page_ascending(
    store: &dyn Store,
    realm: Realm,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, String)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name FROM role_aliases WHERE realm = $1 AND number > $2 ORDER BY number LIMIT $3",
            [realm.0.into(), after.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// A page of the numbers and names of role aliases, newest first, before the number `before`.
pub async fn page_descending(
    store: &dyn Store,
    realm: Realm,
    before: i64,
    limit: i64,
) -> Result<Vec<(i64, String)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name FROM role_aliases WHERE realm = $1 AND number < $2 ORDER BY number DESC LIMIT $3",
            [realm.0.into(), before.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Adds a role alias. A name that is taken makes the batch a duplicate.
pub fn insert(batch: &mut Batch, realm: Realm, alias: &RoleAlias) {
    batch.execute(Statement::new(
        "INSERT INTO role_aliases (number, realm, name, role_arn, duration_seconds, owner, created_at, modified_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            alias.number.into(),
            realm.0.into(),
            alias.name.as_str().into(),
            alias.role_arn.as_str().into(),
            alias.duration_seconds.into(),
            alias.owner.as_str().into(),
            alias.created_at.into(),
            alias.modified_at.into(),
        ],
    ));
}

/// Gives a role alias another role and duration, where they are given.
pub fn update(
    batch: &mut Batch,
    realm: Realm,
    number: i64,
    (role_arn, duration_seconds): (Option<&str>, Option<i64>),
    now: Timestamp,
) {
    batch.guard(
        Statement::new(
            "UPDATE role_aliases SET role_arn = coalesce($3, role_arn), \
             duration_seconds = coalesce($4, duration_seconds), modified_at = $5 WHERE realm = $1 AND number = $2",
            [
                realm.0.into(),
                number.into(),
                role_arn.into(),
                duration_seconds.into(),
                now.into(),
            ],
        ),
        1,
    );
}

/// Holds a role alias's row.
pub fn hold(batch: &mut Batch, realm: Realm, number: i64, hold: Hold) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM role_aliases WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ),
        hold,
    );
}

/// Deletes a role alias.
pub fn delete(batch: &mut Batch, realm: Realm, number: i64) {
    hold(batch, realm, number, Hold::Exclusive);
    batch.guard(
        Statement::new(
            "DELETE FROM role_aliases WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ),
        1,
    );
}

fn alias(row: &Row) -> Result<RoleAlias, StoreError> {
    let owner: String = row.get(4)?;
    Ok(RoleAlias {
        number: row.get(0)?,
        name: row.get(1)?,
        role_arn: row.get(2)?,
        duration_seconds: row.get(3)?,
        owner: owner.parse().map_err(StoreError::other)?,
        created_at: row.get(5)?,
        modified_at: row.get(6)?,
    })
}
