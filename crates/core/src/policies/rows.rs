//! The SQL of policies, their versions and their attachments.

use thingsmith_model::{PolicyName, Realm, Timestamp};
use thingsmith_ports::{Batch, Hold, Row, Statement, Store, StoreError};
use uuid::Uuid;

use super::Policy;

/// The policy of this name.
pub async fn find(store: &dyn Store, realm: Realm, name: &PolicyName) -> Result<Option<Policy>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, default_version, newest_version, created_at, modified_at, generation_id \
             FROM policies WHERE realm = $1 AND name = $2",
            [realm.0.into(), name.as_str().into()],
        ))
        .await?;
    rows.first().map(policy).transpose()
}

/// The text of a version.
pub async fn document(
    store: &dyn Store,
    realm: Realm,
    policy: i64,
    version: i64,
) -> Result<Option<String>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT document FROM policy_versions WHERE realm = $1 AND policy = $2 AND version = $3",
            [realm.0.into(), policy.into(), version.into()],
        ))
        .await?;
    rows.first().map(|row| row.get(0)).transpose()
}

/// Adds a policy. A name that is taken makes the batch a duplicate.
pub fn insert(batch: &mut Batch, realm: Realm, policy: &Policy) {
    batch.execute(Statement::new(
        "INSERT INTO policies (number, realm, name, default_version, newest_version, created_at, modified_at, \
         generation_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            policy.number.into(),
            realm.0.into(),
            policy.name.as_str().into(),
            policy.default_version.into(),
            policy.newest_version.into(),
            policy.created_at.into(),
            policy.modified_at.into(),
            policy.generation_id.as_bytes().as_slice().into(),
        ],
    ));
}

/// Adds a version of a policy.
pub fn insert_version(
    batch: &mut Batch,
    realm: Realm,
    policy: i64,
    version: i64,
    document: &str,
    created_at: Timestamp,
) {
    batch.execute(Statement::new(
        "INSERT INTO policy_versions (realm, policy, version, document, created_at) VALUES ($1, $2, $3, $4, $5)",
        [realm.0.into(), policy.into(), version.into(), document.into(), created_at.into()],
    ));
}

/// Deletes a policy that is attached to nothing, with its one version.
pub fn delete(batch: &mut Batch, realm: Realm, number: i64) {
    hold(batch, realm, number, Hold::Exclusive);
    batch.guard(
        Statement::new(
            "DELETE FROM policies WHERE realm = $1 AND number = $2 \
             AND NOT EXISTS (SELECT 1 FROM policy_attachments WHERE realm = $1 AND policy = $2)",
            [realm.0.into(), number.into()],
        ),
        1,
    );
    batch.guard(
        Statement::new(
            "DELETE FROM policy_versions WHERE realm = $1 AND policy = $2",
            [realm.0.into(), number.into()],
        ),
        1,
    );
}

/// Holds a policy's row.
pub fn hold(batch: &mut Batch, realm: Realm, number: i64, hold: Hold) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM policies WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ),
        hold,
    );
}

/// What hangs on a policy: whether it is attached to anything, and how many versions it has.
pub async fn burden(store: &dyn Store, realm: Realm, number: i64) -> Result<(bool, i64), StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT CASE WHEN EXISTS (SELECT 1 FROM policy_attachments WHERE realm = $1 AND policy = $2) \
             THEN 1 ELSE 0 END, (SELECT count(*) FROM policy_versions WHERE realm = $1 AND policy = $2)",
            [realm.0.into(), number.into()],
        ))
        .await?;
    let row = rows
        .first()
        .ok_or_else(|| StoreError::other("a select without a table gave no row"))?;
    Ok((row.get::<i64>(0)? == 1, row.get(1)?))
}

