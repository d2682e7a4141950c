//! Listing certificates.

use thingsmith_model::CertificateId;

use super::{Certificate, rows};
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// Lists certificates by age, newest first unless `ascending`.
///
/// # Errors
/// `InvalidRequestException` for a marker that is not of this list.
pub async fn list_certificates(
    deeds: &Deeds,
    realm: &RealmRecord,
    ascending: bool,
    page: &PageRequest,
) -> Result<Page<Certificate>, Fault> {
    let list = if ascending {
        "ListCertificates ascending"
    } else {
        "ListCertificates"
    };
    let after: Option<(i64, i64)> = page.place(deeds, realm.realm, list)?;
    let found = if ascending {
        rows::page_ascending(deeds.store(), realm.realm, after, page.limit_and_one()).await?
    } else {
        rows::page_descending(deeds.store(), realm.realm, after, page.limit_and_one()).await?
    };
    page.cut(deeds, realm.realm, list, found, |last| {
        (last.created_at.as_millis(), last.number)
    })
}

/// Lists the certificates that were registered under a CA certificate by age, newest first unless `ascending`. A CA
/// certificate that is not there has none, and one that was deleted keeps its own.
///
/// # Errors
/// `InvalidRequestException` for a marker that is not of this list.
pub async fn list_certificates_by_ca(
    deeds: &Deeds,
    realm: &RealmRecord,
    ca: &CertificateId,
    ascending: bool,
    page: &PageRequest,
) -> Result<Page<Certificate>, Fault> {
    let order = if ascending { " ascending" } else { "" };
    let list = format!("ListCertificatesByCA {ca}{order}");
    let after: Option<(i64, i64)> = page.place(deeds, realm.realm, &list)?;
    let (store, limit) = (deeds.store(), page.limit_and_one());
    let found = if ascending {
        rows::page_by_ca_ascending(store, realm.realm, ca, after, limit).await?
    } else {
        rows::page_by_ca_descending(store, realm.realm, ca, after, limit).await?
    };
    page.cut(deeds, realm.realm, &list, found, |last| {
        (last.created_at.as_millis(), last.number)
    })
}
