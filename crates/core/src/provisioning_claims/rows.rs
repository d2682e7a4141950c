//! The SQL of provisioning claims of trusted users.

use thingsmith_model::{CertificateId, Realm, TemplateName, Timestamp};
use thingsmith_ports::{Batch, Hold, Statement, Store, StoreError};

use super::ProvisioningClaim;
use crate::things::rows::certificate_id;

/// The claim whose certificate has this id, and the name of its template.
pub async fn find(
    store: &dyn Store,
    realm: Realm,
    id: &CertificateId,
) -> Result<Option<(ProvisioningClaim, TemplateName)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT c.number, c.id, c.template, c.issued_at, c.expires_at, t.name FROM provisioning_claims c \
             JOIN provisioning_templates t ON t.realm = c.realm AND t.number = c.template \
             WHERE c.realm = $1 AND c.id = $2",
            [realm.0.into(), id.as_bytes().as_slice().into()],
        ))
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let claim = ProvisioningClaim {
        number: row.get(0)?,
        id: certificate_id(row.get(1)?)?,
        template: row.get(2)?,
        issued_at: row.get(3)?,
        expires_at: row.get(4)?,
    };
    let name: String = row.get(5)?;
    Ok(Some((claim, name.parse().map_err(StoreError::other)?)))
}

/// The number of the claim whose certificate has this id, unless somebody registered that: then it is a certificate like any
/// other.
pub async fn find_unregistered(
    store: &dyn Store,
    realm: Realm,
    id: &CertificateId,
) -> Result<Option<i64>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT c.number FROM provisioning_claims c \
             JOIN provisioning_templates t ON t.realm = c.realm AND t.number = c.template \
             WHERE c.realm = $1 AND c.id = $2 \
             AND NOT EXISTS (SELECT 1 FROM certificates r WHERE r.id = $2 AND r.realm = $1)",
            [realm.0.into(), id.as_bytes().as_slice().into()],
        ))
        .await?;
    rows.first().map(|row| row.get(0)).transpose()
}

/// Adds a claim. Its template must be held in an earlier step.
pub fn insert(batch: &mut Batch, realm: Realm, claim: &ProvisioningClaim) {
    batch.execute(Statement::new(
        "INSERT INTO provisioning_claims (number, realm, id, template, issued_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
        [
            claim.number.into(),
            realm.0.into(),
            claim.id.as_bytes().as_slice().into(),
            claim.template.into(),
            claim.issued_at.into(),
            claim.expires_at.into(),
        ],
    ));
}

/// Holds a claim's row, in a batch that its holder causes.
pub fn hold(batch: &mut Batch, realm: Realm, number: i64) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM provisioning_claims WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ),
        Hold::Shared,
    );
}

/// Deletes the claims of a template, in the batch that deletes it.
pub fn delete_of_template(batch: &mut Batch, realm: Realm, template: i64) {
    batch.execute(Statement::new(
        "DELETE FROM provisioning_claims WHERE realm = $1 AND template = $2",
        [realm.0.into(), template.into()],
    ));
}

/// Deletes the claims of every realm that were over before a time.
pub fn delete_before(batch: &mut Batch, ended_before: Timestamp) {
    batch.execute(Statement::new(
        "DELETE FROM provisioning_claims WHERE expires_at < $1",
        [ended_before.into()],
    ));
}