/// A page of policies, oldest first, after `after`.
pub async fn page_ascending(
    store: &dyn Store,
    realm: Realm,
    after: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<Policy>, StoreError> {
    let (created_at, number) = after.unwrap_or((i64::MIN, i64::MIN));
    let rows = store
        .read(Statement::new(
            "SELECT number, name, default_version, newest_version, created_at, modified_at, generation_id \
             FROM policies WHERE realm = $1 AND (created_at, number) > ($2, $3) \
             ORDER BY created_at, number LIMIT $4",
            [realm.0.into(), created_at.into(), number.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(policy).collect()
}

/// A page of policies, newest first, after `after`.
pub async fn page_descending(
    store: &dyn Store,
    realm: Realm,
    after: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<Policy>, StoreError> {
    let (created_at, number) = after.unwrap_or((i64::MAX, i64::MAX));
    let rows = store
        .read(Statement::new(
            "SELECT number, name, default_version, newest_version, created_at, modified_at, generation_id \
             FROM policies WHERE realm = $1 AND (created_at, number) < ($2, $3) \
             ORDER BY created_at DESC, number DESC LIMIT $4",
            [realm.0.into(), created_at.into(), number.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(policy).collect()
}

/// How many policies are attached to a target, and whether this one is among them.
pub async fn attached(
    store: &dyn Store,
    realm: Realm,
    target: i64,
    policy: i64,
) -> Result<(i64, bool), StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT (SELECT count(*) FROM policy_attachments WHERE realm = $1 AND target = $2), \
             CASE WHEN EXISTS (SELECT 1 FROM policy_attachments WHERE realm = $1 AND target = $2 AND policy = $3) \
             THEN 1 ELSE 0 END",
            [realm.0.into(), target.into(), policy.into()],
        ))
        .await?;
    let row = rows
        .first()
        .ok_or_else(|| StoreError::other("a select without a table gave no row"))?;
    Ok((row.get(0)?, row.get::<i64>(1)? == 1))
}

/// Attaches a policy to a target that has fewer than `limit` and not this one. The target must be held exclusively in
/// an earlier step, since its attachments are counted.
pub fn attach(batch: &mut Batch, realm: Realm, target: i64, policy: i64, limit: i64) {
    batch.guard(
        Statement::new(
            "INSERT INTO policy_attachments (realm, target, policy) SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), \
             CAST($3 AS BIGINT) \
             WHERE (SELECT count(*) FROM policy_attachments WHERE realm = $1 AND target = $2) < $4",
            [realm.0.into(), target.into(), policy.into(), limit.into()],
        ),
        1,
    );
}

/// Detaches a policy from a target; harmless when it is not attached.
pub fn detach(batch: &mut Batch, realm: Realm, target: i64, policy: i64) {
    batch.execute(Statement::new(
        "DELETE FROM policy_attachments WHERE realm = $1 AND target = $2 AND policy = $3",
        [realm.0.into(), target.into(), policy.into()],
    ));
}

/// Detaches every policy from a target.
pub fn detach_all(batch: &mut Batch, realm: Realm, target: i64) {
    batch.execute(Statement::new(
        "DELETE FROM policy_attachments WHERE realm = $1 AND target = $2",
        [realm.0.into(), target.into()],
    ));
}

/// A page of the policies attached to a target, by number, after `after`.
pub async fn page_of_attached(
    store: &dyn Store,
    realm: Realm,
    target: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<Policy>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT p.number, p.name, p.default_version, p.newest_version, p.created_at, p.modified_at, \
             p.generation_id FROM policy_attachments a JOIN policies p ON p.number = a.policy \
             WHERE a.realm = $1 AND a.target = $2 AND a.policy > $3 AND p.realm = $1 ORDER BY a.policy LIMIT $4",
            [realm.0.into(), target.into(), after.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(policy).collect()
}

fn policy(row: &Row) -> Result<Policy, StoreError> {
    let name: String = row.get(1)?;
    Ok(Policy {
        number: row.get(0)?,
        name: name.parse().map_err(StoreError::other)?,
        default_version: row.get(2)?,
        newest_version: row.get(3)?,
        created_at: row.get(4)?,
        modified_at: row.get(5)?,
        generation_id: Uuid::from_slice(&row.get::<Vec<u8>>(6)?).map_err(StoreError::other)?,
    })
}
