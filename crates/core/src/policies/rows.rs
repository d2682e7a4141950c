//! The SQL of policies, their versions and their attachments.

use thingsmith_model::{PolicyName, Realm, Resource, Timestamp};
use thingsmith_ports::{Batch, Hold, Row, Statement, Store, StoreError};
use uuid::Uuid;

use super::{EffectivePolicy, Policy, PolicyVersion};
use crate::things::rows::certificate_id;

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

/// Gives a policy the newest version, the default version, the time and the generation of `after`, provided that its newest
/// version is the one before and that it has fewer than `limit`. It must be held exclusively in an earlier step, since
/// its versions are counted.
pub fn add_version(batch: &mut Batch, realm: Realm, after: &Policy, limit: i64) {
    batch.guard(
        Statement::new(
            "UPDATE policies SET newest_version = $3, default_version = $4, modified_at = $5, generation_id = $6 \
             WHERE realm = $1 AND number = $2 AND newest_version = $7 \
             AND (SELECT count(*) FROM policy_versions WHERE realm = $1 AND policy = $2) < $8",
            [
                realm.0.into(),
                after.number.into(),
                after.newest_version.into(),
                after.default_version.into(),
                after.modified_at.into(),
                after.generation_id.as_bytes().as_slice().into(),
                (after.newest_version - 1).into(),
                limit.into(),
            ],
        ),
        1,
    );
}

/// A version of a policy and its text.
pub async fn version(
    store: &dyn Store,
    realm: Realm,
    policy: i64,
    version: i64,
) -> Result<Option<(PolicyVersion, String)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT version, created_at, document FROM policy_versions \
             WHERE realm = $1 AND policy = $2 AND version = $3",
            [realm.0.into(), policy.into(), version.into()],
        ))
        .await?;
    rows.first()
        .map(|row| Ok((policy_version(row)?, row.get(2)?)))
        .transpose()
}

/// The versions of a policy, newest first. There are few.
pub async fn versions(
    store: &dyn Store,
    realm: Realm,
    policy: i64,
) -> Result<Vec<PolicyVersion>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT version, created_at FROM policy_versions WHERE realm = $1 AND policy = $2 ORDER BY version DESC",
            [realm.0.into(), policy.into()],
        ))
        .await?;
    rows.iter().map(policy_version).collect()
}

/// Gives a policy the default version, the time and the generation of `after`, provided that it has that version. It must
/// be held exclusively in an earlier step, so that the version stays.
pub fn set_default_version(batch: &mut Batch, realm: Realm, after: &Policy) {
    batch.guard(
        Statement::new(
            "UPDATE policies SET default_version = $3, modified_at = $4, generation_id = $5 \
             WHERE realm = $1 AND number = $2 AND EXISTS \
             (SELECT 1 FROM policy_versions WHERE realm = $1 AND policy = $2 AND version = $3)",
            [
                realm.0.into(),
                after.number.into(),
                after.default_version.into(),
                after.modified_at.into(),
                after.generation_id.as_bytes().as_slice().into(),
            ],
        ),
        1,
    );
}

