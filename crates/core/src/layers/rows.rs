//! The SQL of layers.

use thingsmith_model::Realm;
use thingsmith_ports::{Batch, Hold, Row, Statement, Store, StoreError};

use super::{Compatible, LayerOfFunction, LayerVersion};

/// The newest version that a layer ever had.
pub async fn newest_version(store: &dyn Store, realm: Realm, name: &str) -> Result<Option<i64>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT newest_version FROM layers WHERE realm = $1 AND name = $2",
            [realm.0.into(), name.into()],
        ))
        .await?;
    rows.first().map(|row| row.get(0)).transpose()
}

/// Adds a layer, whose first version follows in the same batch.
pub fn insert_layer(batch: &mut Batch, realm: Realm, name: &str) {
    batch.execute(Statement::new(
        "INSERT INTO layers (realm, name, newest_version) VALUES ($1, $2, 1)",
        [realm.0.into(), name.into()],
    ));
}

/// Counts the version of a layer up, whose newest is `newest`.
pub fn count_up(batch: &mut Batch, realm: Realm, name: &str, newest: i64) {
    batch.guard(
        Statement::new(
            "UPDATE layers SET newest_version = newest_version + 1 \
             WHERE realm = $1 AND name = $2 AND newest_version = $3",
            [realm.0.into(), name.into(), newest.into()],
        ),
        1,
    );
}

/// Adds a version without its code.
pub fn insert(batch: &mut Batch, realm: Realm, version: &LayerVersion) {
    batch.execute(Statement::new(
        "INSERT INTO layer_versions (number, realm, name, version, description, license, runtimes, architectures, \
         code_sha256, code_bytes, created_at, deleted) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)",
        [
            version.number.into(),
            realm.0.into(),
            version.name.as_str().into(),
            version.version.into(),
            version.description.as_str().into(),
            version.license.as_str().into(),
            version.runtimes.join(" ").into(),
            version.architectures.join(" ").into(),
            version.code_sha256.as_slice().into(),
            version.code_bytes.into(),
            version.created_at.into(),
        ],
    ));
}

/// Gives a version its code.
pub fn set_code(batch: &mut Batch, realm: Realm, number: i64, zip: &[u8]) {
    batch.execute(Statement::new(
        "INSERT INTO layer_code (realm, layer, zip) VALUES ($1, $2, $3)",
        [realm.0.into(), number.into(), zip.into()],
    ));
}

/// The zip file of a version, a deleted one too.
pub async fn code(store: &dyn Store, realm: Realm, number: i64) -> Result<Option<Vec<u8>>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT zip FROM layer_code WHERE realm = $1 AND layer = $2",
            [realm.0.into(), number.into()],
        ))
        .await?;
    rows.first().map(|row| row.get(0)).transpose()
}

/// A version that is not deleted.
pub async fn find(
    store: &dyn Store,
    realm: Realm,
    name: &str,
    version: i64,
) -> Result<Option<LayerVersion>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, version, description, license, runtimes, architectures, code_sha256, code_bytes, created_at \
             FROM layer_versions WHERE realm = $1 AND name = $2 AND version = $3 AND deleted = 0",
            [realm.0.into(), name.into(), version.into()],
        ))
        .await?;
    rows.first().map(self::version).transpose()
}

/// A version by its number, a deleted one too.
pub async fn by_number(
    store: &dyn Store,
    realm: Realm,
    number: i64,
) -> Result<Option<LayerVersion>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, version, description, license, runtimes, architectures, code_sha256, code_bytes, created_at \
             FROM layer_versions WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ))
        .await?;
    rows.first().map(version).transpose()
}

/// A page of the versions of a layer, the newest first, below the version `before`.
pub async fn versions(
    store: &dyn Store,
    realm: Realm,
    name: &str,
    compatible: &Compatible,
    before: i64,
    limit: i64,
) -> Result<Vec<LayerVersion>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, version, description, license, runtimes, architectures, code_sha256, code_bytes, created_at \
             FROM layer_versions WHERE realm = $1 AND name = $2 AND version < $3 AND deleted = 0 \
             AND ' ' || runtimes || ' ' LIKE $4 AND ' ' || architectures || ' ' LIKE $5 \
             ORDER BY version DESC LIMIT $6",
            [
                realm.0.into(),
                name.into(),
                before.into(),
                word(compatible.runtime.as_deref()).into(),
                word(compatible.architecture.as_deref()).into(),
                limit.into(),
            ],
        ))
        .await?;
    rows.iter().map(version).collect()
}

