//! The SQL of certificates.

use thingsmith_model::{Account, CertificateId, CertificateStatus, Realm, Timestamp};
use thingsmith_ports::{Batch, Hold, Row, Statement, Store, StoreError};
use uuid::Uuid;

use super::Certificate;
use crate::things::rows::certificate_id;

/// What [`certificate`] reads of a row, first of what a statement selects, of the table `c`.
macro_rules! certificate_columns {
    () => {
        "c.number, c.id, c.status, c.mode, c.ca, c.previous_owner, c.der, c.not_before, c.not_after, c.created_at, \
         c.modified_at, c.customer_version, c.generation_id"
    };
}
pub(crate) use certificate_columns;

/// The certificate of this id.
pub async fn find(
    store: &dyn Store,
    realm: Realm,
    id: &CertificateId,
) -> Result<Option<Certificate>, StoreError> {
    let rows = store
        .read(Statement::new(
            concat!(
                "SELECT ",
                certificate_columns!(),
                " FROM certificates c WHERE id = $1 AND realm = $2"
            ),
            [id.as_bytes().as_slice().into(), realm.0.into()],
        ))
        .await?;
    rows.first().map(certificate).transpose()
}

/// What admits a certificate.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The realm of this registration.
    pub realm: Realm,
    /// Names the certificate in attachments.
    pub number: i64,
    /// Only an active one may connect.
    pub status: CertificateStatus,
}

/// The certificate's registrations in any realm that need no SNI, at most two: a second one makes the realm ambiguous.
///
/// This is the one statement that looks at every realm: nothing but the certificate says which one a connection without
/// a server name belongs to.
pub async fn standings_without_server_name(
    store: &dyn Store,
    id: &CertificateId,
) -> Result<Vec<Standing>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT realm, number, status FROM certificates WHERE id = $1 AND mode = 'DEFAULT' ORDER BY realm LIMIT 2",
            [id.as_bytes().as_slice().into()],
        ))
        .await?;
    rows.iter().map(to_standing).collect()
}

/// Adds a certificate. One that the realm has makes the batch a duplicate.
pub fn insert(batch: &mut Batch, realm: Realm, certificate: &Certificate) {
    batch.execute(Statement::new(
        "INSERT INTO certificates (number, realm, id, status, mode, der, not_before, not_after, created_at, \
         modified_at, customer_version, generation_id, ca, previous_owner) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        [
            certificate.number.into(),
            realm.0.into(),
            certificate.id.as_bytes().as_slice().into(),
            certificate.status.as_str().into(),
            certificate.mode.as_str().into(),
            certificate.der.as_slice().into(),
            certificate.not_before.into(),
            certificate.not_after.into(),
            certificate.created_at.into(),
            certificate.modified_at.into(),
            certificate.customer_version.into(),
            certificate.generation_id.as_bytes().as_slice().into(),
            certificate.ca.as_ref().map(|id| id.as_bytes().as_slice()).into(),
            certificate.previous_owner.as_ref().map(Account::as_str).into(),
        ],
    ));
}

/// Gives a certificate another status, provided that it still is as `before` says.
pub fn update_status(
    batch: &mut Batch,
    realm: Realm,
    before: &Certificate,
    status: CertificateStatus,
    at: Timestamp,
    generation_id: Uuid,
) {
    batch.guard(
        Statement::new(
            "UPDATE certificates SET status = $4, modified_at = $5, customer_version = customer_version + 1, \
             generation_id = $6 WHERE realm = $1 AND number = $2 AND customer_version = $3",
            [
                realm.0.into(),
                before.number.into(),
                before.customer_version.into(),
                status.as_str().into(),
                at.into(),
                generation_id.as_bytes().as_slice().into(),
            ],
        ),
        1,
    );
}

/// Deletes a certificate to which no thing and no policy is attached, provided that it still is as `before` says.
pub fn delete(batch: &mut Batch, realm: Realm, before: &Certificate) {
    batch.guard(
        Statement::new(
            "DELETE FROM certificates WHERE realm = $1 AND number = $2 AND customer_version = $3 \
             AND NOT EXISTS (SELECT 1 FROM thing_principals WHERE realm = $1 AND principal = $2) \
             AND NOT EXISTS (SELECT 1 FROM policy_attachments WHERE realm = $1 AND target = $2)",
            [
                realm.0.into(),
                before.number.into(),
                before.customer_version.into(),
            ],
        ),
        1,
    );
}

