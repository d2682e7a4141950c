//! The SQL of managed policies and their versions.

use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, Hold, Row, Statement, Store, StoreError};

use super::{ManagedPolicy, PolicyVersion};
use crate::iam;

/// The policy of this name in lower case.
pub async fn find(
    store: &dyn Store,
    realm: Realm,
    folded: &str,
) -> Result<Option<ManagedPolicy>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, path, id, description, default_version, newest_version, created_at, modified_at \
             FROM managed_policies WHERE realm = $1 AND folded = $2",
            [realm.0.into(), folded.into()],
        ))
        .await?;
    rows.first().map(policy).transpose()
}

/// A page of policies by number, after `after`, each with the number of its attachments. `(prefix, only_attached)` says
/// which.
pub async fn page(
    store: &dyn Store,
    realm: Realm,
    (prefix, only_attached): (&str, bool),
    after: i64,
    limit: i64,
) -> Result<Vec<(ManagedPolicy, i64)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, path, id, description, default_version, newest_version, created_at, modified_at, \
             (SELECT count(*) FROM managed_attachments a WHERE a.realm = $1 AND a.policy = managed_policies.number) \
             FROM managed_policies WHERE realm = $1 AND number > $2 \
             AND substr(path, 1, length(CAST($3 AS TEXT))) = $3 AND (CAST($4 AS BIGINT) = 0 OR EXISTS \
             (SELECT 1 FROM managed_attachments a WHERE a.realm = $1 AND a.policy = managed_policies.number)) \
             ORDER BY number LIMIT $5",
            [
                realm.0.into(),
                after.into(),
                prefix.into(),
                i64::from(only_attached).into(),
                limit.into(),
            ],
        ))
        .await?;
    rows.iter().map(|row| Ok((policy(row)?, row.get(9)?))).collect()
}

/// To how many users and roles of the account a policy is attached.
pub async fn attachments(store: &dyn Store, realm: Realm, number: i64) -> Result<i64, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT count(*) FROM managed_attachments WHERE realm = $1 AND policy = $2",
            [realm.0.into(), number.into()],
        ))
        .await?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

/// The document of a policy's default version.
pub async fn default_document(
    store: &dyn Store,
    realm: Realm,
    number: i64,
) -> Result<Option<String>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT v.document FROM managed_policies p JOIN managed_policy_versions v \
             ON v.realm = p.realm AND v.policy = p.number AND v.version = p.default_version \
             WHERE p.realm = $1 AND p.number = $2",
            [realm.0.into(), number.into()],
        ))
        .await?;
    rows.first().map(|row| row.get(0)).transpose()
}

/// The document of a version, and when it was made.
pub async fn version(
    store: &dyn Store,
    realm: Realm,
    number: i64,
    version: i64,
) -> Result<Option<(String, Timestamp)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT document, created_at FROM managed_policy_versions \
             WHERE realm = $1 AND policy = $2 AND version = $3",
            [realm.0.into(), number.into(), version.into()],
        ))
        .await?;
    rows.first().map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Every version of a policy, newest first: there are five at most.
pub async fn versions(
    store: &dyn Store,
    realm: Realm,
    number: i64,
) -> Result<Vec<PolicyVersion>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT v.version, CASE WHEN v.version = p.default_version THEN 1 ELSE 0 END, v.created_at \
             FROM managed_policy_versions v JOIN managed_policies p ON p.realm = v.realm AND p.number = v.policy \
             WHERE v.realm = $1 AND v.policy = $2 ORDER BY v.version DESC",
            [realm.0.into(), number.into()],
        ))
        .await?;
    rows.iter()
        .map(|row| {
            Ok(PolicyVersion {
                version: row.get(0)?,
                is_default: row.get::<i64>(1)? == 1,
                created_at: row.get(2)?,
            })
        })
        .collect()
}

/// Adds a policy. A name that is taken makes the batch a duplicate.
pub fn insert(batch: &mut Batch, realm: Realm, policy: &ManagedPolicy) {
    batch.execute(Statement::new(
        "INSERT INTO managed_policies (number, realm, folded, name, path, id, description, default_version, \
         newest_version, created_at, modified_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        [
            policy.number.into(),
            realm.0.into(),
            iam::folded(&policy.name).into(),
            policy.name.as_str().into(),
            policy.path.as_str().into(),
            policy.id.as_str().into(),
            policy.description.clone().into(),
            policy.default_version.into(),
            policy.newest_version.into(),
            policy.created_at.into(),
            policy.modified_at.into(),
        ],
    ));
}