/// Deletes a version that is not the default one. The policy must be held exclusively in an earlier step.
pub fn delete_version(batch: &mut Batch, realm: Realm, policy: i64, version: i64) {
    batch.guard(
        Statement::new(
            "DELETE FROM policy_versions WHERE realm = $1 AND policy = $2 AND version = $3 AND NOT EXISTS \
             (SELECT 1 FROM policies WHERE realm = $1 AND number = $2 AND default_version = $3)",
            [realm.0.into(), policy.into(), version.into()],
        ),
        1,
    );
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

/// As [`page_of_attached`], the other way round: before `before`, the last first.
pub async fn page_of_attached_descending(
    store: &dyn Store,
    realm: Realm,
    target: i64,
    before: i64,
    limit: i64,
) -> Result<Vec<Policy>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT p.number, p.name, p.default_version, p.newest_version, p.created_at, p.modified_at, \
             p.generation_id FROM policy_attachments a JOIN policies p ON p.number = a.policy \
             WHERE a.realm = $1 AND a.target = $2 AND a.policy < $3 AND p.realm = $1 ORDER BY a.policy DESC LIMIT $4",
            [realm.0.into(), target.into(), before.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(policy).collect()
}

/// A page of the policies attached to a target, to the groups above it if it is one, or to the groups of its things and
/// those above them if it is a certificate: each once, by number, after `after`.
pub async fn page_of_attached_above(
    store: &dyn Store,
    realm: Realm,
    target: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<Policy>, StoreError> {
    // SQLite keeps the order of a CROSS JOIN.
    let rows = store
        .read(Statement::new(
            "WITH targets AS (SELECT CAST($2 AS BIGINT) AS target \
             UNION SELECT ga.ancestor FROM thing_group_ancestors ga WHERE ga.realm = $1 AND ga.descendant = $2 \
             UNION SELECT ga.ancestor FROM thing_principals tp CROSS JOIN thing_group_members m \
             CROSS JOIN thing_group_ancestors ga WHERE tp.realm = $1 AND tp.principal = $2 \
             AND m.realm = $1 AND m.thing = tp.thing AND ga.realm = $1 AND ga.descendant = m.thing_group) \
             SELECT DISTINCT p.number, p.name, p.default_version, p.newest_version, p.created_at, p.modified_at, \
             p.generation_id FROM targets t CROSS JOIN policy_attachments a CROSS JOIN policies p \
             WHERE a.realm = $1 AND a.target = t.target AND a.policy > $3 AND p.realm = $1 AND p.number = a.policy \
             ORDER BY p.number LIMIT $4",
            [realm.0.into(), target.into(), after.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(policy).collect()
}

/// The policies attached to a target and, if it is a group, to those above it; and to the groups of a thing and to those
/// above them: each once, by number, with the text of its default version.
pub async fn effective(
    store: &dyn Store,
    realm: Realm,
    target: i64,
    thing: i64,
) -> Result<Vec<EffectivePolicy>, StoreError> {
    let rows = store
        .read(Statement::new(
            "WITH targets AS (SELECT CAST($2 AS BIGINT) AS target \
             UNION SELECT ga.ancestor FROM thing_group_ancestors ga WHERE ga.realm = $1 AND ga.descendant = $2 \
             UNION SELECT ga.ancestor FROM thing_group_members m CROSS JOIN thing_group_ancestors ga \
             WHERE m.realm = $1 AND m.thing = $3 AND ga.realm = $1 AND ga.descendant = m.thing_group) \
             SELECT p.number, p.name, p.default_version, p.newest_version, p.created_at, p.modified_at, \
             p.generation_id, v.document \
             FROM (SELECT DISTINCT a.policy FROM targets t CROSS JOIN policy_attachments a \
             WHERE a.realm = $1 AND a.target = t.target) x \
             CROSS JOIN policies p CROSS JOIN policy_versions v WHERE p.realm = $1 AND p.number = x.policy \
             AND v.realm = $1 AND v.policy = p.number AND v.version = p.default_version ORDER BY p.number",
            [realm.0.into(), target.into(), thing.into()],
        ))
        .await?;
    rows.iter()
        .map(|row| {
            Ok(EffectivePolicy {
                policy: policy(row)?,
                document: row.get(7)?,
            })
        })
        .collect()
}

/// A page of the targets of a policy, by number, after `after`.
pub async fn page_of_targets(
    store: &dyn Store,
    realm: Realm,
    policy: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, Resource)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT a.target, c.id, g.name FROM policy_attachments a \
             LEFT JOIN certificates c ON c.realm = $1 AND c.number = a.target \
             LEFT JOIN thing_groups g ON g.realm = $1 AND g.number = a.target \
             WHERE a.realm = $1 AND a.policy = $2 AND a.target > $3 ORDER BY a.target LIMIT $4",
            [realm.0.into(), policy.into(), after.into(), limit.into()],
        ))
        .await?;
    rows.iter().filter_map(|row| target(row).transpose()).collect()
}

/// A page of the certificates among the targets of a policy, by number, after `after`.
pub async fn page_of_principals(
    store: &dyn Store,
    realm: Realm,
    policy: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, Resource)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT a.target, c.id FROM policy_attachments a JOIN certificates c ON c.number = a.target \
             WHERE a.realm = $1 AND a.policy = $2 AND a.target > $3 AND c.realm = $1 ORDER BY a.target LIMIT $4",
            [realm.0.into(), policy.into(), after.into(), limit.into()],
        ))
        .await?;
    rows.iter().filter_map(|row| target(row).transpose()).collect()
}

/// As [`page_of_principals`], the other way round: before `before`, the last first.
pub async fn page_of_principals_descending(
    store: &dyn Store,
    realm: Realm,
    policy: i64,
    before: i64,
    limit: i64,
) -> Result<Vec<(i64, Resource)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT a.target, c.id FROM policy_attachments a JOIN certificates c ON c.number = a.target \
             WHERE a.realm = $1 AND a.policy = $2 AND a.target < $3 AND c.realm = $1 ORDER BY a.target DESC LIMIT $4",
            [realm.0.into(), policy.into(), before.into(), limit.into()],
        ))
        .await?;
    rows.iter().filter_map(|row| target(row).transpose()).collect()
}

/// Reads a certificate's id or else a group's name. A target that was deleted meanwhile is none.
fn target(row: &Row) -> Result<Option<(i64, Resource)>, StoreError> {
    let number = row.get(0)?;
    if let Some(id) = row.get(1)? {
        return Ok(Some((number, Resource::Certificate(certificate_id(id)?))));
    }
    let name: Option<String> = row.get(2)?;
    let name = name.map(|name| name.parse()).transpose();
    let name = name.map_err(StoreError::other)?;
    Ok(name.map(|name| (number, Resource::ThingGroup(name))))
}

fn policy_version(row: &Row) -> Result<PolicyVersion, StoreError> {
    Ok(PolicyVersion {
        version: row.get(0)?,
        created_at: row.get(1)?,
    })
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
