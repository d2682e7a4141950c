//! Reading a certificate.

use thingsmith_model::CertificateId;

use super::{Certificate, not_found, rows};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// Reads a certificate.
///
/// # Errors
/// `ResourceNotFoundException` when there is none of this id.
pub async fn describe_certificate(
    deeds: &Deeds,
    realm: &RealmRecord,
    id: &CertificateId,
) -> Result<Certificate, Fault> {
    rows::find(deeds.store(), realm.realm, id)
        .await?
        .ok_or_else(|| not_found(id))
}
