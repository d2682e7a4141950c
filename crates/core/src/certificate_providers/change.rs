//! Changing and deleting a certificate provider.

use thingsmith_ports::Batch;

use super::{CertificateProvider, check_function, not_found, rows};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tags;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// What of a certificate provider changes; what is not given stays.
#[derive(Debug, Clone, Default)]
pub struct CertificateProviderUpdate {
    /// The function that signs.
    pub function_arn: Option<String>,
    /// The operation whose requests it signs.
    pub operation: Option<String>,
}

/// Changes a certificate provider. The next request is signed by what it says then.
///
/// # Errors
/// `ResourceNotFoundException`; `InvalidRequestException` for a function of another account or region.
pub async fn update_certificate_provider(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &str,
    update: &CertificateProviderUpdate,
) -> Result<(), Fault> {
    if let Some(function_arn) = &update.function_arn {
        check_function(realm, function_arn)?;
    }
    let tries = Tries::default();
    tries
        .change(deeds.store(), || update_once(deeds, realm, name, update, &tries))
        .await
}

async fn update_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &str,
    update: &CertificateProviderUpdate,
    tries: &Tries,
) -> Result<(), Attempt> {
    let found = find(deeds, realm, name).await?;
    let mut batch = Batch::new();
    let settings = (update.function_arn.as_deref(), update.operation.as_deref());
    rows::update(
        &mut batch,
        realm.realm,
        found.number,
        settings,
        deeds.clock().now(),
    );
    // Whoever signs reads the provider; nobody keeps it.
    deeds
        .commit_change(batch, realm.realm, Change::Unseen(found.number), tries)
        .await
}

/// Deletes a certificate provider. The next request is signed by the server's own authority.
///
/// # Errors
/// `ResourceNotFoundException`
pub async fn delete_certificate_provider(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &str,
) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || delete_once(deeds, realm, name, &tries))
        .await
}

async fn delete_once(deeds: &Deeds, realm: &RealmRecord, name: &str, tries: &Tries) -> Result<(), Attempt> {
    let found = find(deeds, realm, name).await?;
    let mut batch = Batch::new();
    rows::delete(&mut batch, realm.realm, found.number);
    tags::rows::delete_all(&mut batch, realm.realm, found.number);
    deeds
        .commit_change(batch, realm.realm, Change::Unseen(found.number), tries)
        .await
}

async fn find(deeds: &Deeds, realm: &RealmRecord, name: &str) -> Result<CertificateProvider, Attempt> {
    let found = rows::find(deeds.store(), realm.realm, name).await?;
    found.ok_or_else(|| not_found(name).into())
}
