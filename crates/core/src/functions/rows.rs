//! The SQL of functions.

use std::error::Error;
use std::sync::Arc;

use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, Row, Statement, Store, StoreError};

use super::{Function, Permission};
use crate::layers::LayerOfFunction;

/// The function of this name.
pub async fn find(store: &dyn Store, realm: Realm, name: &str) -> Result<Option<Function>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, role_arn, runtime, handler, description, timeout_seconds, memory_mib, storage_mib, \
             architecture, sealed_environment, code_sha256, code_bytes, revision, policy_revision, modified_at, layers \
             FROM functions WHERE realm = $1 AND name = $2",
            [realm.0.into(), name.into()],
        ))
        .await?;
    rows.first().map(function).transpose()
}

/// A page of functions by name, after the name `after`.
pub async fn page(
    store: &dyn Store,
    realm: Realm,
    after: &str,
    limit: i64,
) -> Result<Vec<Function>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, role_arn, runtime, handler, description, timeout_seconds, memory_mib, storage_mib, \
             architecture, sealed_environment, code_sha256, code_bytes, revision, policy_revision, modified_at, layers \
             FROM functions WHERE realm = $1 AND name > $2 ORDER BY name LIMIT $3",
            [realm.0.into(), after.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(function).collect()
}

/// Adds a function without its code. A name that is taken makes the batch a duplicate.
pub fn insert(batch: &mut Batch, realm: Realm, function: &Function) {
    batch.execute(Statement::new(
        "INSERT INTO functions (number, realm, name, role_arn, runtime, handler, description, timeout_seconds, \
         memory_mib, storage_mib, architecture, sealed_environment, code_sha256, code_bytes, revision, \
         policy_revision, modified_at, layers) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
        [
            function.number.into(),
            realm.0.into(),
            function.name.as_str().into(),
            function.role_arn.as_str().into(),
            function.runtime.as_str().into(),
            function.handler.as_str().into(),
            function.description.as_str().into(),
            function.timeout_seconds.into(),
            function.memory_mib.into(),
            function.storage_mib.into(),
            function.architecture.as_str().into(),
            function.sealed_environment.clone().into(),
            function.code_sha256.as_slice().into(),
            function.code_bytes.into(),
            function.revision.as_str().into(),
            function.policy_revision.as_str().into(),
            function.modified_at.into(),
            written(&function.layers).into(),
        ],
    ));
}

/// Writes the settings of a function that has the revision `before`.
pub fn update(batch: &mut Batch, realm: Realm, function: &Function, before: &str) {
    batch.guard(
        Statement::new(
            "UPDATE functions SET role_arn = $4, runtime = $5, handler = $6, description = $7, timeout_seconds = $8, \
             memory_mib = $9, storage_mib = $10, architecture = $11, sealed_environment = $12, code_sha256 = $13, \
             code_bytes = $14, revision = $15, modified_at = $16, layers = $17 \
             WHERE realm = $1 AND number = $2 AND revision = $3",
            [
                realm.0.into(),
                function.number.into(),
                before.into(),
                function.role_arn.as_str().into(),
                function.runtime.as_str().into(),
                function.handler.as_str().into(),
                function.description.as_str().into(),
                function.timeout_seconds.into(),
                function.memory_mib.into(),
                function.storage_mib.into(),
                function.architecture.as_str().into(),
                function.sealed_environment.clone().into(),
                function.code_sha256.as_slice().into(),
                function.code_bytes.into(),
                function.revision.as_str().into(),
                function.modified_at.into(),
                written(&function.layers).into(),
            ],
        ),
        1,
    );
}

/// Deletes a function with its code and its policy.
pub fn delete(batch: &mut Batch, realm: Realm, number: i64) {
    batch.guard(
        Statement::new(
            "DELETE FROM functions WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ),
        1,
    );
    batch.execute(Statement::new(
        "DELETE FROM function_code WHERE realm = $1 AND function = $2",
        [realm.0.into(), number.into()],
    ));
    batch.execute(Statement::new(
        "DELETE FROM function_permissions WHERE realm = $1 AND function = $2",
        [realm.0.into(), number.into()],
    ));
}

/// Gives a function its code, in place of what it had.
pub fn set_code(batch: &mut Batch, realm: Realm, number: i64, sha256: &[u8], zip: &[u8]) {
    batch.execute(Statement::new(
        "INSERT INTO function_code (realm, function, sha256, zip) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (realm, function) DO UPDATE SET sha256 = excluded.sha256, zip = excluded.zip",
        [realm.0.into(), number.into(), sha256.into(), zip.into()],
    ));
}

/// The zip file of a function, if it still has the one with this SHA-256.
pub async fn code(
    store: &dyn Store,
    realm: Realm,
    number: i64,
    sha256: &[u8],
) -> Result<Option<Vec<u8>>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT zip FROM function_code WHERE realm = $1 AND function = $2 AND sha256 = $3",
            [realm.0.into(), number.into(), sha256.into()],
        ))
        .await?;
    rows.first().map(|row| row.get(0)).transpose()
}