/// Adds a version of a policy.
pub fn insert_version(
    batch: &mut Batch,
    realm: Realm,
    number: i64,
    version: i64,
    document: &str,
    created_at: Timestamp,
) {
    batch.execute(Statement::new(
        "INSERT INTO managed_policy_versions (realm, policy, version, document, created_at) \
         VALUES ($1, $2, $3, $4, $5)",
        [
            realm.0.into(),
            number.into(),
            version.into(),
            document.into(),
            created_at.into(),
        ],
    ));
}

/// Holds a policy's row.
pub fn hold(batch: &mut Batch, realm: Realm, number: i64, hold: Hold) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM managed_policies WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ),
        hold,
    );
}

/// Counts the newest version of a policy up, if it is as it was read, and makes the new one count where `as_default`.
pub fn count_up(batch: &mut Batch, realm: Realm, policy: &ManagedPolicy, as_default: bool, now: Timestamp) {
    hold(batch, realm, policy.number, Hold::Exclusive);
    batch.guard(
        Statement::new(
            "UPDATE managed_policies SET newest_version = $3 + 1, modified_at = $5, \
             default_version = CASE WHEN CAST($4 AS BIGINT) = 1 THEN $3 + 1 ELSE default_version END \
             WHERE realm = $1 AND number = $2 AND newest_version = $3",
            [
                realm.0.into(),
                policy.number.into(),
                policy.newest_version.into(),
                i64::from(as_default).into(),
                now.into(),
            ],
        ),
        1,
    );
}

/// Makes a version the one that counts, if it is there.
pub fn set_default(batch: &mut Batch, realm: Realm, policy: &ManagedPolicy, version: i64, now: Timestamp) {
    hold(batch, realm, policy.number, Hold::Exclusive);
    batch.guard(
        Statement::new(
            "UPDATE managed_policies SET default_version = $3, modified_at = $4 WHERE realm = $1 AND number = $2 \
             AND EXISTS (SELECT 1 FROM managed_policy_versions WHERE realm = $1 AND policy = $2 AND version = $3)",
            [
                realm.0.into(),
                policy.number.into(),
                version.into(),
                now.into(),
            ],
        ),
        1,
    );
}

/// Deletes a version that is not the one that counts.
pub fn delete_version(
    batch: &mut Batch,
    realm: Realm,
    policy: &ManagedPolicy,
    version: i64,
    _now: Timestamp,
) {
    hold(batch, realm, policy.number, Hold::Exclusive);
    batch.guard(
        Statement::new(
            "DELETE FROM managed_policy_versions WHERE realm = $1 AND policy = $2 AND version = $3 \
             AND NOT EXISTS (SELECT 1 FROM managed_policies WHERE realm = $1 AND number = $2 AND default_version = $3)",
            [realm.0.into(), policy.number.into(), version.into()],
        ),
        1,
    );
}

/// Deletes a policy that is attached to nothing, with its one version.
pub fn delete(batch: &mut Batch, realm: Realm, number: i64) {
    hold(batch, realm, number, Hold::Exclusive);
    batch.guard(
        Statement::new(
            "DELETE FROM managed_policies WHERE realm = $1 AND number = $2 \
             AND NOT EXISTS (SELECT 1 FROM managed_attachments WHERE realm = $1 AND policy = $2)",
            [realm.0.into(), number.into()],
        ),
        1,
    );
    batch.guard(
        Statement::new(
            "DELETE FROM managed_policy_versions WHERE realm = $1 AND policy = $2",
            [realm.0.into(), number.into()],
        ),
        1,
    );
}

fn policy(row: &Row) -> Result<ManagedPolicy, StoreError> {
    Ok(ManagedPolicy {
        number: row.get(0)?,
        name: row.get(1)?,
        path: row.get(2)?,
        id: row.get(3)?,
        description: row.get(4)?,
        default_version: row.get(5)?,
        newest_version: row.get(6)?,
        created_at: row.get(7)?,
        modified_at: row.get(8)?,
    })
}
