//! The SQL of the policies of users and roles.

use thingsmith_model::Realm;
use thingsmith_ports::{Batch, Statement, Store, StoreError};

/// A managed policy attached to a user or role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// Its number; below zero for AWS's own.
    pub policy: i64,
    /// Its name; none for AWS's own.
    pub name: Option<String>,
    /// Its path; none for AWS's own.
    pub path: Option<String>,
}

/// Everything that decides for a user or role, in one snapshot: the document of each of its policies with the policy's
/// number, which is 0 for one that stands in it and below zero for one of AWS's own, whose document is not in the store.
pub async fn documents(
    store: &dyn Store,
    realm: Realm,
    holder: i64,
) -> Result<Vec<(i64, Option<String>)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT 0, document FROM inline_policies WHERE realm = $1 AND holder = $2 \
             UNION ALL SELECT a.policy, v.document FROM managed_attachments a \
             LEFT JOIN managed_policies p ON p.realm = a.realm AND p.number = a.policy \
             LEFT JOIN managed_policy_versions v \
             ON v.realm = a.realm AND v.policy = p.number AND v.version = p.default_version \
             WHERE a.realm = $1 AND a.holder = $2",
            [realm.0.into(), holder.into()],
        ))
        .await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// The characters of a holder's inline policies but for the one of this name.
pub async fn characters_but(
    store: &dyn Store,
    realm: Realm,
    holder: i64,
    name: &str,
) -> Result<i64, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT CAST(coalesce(sum(characters), 0) AS BIGINT) FROM inline_policies \
             WHERE realm = $1 AND holder = $2 AND name <> $3",
            [realm.0.into(), holder.into(), name.into()],
        ))
        .await?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

/// Puts an inline policy where all of them stay within a limit: `(characters, limit)`. The holder must be held exclusively
/// in an earlier step.
pub fn put_inline(
    batch: &mut Batch,
    realm: Realm,
    holder: i64,
    name: &str,
    document: &str,
    (characters, limit): (i64, i64),
) {
    batch.guard(
        Statement::new(
            "INSERT INTO inline_policies (realm, holder, name, document, characters) \
             SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS BIGINT) \
             WHERE (SELECT CAST(coalesce(sum(characters), 0) AS BIGINT) FROM inline_policies \
             WHERE realm = $1 AND holder = $2 AND name <> $3) + CAST($5 AS BIGINT) <= CAST($6 AS BIGINT) \
             ON CONFLICT (realm, holder, name) DO UPDATE SET document = excluded.document, \
             characters = excluded.characters",
            [
                realm.0.into(),
                holder.into(),
                name.into(),
                document.into(),
                characters.into(),
                limit.into(),
            ],
        ),
        1,
    );
}

/// The document of an inline policy.
pub async fn inline(
    store: &dyn Store,
    realm: Realm,
    holder: i64,
    name: &str,
) -> Result<Option<String>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT document FROM inline_policies WHERE realm = $1 AND holder = $2 AND name = $3",
            [realm.0.into(), holder.into(), name.into()],
        ))
        .await?;
    rows.first().map(|row| row.get(0)).transpose()
}

/// A page of the names of a holder's inline policies, after `after`.
pub async fn page_of_inline(
    store: &dyn Store,
    realm: Realm,
    holder: i64,
    after: &str,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT name FROM inline_policies WHERE realm = $1 AND holder = $2 AND name > $3 ORDER BY name LIMIT $4",
            [realm.0.into(), holder.into(), after.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Takes an inline policy away.
pub fn delete_inline(batch: &mut Batch, realm: Realm, holder: i64, name: &str) {
    batch.guard(
        Statement::new(
            "DELETE FROM inline_policies WHERE realm = $1 AND holder = $2 AND name = $3",
            [realm.0.into(), holder.into(), name.into()],
        ),
        1,
    );
}

/// How many managed policies are attached to a holder, and whether this one is among them.
pub async fn attached(
    store: &dyn Store,
    realm: Realm,
    holder: i64,
    policy: i64,
) -> Result<(i64, bool), StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT (SELECT count(*) FROM managed_attachments WHERE realm = $1 AND holder = $2), \
             CASE WHEN EXISTS (SELECT 1 FROM managed_attachments WHERE realm = $1 AND holder = $2 AND policy = $3) \
             THEN 1 ELSE 0 END",
            [realm.0.into(), holder.into(), policy.into()],
        ))
        .await?;
    let row = rows
        .first()
        .ok_or_else(|| StoreError::other("a select without a table gave no row"))?;
    Ok((row.get(0)?, row.get::<i64>(1)? == 1))
}

/// Every managed policy attached to a holder, by number.
pub async fn all_attached(store: &dyn Store, realm: Realm, holder: i64) -> Result<Vec<Attached>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT a.policy, p.name, p.path FROM managed_attachments a \
             LEFT JOIN managed_policies p ON p.realm = a.realm AND p.number = a.policy \
             WHERE a.realm = $1 AND a.holder = $2 ORDER BY a.policy",
            [realm.0.into(), holder.into()],
        ))
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Attached {
                policy: row.get(0)?,
                name: row.get(1)?,
                path: row.get(2)?,
            })
        })
        .collect()
}

/// Attaches a managed policy to a holder that has fewer than `limit` and not this one. The holder must be held exclusively
/// in an earlier step, since its attachments are counted.
pub fn attach(batch: &mut Batch, realm: Realm, holder: i64, policy: i64, limit: i64) {
    batch.guard(
        Statement::new(
            "INSERT INTO managed_attachments (realm, holder, policy) SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), \
             CAST($3 AS BIGINT) \
             WHERE (SELECT count(*) FROM managed_attachments WHERE realm = $1 AND holder = $2) < $4",
            [realm.0.into(), holder.into(), policy.into(), limit.into()],
        ),
        1,
    );
}

/// Detaches a managed policy from a holder that has it.
pub fn detach(batch: &mut Batch, realm: Realm, holder: i64, policy: i64) {
    batch.guard(
        Statement::new(
            "DELETE FROM managed_attachments WHERE realm = $1 AND holder = $2 AND policy = $3",
            [realm.0.into(), holder.into(), policy.into()],
        ),
        1,
    );
}