/// The statements of a function's policy, by id.
pub async fn permissions(
    store: &dyn Store,
    realm: Realm,
    number: i64,
) -> Result<Vec<Permission>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT statement_id, action, principal, source_arn, source_account FROM function_permissions \
             WHERE realm = $1 AND function = $2 ORDER BY statement_id",
            [realm.0.into(), number.into()],
        ))
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Permission {
                statement_id: row.get(0)?,
                action: row.get(1)?,
                principal: row.get(2)?,
                source_arn: row.get(3)?,
                source_account: row.get(4)?,
            })
        })
        .collect()
}

/// Gives the policy of a function another revision. Its row is held by it, so that its statements change one after the
/// other and none outlives it.
pub fn revise_policy(batch: &mut Batch, realm: Realm, number: i64, (before, after): (&str, &str)) {
    batch.guard(
        Statement::new(
            "UPDATE functions SET policy_revision = $4 WHERE realm = $1 AND number = $2 AND policy_revision = $3",
            [realm.0.into(), number.into(), before.into(), after.into()],
        ),
        1,
    );
}

/// Adds a statement to the policy of a function.
pub fn insert_permission(batch: &mut Batch, realm: Realm, number: i64, permission: &Permission) {
    batch.execute(Statement::new(
        "INSERT INTO function_permissions (realm, function, statement_id, action, principal, source_arn, \
         source_account) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [
            realm.0.into(),
            number.into(),
            permission.statement_id.as_str().into(),
            permission.action.as_str().into(),
            permission.principal.as_str().into(),
            permission.source_arn.as_deref().into(),
            permission.source_account.as_deref().into(),
        ],
    ));
}

/// Takes a statement from the policy of a function.
pub fn delete_permission(batch: &mut Batch, realm: Realm, number: i64, statement_id: &str) {
    batch.guard(
        Statement::new(
            "DELETE FROM function_permissions WHERE realm = $1 AND function = $2 AND statement_id = $3",
            [realm.0.into(), number.into(), statement_id.into()],
        ),
        1,
    );
}

fn function(row: &Row) -> Result<Function, StoreError> {
    let modified_at: Timestamp = row.get(15)?;
    Ok(Function {
        number: row.get(0)?,
        name: row.get(1)?,
        role_arn: row.get(2)?,
        runtime: row.get(3)?,
        handler: row.get(4)?,
        description: row.get(5)?,
        timeout_seconds: row.get(6)?,
        memory_mib: row.get(7)?,
        storage_mib: row.get(8)?,
        architecture: row.get(9)?,
        sealed_environment: row.get(10)?,
        code_sha256: row.get(11)?,
        code_bytes: row.get(12)?,
        revision: row.get(13)?,
        policy_revision: row.get(14)?,
        modified_at,
        layers: layers(row.get(16)?)?,
    })
}

/// The column with a function's layers.
fn written(layers: &[LayerOfFunction]) -> String {
    let parts = layers
        .iter()
        .map(|it| format!("{}:{}:{}:{}", it.number, it.name, it.version, it.code_bytes));
    parts.collect::<Vec<_>>().join(" ")
}

fn layers(text: String) -> Result<Vec<LayerOfFunction>, StoreError> {
    let layer = |part: &str| {
        let mut parts = part.split(':');
        Some(LayerOfFunction {
            number: parts.next()?.parse().ok()?,
            name: parts.next()?.to_owned(),
            version: parts.next()?.parse().ok()?,
            code_bytes: parts.next()?.parse().ok()?,
        })
    };
    text.split_whitespace()
        .map(|part| {
            layer(part).ok_or_else(|| {
                StoreError::Other(Arc::from(Box::<dyn Error + Send + Sync>::from(format!(
                    "{part} is no layer of a function"
                ))))
            })
        })
        .collect()
}