/// Holds a certificate's row, unless it is on its way to another account: then nothing may be hung on it.
pub fn hold(batch: &mut Batch, realm: Realm, number: i64, hold: Hold) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM certificates WHERE realm = $1 AND number = $2 AND status <> 'PENDING_TRANSFER'",
            [realm.0.into(), number.into()],
        ),
        hold,
    );
}

/// Holds the row of a certificate that is active.
pub fn hold_active(batch: &mut Batch, realm: Realm, number: i64) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM certificates WHERE realm = $1 AND number = $2 AND status = 'ACTIVE'",
            [realm.0.into(), number.into()],
        ),
        Hold::Shared,
    );
}

/// Whether any thing and whether any policy is attached to a certificate.
pub async fn attachments(store: &dyn Store, realm: Realm, number: i64) -> Result<(bool, bool), StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT CASE WHEN EXISTS (SELECT 1 FROM thing_principals WHERE realm = $1 AND principal = $2) \
             THEN 1 ELSE 0 END, \
             CASE WHEN EXISTS (SELECT 1 FROM policy_attachments WHERE realm = $1 AND target = $2) THEN 1 ELSE 0 END",
            [realm.0.into(), number.into()],
        ))
        .await?;
    let row = rows
        .first()
        .ok_or_else(|| StoreError::other("a select without a table gave no row"))?;
    Ok((row.get::<i64>(0)? == 1, row.get::<i64>(1)? == 1))
}

