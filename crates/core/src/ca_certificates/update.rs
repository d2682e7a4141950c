//! Changing a CA certificate.

use thingsmith_model::{AutoRegistrationStatus, CaCertificateStatus, CertificateId};
use thingsmith_ports::{Batch, Hold};

use super::{CaCertificate, RegistrationConfig, not_found, rows};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// What is to change of a CA certificate; what is not given stays.
#[derive(Debug, Default)]
pub struct CaUpdate {
    /// Whether certificates may be registered under it.
    pub status: Option<CaCertificateStatus>,
    /// Whether they are when devices first connect.
    pub auto_registration: Option<AutoRegistrationStatus>,
    /// What becomes of such devices, instead of what was said before.
    pub registration_config: RegistrationConfig,
    /// Ends auto registration and forgets what was said of it.
    pub remove_auto_registration: bool,
}

/// Changes a CA certificate. What changes nothing is harmless.
///
/// # Errors
/// `ResourceNotFoundException` when it is not there, or the template is not; `InvalidRequestException` for members that do
/// not go together.
pub async fn update_ca_certificate(
    deeds: &Deeds,
    realm: &RealmRecord,
    id: &CertificateId,
    update: &CaUpdate,
) -> Result<(), Fault> {
    if update.remove_auto_registration
        && (update.auto_registration == Some(AutoRegistrationStatus::Enable)
            || !update.registration_config.is_empty())
    {
        return Err(Fault::invalid(
            "removeAutoRegistration cannot be given with newAutoRegistrationStatus ENABLE or with registrationConfig.",
        ));
    }
    update.registration_config.check()?;
    let tries = Tries::default();
    tries
        .change(deeds.store(), || update_once(deeds, realm, id, update, &tries))
        .await
}

async fn update_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    id: &CertificateId,
    update: &CaUpdate,
    tries: &Tries,
) -> Result<(), Attempt> {
    let before = rows::find(deeds.store(), realm.realm, id)
        .await?
        .ok_or_else(|| not_found(id))?;
    let mut after = apply(&before, update);
    if after == before {
        return Ok(());
    }
    after.modified_at = deeds.clock().now();
    after.generation_id = deeds.uuid();
    let mut batch = Batch::new();
    // Whoever registers under it holds it too: what was registered before stays, what comes later is refused.
    rows::hold(&mut batch, realm.realm, before.number, Hold::Exclusive);
    rows::update(&mut batch, realm.realm, &after);
    update
        .registration_config
        .hold_template(deeds, realm, &mut batch)
        .await?;
    deeds
        .commit_change(batch, realm.realm, Change::CaCertificate(before.number), tries)
        .await
}

fn apply(before: &CaCertificate, update: &CaUpdate) -> CaCertificate {
    let mut after = before.clone();
    if let Some(status) = update.status {
        after.status = status;
    }
    if let Some(auto_registration) = update.auto_registration {
        after.auto_registration = auto_registration;
    }
    if !update.registration_config.is_empty() {
        after.registration_config = update.registration_config.clone();
    }
    if update.remove_auto_registration {
        after.auto_registration = AutoRegistrationStatus::Disable;
        after.registration_config = RegistrationConfig::default();
    }
    after
}
