//! The SQL of access keys.

use thingsmith_ports::{Batch, Statement, Store, StoreError};

/// An access key as it is kept: its account and its sealed secret.
pub struct Sealed {
    /// The access key id.
    pub access_key_id: String,
    /// Twelve digits.
    pub account: String,
    /// The secret, sealed.
    pub sealed_secret: Vec<u8>,
}

/// The administrator's key, if it was made.
pub async fn administrator(store: &dyn Store) -> Result<Option<Sealed>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT access_key_id, account, sealed_secret FROM access_keys WHERE holder = 'administrator'",
            [],
        ))
        .await?;
    let sealed = |row: &thingsmith_ports::Row| {
        Ok(Sealed {
            access_key_id: row.get(0)?,
            account: row.get(1)?,
            sealed_secret: row.get(2)?,
        })
    };
    rows.first().map(sealed).transpose()
}

/// Adds the administrator's key, unless there is one.
pub fn insert_administrator(batch: &mut Batch, key: &Sealed) {
    batch.execute(Statement::new(
        "INSERT INTO access_keys (holder, access_key_id, account, sealed_secret) \
         VALUES ('administrator', $1, $2, $3) ON CONFLICT (holder) DO NOTHING",
        [
            key.access_key_id.as_str().into(),
            key.account.as_str().into(),
            key.sealed_secret.clone().into(),
        ],
    ));
}
