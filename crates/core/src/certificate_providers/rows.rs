//! The SQL of certificate providers.

use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, Hold, Row, Statement, Store, StoreError};

use super::CertificateProvider;

/// The certificate provider of this name.
pub async fn find(
    store: &dyn Store,
    realm: Realm,
    name: &str,
) -> Result<Option<CertificateProvider>, StoreError> {
    Ok(of_realm(store, realm).await?.filter(|it| it.name == name))
}

/// The certificate provider of a realm.
pub async fn of_realm(store: &dyn Store, realm: Realm) -> Result<Option<CertificateProvider>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, function_arn, operation, client_token, created_at, modified_at \
             FROM certificate_providers WHERE realm = $1",
            [realm.0.into()],
        ))
        .await?;
    rows.first().map(provider).transpose()
}

/// Adds a certificate provider. A realm that has one makes the batch a duplicate.
pub fn insert(batch: &mut Batch, realm: Realm, provider: &CertificateProvider) {
    batch.execute(Statement::new(
        "INSERT INTO certificate_providers (number, realm, name, function_arn, operation, client_token, created_at, \
         modified_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            provider.number.into(),
            realm.0.into(),
            provider.name.as_str().into(),
            provider.function_arn.as_str().into(),
            provider.operation.as_str().into(),
            provider.client_token.as_deref().into(),
            provider.created_at.into(),
            provider.modified_at.into(),
        ],
    ));
}

/// Gives a certificate provider another function and operation, where they are given.
pub fn update(
    batch: &mut Batch,
    realm: Realm,
    number: i64,
    (function_arn, operation): (Option<&str>, Option<&str>),
    now: Timestamp,
) {
    batch.guard(
        Statement::new(
            "UPDATE certificate_providers SET function_arn = coalesce($3, function_arn), \
             operation = coalesce($4, operation), modified_at = $5 WHERE realm = $1 AND number = $2",
            [
                realm.0.into(),
                number.into(),
                function_arn.into(),
                operation.into(),
                now.into(),
            ],
        ),
        1,
    );
}

/// Holds a certificate provider's row.
pub fn hold(batch: &mut Batch, realm: Realm, number: i64, hold: Hold) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM certificate_providers WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ),
        hold,
    );
}

/// Deletes a certificate provider.
pub fn delete(batch: &mut Batch, realm: Realm, number: i64) {
    hold(batch, realm, number, Hold::Exclusive);
    batch.guard(
        Statement::new(
            "DELETE FROM certificate_providers WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ),
        1,
    );
}

fn provider(row: &Row) -> Result<CertificateProvider, StoreError> {
    Ok(CertificateProvider {
        number: row.get(0)?,
        name: row.get(1)?,
        function_arn: row.get(2)?,
        operation: row.get(3)?,
        client_token: row.get(4)?,
        created_at: row.get(5)?,
        modified_at: row.get(6)?,
    })
}