/// A page of layers by name, after the name `after`: of each the newest version that is compatible.
pub async fn newest(
    store: &dyn Store,
    realm: Realm,
    compatible: &Compatible,
    after: &str,
    limit: i64,
) -> Result<Vec<LayerVersion>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, version, description, license, runtimes, architectures, code_sha256, code_bytes, created_at \
             FROM layer_versions v WHERE realm = $1 AND name > $2 AND deleted = 0 \
             AND ' ' || runtimes || ' ' LIKE $3 AND ' ' || architectures || ' ' LIKE $4 \
             AND NOT EXISTS (SELECT 1 FROM layer_versions w WHERE w.realm = $1 AND w.name = v.name \
             AND w.version > v.version AND w.deleted = 0 \
             AND ' ' || w.runtimes || ' ' LIKE $3 AND ' ' || w.architectures || ' ' LIKE $4) \
             ORDER BY name LIMIT $5",
            [
                realm.0.into(),
                after.into(),
                word(compatible.runtime.as_deref()).into(),
                word(compatible.architecture.as_deref()).into(),
                limit.into(),
            ],
        ))
        .await?;
    rows.iter().map(version).collect()
}

/// Takes a version out of sight. What takes it meanwhile waits for the end, or is waited for.
pub fn mark_deleted(batch: &mut Batch, realm: Realm, number: i64) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM layer_versions WHERE realm = $1 AND number = $2 AND deleted = 0",
            [realm.0.into(), number.into()],
        ),
        Hold::Exclusive,
    );
    batch.guard(
        Statement::new(
            "UPDATE layer_versions SET deleted = 1 WHERE realm = $1 AND number = $2 AND deleted = 0",
            [realm.0.into(), number.into()],
        ),
        1,
    );
}

/// Removes the deleted versions that no function has any more, and their code.
pub fn sweep(batch: &mut Batch, realm: Realm) {
    batch.execute(Statement::new(
        "DELETE FROM layer_versions WHERE realm = $1 AND deleted = 1 AND NOT EXISTS \
         (SELECT 1 FROM function_layers f WHERE f.realm = $1 AND f.layer = layer_versions.number)",
        [realm.0.into()],
    ));
    batch.execute(Statement::new(
        "DELETE FROM layer_code WHERE realm = $1 AND NOT EXISTS \
         (SELECT 1 FROM layer_versions v WHERE v.number = layer_code.layer)",
        [realm.0.into()],
    ));
}

/// Gives a function layers in place of those that it had. Versions that are deleted meanwhile fail the batch.
pub fn give(batch: &mut Batch, realm: Realm, function: i64, layers: &[LayerOfFunction]) {
    let mut order: Vec<&LayerOfFunction> = layers.iter().collect();
    order.sort_by_key(|layer| layer.number);
    for layer in order {
        batch.hold(
            Statement::new(
                "SELECT 1 FROM layer_versions WHERE realm = $1 AND number = $2 AND deleted = 0",
                [realm.0.into(), layer.number.into()],
            ),
            Hold::Shared,
        );
    }
    take_all(batch, realm, function);
    for (place, layer) in (0_i64..).zip(layers) {
        batch.execute(Statement::new(
            "INSERT INTO function_layers (realm, function, place, layer) VALUES ($1, $2, $3, $4)",
            [realm.0.into(), function.into(), place.into(), layer.number.into()],
        ));
    }
}

/// Takes all its layers from a function.
pub fn take_all(batch: &mut Batch, realm: Realm, function: i64) {
    batch.execute(Statement::new(
        "DELETE FROM function_layers WHERE realm = $1 AND function = $2",
        [realm.0.into(), function.into()],
    ));
}

/// The pattern of a list of words that has this one. The words are names of runtimes and architectures out of AWS's model, in
/// lower case, so that it does not matter that one engine takes both cases for the same.
fn word(word: Option<&str>) -> String {
    word.map_or_else(|| "%".to_owned(), |word| format!("% {word} %"))
}

fn version(row: &Row) -> Result<LayerVersion, StoreError> {
    let words = |text: String| text.split_whitespace().map(str::to_owned).collect();
    Ok(LayerVersion {
        number: row.get(0)?,
        name: row.get(1)?,
        version: row.get(2)?,
        description: row.get(3)?,
        license: row.get(4)?,
        runtimes: words(row.get(5)?),
        architectures: words(row.get(6)?),
        code_sha256: row.get(7)?,
        code_bytes: row.get(8)?,
        created_at: row.get(9)?,
    })
}
