//! The SQL of settings.

use thingsmith_ports::{Batch, Statement, Store, StoreError};

/// The value of a setting.
pub async fn find(store: &dyn Store, name: &str) -> Result<Option<String>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT value FROM settings WHERE name = $1",
            [name.into()],
        ))
        .await?;
    rows.first().map(|row| row.get(0)).transpose()
}

/// Adds a setting, unless it has a value.
pub fn insert_if_absent(batch: &mut Batch, name: &str, value: &str) {
    batch.execute(Statement::new(
        "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        [name.into(), value.into()],
    ));
}

/// Gives a setting this value, whatever it had.
pub fn put(batch: &mut Batch, name: &str, value: &str) {
    batch.execute(Statement::new(
        "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [name.into(), value.into()],
    ));
}
