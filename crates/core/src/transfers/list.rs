//! Reading transfers.

use super::{Transfer, rows};
use crate::certificates::Certificate;
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// What is known of the newest transfer of a certificate. One that an earlier registration of it went away by is not
/// this one's.
///
/// # Errors
/// When the store fails.
pub async fn transfer_of(
    deeds: &Deeds,
    realm: &RealmRecord,
    certificate: &Certificate,
) -> Result<Option<Transfer>, Fault> {
    let found = rows::find(deeds.store(), realm.realm, &certificate.id).await?;
    Ok(found.filter(|transfer| transfer.number == certificate.number))
}

/// Lists the certificates that wait for another account to take them, by their age, newest first unless `ascending`.
///
/// # Errors
/// `InvalidRequestException` for a marker that is not of this list.
pub async fn list_outgoing_certificates(
    deeds: &Deeds,
    realm: &RealmRecord,
    ascending: bool,
    page: &PageRequest,
) -> Result<Page<Transfer>, Fault> {
    let list = if ascending {
        "ListOutgoingCertificates ascending"
    } else {
        "ListOutgoingCertificates"
    };
    let after: Option<(i64, i64)> = page.place(deeds, realm.realm, list)?;
    let (store, limit) = (deeds.store(), page.limit_and_one());
    let found = if ascending {
        rows::page_of_outgoing_ascending(store, realm.realm, after, limit).await?
    } else {
        rows::page_of_outgoing_descending(store, realm.realm, after, limit).await?
    };
    page.cut(deeds, realm.realm, list, found, |last| {
        (last.created_at.as_millis(), last.number)
    })
}
