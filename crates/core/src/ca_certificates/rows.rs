//! The SQL of CA certificates.

use thingsmith_model::{CertificateId, CertificateMode, Realm, Region};
use thingsmith_ports::{Batch, Hold, Row, Statement, Store, StoreError};
use uuid::Uuid;

use super::{CaCertificate, RegistrationConfig};
use crate::realms::RealmRecord;
use crate::things::rows::certificate_id;

/// The CA certificate of this id.
pub async fn find(
    store: &dyn Store,
    realm: Realm,
    id: &CertificateId,
) -> Result<Option<CaCertificate>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, id, subject, status, auto_registration, mode, der, not_before, not_after, created_at, \
             modified_at, customer_version, generation_id, template_body, role_arn, template_name \
             FROM ca_certificates WHERE id = $1 AND realm = $2",
            [id.as_bytes().as_slice().into(), realm.0.into()],
        ))
        .await?;
    rows.first().map(ca_certificate).transpose()
}

/// The CA certificates with this subject, given by its SHA-256, oldest first. There are few.
pub async fn by_subject(
    store: &dyn Store,
    realm: Realm,
    subject: &[u8; 32],
) -> Result<Vec<CaCertificate>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, id, subject, status, auto_registration, mode, der, not_before, not_after, created_at, \
             modified_at, customer_version, generation_id, template_body, role_arn, template_name \
             FROM ca_certificates WHERE realm = $1 AND subject = $2 ORDER BY number",
            [realm.0.into(), subject.as_slice().into()],
        ))
        .await?;
    rows.iter().map(ca_certificate).collect()
}

/// Whether any account has the CA certificate in this region in the mode DEFAULT. This looks at every realm: the mode
/// says that only one of them may have it.
pub async fn is_claimed(store: &dyn Store, region: &Region, id: &CertificateId) -> Result<bool, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT 1 FROM ca_certificates WHERE id = $1 AND claimed_in = $2",
            [id.as_bytes().as_slice().into(), region.as_str().into()],
        ))
        .await?;
    Ok(!rows.is_empty())
}

/// The registrations of a CA certificate with the mode DEFAULT in any realm, at most two: a second one makes the realm
/// ambiguous.
///
/// This looks at every realm: without a server name nothing but the CA certificate that a client sends along says to which
/// one its connection belongs.
pub async fn claims(
    store: &dyn Store,
    id: &CertificateId,
) -> Result<Vec<(Realm, CaCertificate)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, id, subject, status, auto_registration, mode, der, not_before, not_after, created_at, \
             modified_at, customer_version, generation_id, template_body, role_arn, template_name, realm \
             FROM ca_certificates WHERE id = $1 AND claimed_in IS NOT NULL ORDER BY realm LIMIT 2",
            [id.as_bytes().as_slice().into()],
        ))
        .await?;
    rows.iter()
        .map(|row| Ok((Realm(row.get(16)?), ca_certificate(row)?)))
        .collect()
}

/// Adds a CA certificate. One that the realm has, or in the mode DEFAULT any realm of the region, makes the batch a
/// duplicate.
pub fn insert(batch: &mut Batch, realm: &RealmRecord, new: &CaCertificate) {
    let claimed_in = match new.mode {
        CertificateMode::Default => Some(realm.region.as_str()),
        CertificateMode::SniOnly => None,
    };
    let config = &new.registration_config;
    batch.execute(Statement::new(
        "INSERT INTO ca_certificates (number, realm, id, subject, claimed_in, status, auto_registration, mode, der, \
         not_before, not_after, created_at, modified_at, customer_version, generation_id, template_body, role_arn, \
         template_name) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
        [
            new.number.into(),
            realm.realm.0.into(),
            new.id.as_bytes().as_slice().into(),
            new.subject.as_slice().into(),
            claimed_in.into(),
            new.status.as_str().into(),
            new.auto_registration.as_str().into(),
            new.mode.as_str().into(),
            new.der.as_slice().into(),
            new.not_before.into(),
            new.not_after.into(),
            new.created_at.into(),
            new.modified_at.into(),
            new.customer_version.into(),
            new.generation_id.as_bytes().as_slice().into(),
            config.template_body.as_deref().into(),
            config.role_arn.as_deref().into(),
            config.template_name.as_deref().into(),
        ],
    ));
}

/// Counts one more CA certificate with a subject, of which there may be `limit`. Whoever else counts waits meanwhile.
pub fn count_up(batch: &mut Batch, realm: Realm, subject: &[u8; 32], limit: i64) {
    batch.guard(
        Statement::new(
            "INSERT INTO ca_subjects (realm, subject, holders) VALUES ($1, $2, 1) \
             ON CONFLICT (realm, subject) DO UPDATE SET holders = ca_subjects.holders + 1 \
             WHERE ca_subjects.holders < $3",
            [realm.0.into(), subject.as_slice().into(), limit.into()],
        ),
        1,
    );
}

/// Counts one CA certificate with a subject less.
pub fn count_down(batch: &mut Batch, realm: Realm, subject: &[u8; 32]) {
    batch.guard(
        Statement::new(
            "UPDATE ca_subjects SET holders = holders - 1 WHERE realm = $1 AND subject = $2 AND holders > 0",
            [realm.0.into(), subject.as_slice().into()],
        ),
        1,
    );
}

/// How many CA certificates have a subject.
pub async fn holders(store: &dyn Store, realm: Realm, subject: &[u8; 32]) -> Result<i64, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT holders FROM ca_subjects WHERE realm = $1 AND subject = $2",
            [realm.0.into(), subject.as_slice().into()],
        ))
        .await?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