/// A page of certificates, oldest first, after `after`.
pub async fn page_ascending(
    store: &dyn Store,
    realm: Realm,
    after: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<Certificate>, StoreError> {
    let (created_at, number) = after.unwrap_or((i64::MIN, i64::MIN));
    let rows = store
        .read(Statement::new(
            concat!(
                "SELECT ",
                certificate_columns!(),
                " FROM certificates c WHERE realm = $1 AND (created_at, number) > ($2, $3) \
                 ORDER BY created_at, number LIMIT $4"
            ),
            [realm.0.into(), created_at.into(), number.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(certificate).collect()
}

/// A page of certificates, newest first, after `after`.
pub async fn page_descending(
    store: &dyn Store,
    realm: Realm,
    after: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<Certificate>, StoreError> {
    let (created_at, number) = after.unwrap_or((i64::MAX, i64::MAX));
    let rows = store
        .read(Statement::new(
            concat!(
                "SELECT ",
                certificate_columns!(),
                " FROM certificates c WHERE realm = $1 AND (created_at, number) < ($2, $3) \
                 ORDER BY created_at DESC, number DESC LIMIT $4"
            ),
            [realm.0.into(), created_at.into(), number.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(certificate).collect()
}

/// A page of the certificates that were registered under a CA certificate, oldest first, after `after`.
pub async fn page_by_ca_ascending(
    store: &dyn Store,
    realm: Realm,
    ca: &CertificateId,
    after: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<Certificate>, StoreError> {
    let (created_at, number) = after.unwrap_or((i64::MIN, i64::MIN));
    let rows = store
        .read(Statement::new(
            concat!(
                "SELECT ",
                certificate_columns!(),
                " FROM certificates c WHERE realm = $1 AND ca = $2 AND (created_at, number) > ($3, $4) \
                 ORDER BY created_at, number LIMIT $5"
            ),
            [
                realm.0.into(),
                ca.as_bytes().as_slice().into(),
                created_at.into(),
                number.into(),
                limit.into(),
            ],
        ))
        .await?;
    rows.iter().map(certificate).collect()
}

/// A page of the certificates that were registered under a CA certificate, newest first, after `after`.
pub async fn page_by_ca_descending(
    store: &dyn Store,
    realm: Realm,
    ca: &CertificateId,
    after: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<Certificate>, StoreError> {
    let (created_at, number) = after.unwrap_or((i64::MAX, i64::MAX));
    let rows = store
        .read(Statement::new(
            concat!(
                "SELECT ",
                certificate_columns!(),
                " FROM certificates c WHERE realm = $1 AND ca = $2 AND (created_at, number) < ($3, $4) \
                 ORDER BY created_at DESC, number DESC LIMIT $5"
            ),
            [
                realm.0.into(),
                ca.as_bytes().as_slice().into(),
                created_at.into(),
                number.into(),
                limit.into(),
            ],
        ))
        .await?;
    rows.iter().map(certificate).collect()
}

/// Puts an inactive certificate on its way to another account, provided that it still is as `before` says and nothing
/// hangs on it. It must be held exclusively in an earlier step.
pub fn send(batch: &mut Batch, realm: Realm, before: &Certificate, at: Timestamp, generation_id: Uuid) {
    batch.guard(
        Statement::new(
            "UPDATE certificates SET status = 'PENDING_TRANSFER', modified_at = $4, \
             customer_version = customer_version + 1, generation_id = $5 \
             WHERE realm = $1 AND number = $2 AND customer_version = $3 \
             AND NOT EXISTS (SELECT 1 FROM thing_principals WHERE realm = $1 AND principal = $2) \
             AND NOT EXISTS (SELECT 1 FROM policy_attachments WHERE realm = $1 AND target = $2)",
            [
                realm.0.into(),
                before.number.into(),
                before.customer_version.into(),
                at.into(),
                generation_id.as_bytes().as_slice().into(),
            ],
        ),
        1,
    );
}

/// Gives a certificate whose transfer has ended its status in the realm that has it from now on.
pub fn settle(
    batch: &mut Batch,
    realm: Realm,
    id: &CertificateId,
    status: CertificateStatus,
    at: Timestamp,
    generation_id: Uuid,
) {
    batch.guard(
        Statement::new(
            "UPDATE certificates SET status = $3, modified_at = $4, customer_version = customer_version + 1, \
             generation_id = $5 \
             WHERE realm = $1 AND id = $2 AND status = 'PENDING_TRANSFER'",
            [
                realm.0.into(),
                id.as_bytes().as_slice().into(),
                status.as_str().into(),
                at.into(),
                generation_id.as_bytes().as_slice().into(),
            ],
        ),
        1,
    );
}

/// Deletes a certificate whose transfer has ended from the realm that does not have it any more.
pub fn give_up(batch: &mut Batch, realm: Realm, id: &CertificateId) {
    batch.guard(
        Statement::new(
            "DELETE FROM certificates WHERE realm = $1 AND id = $2 AND status = 'PENDING_TRANSFER'",
            [realm.0.into(), id.as_bytes().as_slice().into()],
        ),
        1,
    );
}

fn to_standing(row: &Row) -> Result<Standing, StoreError> {
    let status: String = row.get(2)?;
    Ok(Standing {
        realm: Realm(row.get(0)?),
        number: row.get(1)?,
        status: status.parse().map_err(StoreError::other)?,
    })
}

/// Reads the columns of `certificate_columns`.
pub(crate) fn certificate(row: &Row) -> Result<Certificate, StoreError> {
    let (status, mode): (String, String) = (row.get(2)?, row.get(3)?);
    let (ca, previous_owner): (Option<Vec<u8>>, Option<String>) = (row.get(4)?, row.get(5)?);
    Ok(Certificate {
        number: row.get(0)?,
        id: certificate_id(row.get(1)?)?,
        status: status.parse().map_err(StoreError::other)?,
        mode: mode.parse().map_err(StoreError::other)?,
        ca: ca.map(certificate_id).transpose()?,
        previous_owner: previous_owner
            .map(|account| account.parse())
            .transpose()
            .map_err(StoreError::other)?,
        der: row.get(6)?,
        not_before: row.get(7)?,
        not_after: row.get(8)?,
        created_at: row.get(9)?,
        modified_at: row.get(10)?,
        customer_version: row.get(11)?,
        generation_id: Uuid::from_slice(&row.get::<Vec<u8>>(12)?).map_err(StoreError::other)?,
    })
}
