//! The SQL of certificate authorities.

use thingsmith_ports::{Batch, Statement, Store, StoreError};

/// An authority as it is kept.
pub struct Sealed {
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
    /// Its private key (PKCS #8), sealed.
    pub sealed_key: Vec<u8>,
}

/// The authority of this name.
pub async fn find(store: &dyn Store, name: &str) -> Result<Option<Sealed>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT certificate, sealed_key FROM authorities WHERE name = $1",
            [name.into()],
        ))
        .await?;
    rows.first()
        .map(|row| {
            Ok(Sealed {
                certificate: row.get(0)?,
                sealed_key: row.get(1)?,
            })
        })
        .transpose()
}

/// Adds an authority, unless there is one of this name.
pub fn insert_if_absent(batch: &mut Batch, name: &str, authority: &Sealed) {
    batch.execute(Statement::new(
        "INSERT INTO authorities (name, certificate, sealed_key) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
        [name.into(), authority.certificate.clone().into(), authority.sealed_key.clone().into()],
    ));
}