/// Writes what may change of a CA certificate, provided that it is at the version of `after`, and counts that up.
pub fn update(batch: &mut Batch, realm: Realm, after: &CaCertificate) {
    let config = &after.registration_config;
    batch.guard(
        Statement::new(
            "UPDATE ca_certificates SET status = $4, auto_registration = $5, template_body = $6, role_arn = $7, \
             template_name = $8, modified_at = $9, customer_version = customer_version + 1, generation_id = $10 \
             WHERE realm = $1 AND number = $2 AND customer_version = $3",
            [
                realm.0.into(),
                after.number.into(),
                after.customer_version.into(),
                after.status.as_str().into(),
                after.auto_registration.as_str().into(),
                config.template_body.as_deref().into(),
                config.role_arn.as_deref().into(),
                config.template_name.as_deref().into(),
                after.modified_at.into(),
                after.generation_id.as_bytes().as_slice().into(),
            ],
        ),
        1,
    );
}

/// Deletes a CA certificate, provided that it still is as `before` says.
pub fn delete(batch: &mut Batch, realm: Realm, before: &CaCertificate) {
    batch.guard(
        Statement::new(
            "DELETE FROM ca_certificates WHERE realm = $1 AND number = $2 AND customer_version = $3",
            [
                realm.0.into(),
                before.number.into(),
                before.customer_version.into(),
            ],
        ),
        1,
    );
}

/// Holds a CA certificate's row.
pub fn hold(batch: &mut Batch, realm: Realm, number: i64, hold: Hold) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM ca_certificates WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ),
        hold,
    );
}

/// Holds the row of a CA certificate that is active, for whoever registers under it.
pub fn hold_active(batch: &mut Batch, realm: Realm, number: i64) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM ca_certificates WHERE realm = $1 AND number = $2 AND status = 'ACTIVE'",
            [realm.0.into(), number.into()],
        ),
        Hold::Shared,
    );
}

/// Holds the row of a CA certificate that is active and registers what its devices first show.
pub fn hold_auto_registering(batch: &mut Batch, realm: Realm, number: i64) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM ca_certificates WHERE realm = $1 AND number = $2 AND status = 'ACTIVE' \
             AND auto_registration = 'ENABLE'",
            [realm.0.into(), number.into()],
        ),
        Hold::Shared,
    );
}

/// A page of CA certificates, oldest first, after `after`; with a template's name those that use it.
pub async fn page_ascending(
    store: &dyn Store,
    realm: Realm,
    template: Option<&str>,
    after: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<CaCertificate>, StoreError> {
    let (created_at, number) = after.unwrap_or((i64::MIN, i64::MIN));
    let rows = store
        .read(Statement::new(
            "SELECT number, id, subject, status, auto_registration, mode, der, not_before, not_after, created_at, \
             modified_at, customer_version, generation_id, template_body, role_arn, template_name \
             FROM ca_certificates WHERE realm = $1 AND (created_at, number) > ($2, $3) \
             AND (CAST($4 AS TEXT) IS NULL OR template_name = $4) ORDER BY created_at, number LIMIT $5",
            [
                realm.0.into(),
                created_at.into(),
                number.into(),
                template.into(),
                limit.into(),
            ],
        ))
        .await?;
    rows.iter().map(ca_certificate).collect()
}

/// A page of CA certificates, newest first, after `after`; with a template's name those that use it.
pub async fn page_descending(
    store: &dyn Store,
    realm: Realm,
    template: Option<&str>,
    after: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<CaCertificate>, StoreError> {
    let (created_at, number) = after.unwrap_or((i64::MAX, i64::MAX));
    let rows = store
        .read(Statement::new(
            "SELECT number, id, subject, status, auto_registration, mode, der, not_before, not_after, created_at, \
             modified_at, customer_version, generation_id, template_body, role_arn, template_name \
             FROM ca_certificates WHERE realm = $1 AND (created_at, number) < ($2, $3) \
             AND (CAST($4 AS TEXT) IS NULL OR template_name = $4) ORDER BY created_at DESC, number DESC LIMIT $5",
            [
                realm.0.into(),
                created_at.into(),
                number.into(),
                template.into(),
                limit.into(),
            ],
        ))
        .await?;
    rows.iter().map(ca_certificate).collect()
}

fn ca_certificate(row: &Row) -> Result<CaCertificate, StoreError> {
    let (status, auto_registration, mode): (String, String, String) = (row.get(3)?, row.get(4)?, row.get(5)?);
    let subject: Vec<u8> = row.get(2)?;
    Ok(CaCertificate {
        number: row.get(0)?,
        id: certificate_id(row.get(1)?)?,
        subject: subject
            .try_into()
            .map_err(|_| StoreError::other("a subject's digest does not have 32 bytes"))?,
        status: status.parse().map_err(StoreError::other)?,
        auto_registration: auto_registration.parse().map_err(StoreError::other)?,
        mode: mode.parse().map_err(StoreError::other)?,
        der: row.get(6)?,
        not_before: row.get(7)?,
        not_after: row.get(8)?,
        created_at: row.get(9)?,
        modified_at: row.get(10)?,
        customer_version: row.get(11)?,
        generation_id: Uuid::from_slice(&row.get::<Vec<u8>>(12)?).map_err(StoreError::other)?,
        registration_config: RegistrationConfig {
            template_body: row.get(13)?,
            role_arn: row.get(14)?,
            template_name: row.get(15)?,
        },
    })
}
