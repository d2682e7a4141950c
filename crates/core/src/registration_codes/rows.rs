//! The SQL of registration codes.

use thingsmith_model::Realm;
use thingsmith_ports::{Batch, Statement, Store, StoreError};

/// The realm's code.
pub async fn find(store: &dyn Store, realm: Realm) -> Result<Option<String>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT code FROM registration_codes WHERE realm = $1",
            [realm.0.into()],
        ))
        .await?;
    rows.first().map(|row| row.get(0)).transpose()
}

/// Adds a code, unless the realm has one.
pub fn insert_if_absent(batch: &mut Batch, realm: Realm, code: &str) {
    batch.execute(Statement::new(
        "INSERT INTO registration_codes (realm, code) VALUES ($1, $2) ON CONFLICT (realm) DO NOTHING",
        [realm.0.into(), code.into()],
    ));
}

/// Deletes this code.
pub fn delete(batch: &mut Batch, realm: Realm, code: &str) {
    batch.guard(
        Statement::new(
            "DELETE FROM registration_codes WHERE realm = $1 AND code = $2",
            [realm.0.into(), code.into()],
        ),
        1,
    );
}
