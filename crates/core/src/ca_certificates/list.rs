//! Reading CA certificates.

use thingsmith_model::CertificateId;

use super::{CaCertificate, not_found, rows};
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// Reads a CA certificate.
///
/// # Errors
/// `ResourceNotFoundException` when there is none of this id.
pub async fn describe_ca_certificate(
    deeds: &Deeds,
    realm: &RealmRecord,
    id: &CertificateId,
) -> Result<CaCertificate, Fault> {
    rows::find(deeds.store(), realm.realm, id)
        .await?
        .ok_or_else(|| not_found(id))
}

/// Lists CA certificates by age, newest first unless `ascending`; with a template's name those that use it.
///
/// # Errors
/// `InvalidRequestException` for a marker that is not of this list.
pub async fn list_ca_certificates(
    deeds: &Deeds,
    realm: &RealmRecord,
    template: Option<&str>,
    ascending: bool,
    page: &PageRequest,
) -> Result<Page<CaCertificate>, Fault> {
    let order = if ascending { "ascending" } else { "descending" };
    let list = format!("ListCACertificates {order} {}", template.unwrap_or_default());
    let after: Option<(i64, i64)> = page.place(deeds, realm.realm, &list)?;
    let (store, limit) = (deeds.store(), page.limit_and_one());
    let found = if ascending {
        rows::page_ascending(store, realm.realm, template, after, limit).await?
    } else {
        rows::page_descending(store, realm.realm, template, after, limit).await?
    };
    page.cut(deeds, realm.realm, &list, found, |last| {
        (last.created_at.as_millis(), last.number)
    })
}
