//! Giving a trusted user a claim.

use std::fmt::Write;
use std::time::Duration;

use thingsmith_model::{CertificateId, TemplateName, Timestamp};
use thingsmith_ports::{Batch, Hold, StoreError};
use thingsmith_x509::{Name, NameAttribute};

use super::{ISSUER, ProvisioningClaim, rows};
use crate::certificates::{self, DeviceKey, Says};
use crate::provisioning_templates::{self, TemplateKind};
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// How long a claim is good (guide, "Provisioning by trusted user").
const LIFETIME: Duration = Duration::from_secs(5 * 60);

/// What a trusted user is given.
#[derive(Debug, Clone)]
pub struct Given {
    /// The id of the certificate.
    pub id: CertificateId,
    /// The certificate.
    pub pem: String,
    /// From when on it can do nothing.
    pub expires_at: Timestamp,
}

/// Makes a claim for a provisioning template, with an RSA-2048 key from the supply.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such template, `InvalidRequestException` for one of the type JITP,
/// `ThrottlingException` beyond ten a second, and when the supply of keys is used up.
pub async fn create_provisioning_claim(
    deeds: &Deeds,
    realm: &RealmRecord,
    template: &TemplateName,
) -> Result<(Given, DeviceKey), Fault> {
    let now = deeds.clock().now();
    // A template that cannot be costs no key.
    let number = find_template(deeds, realm, template).await?;
    deeds.claim_throttle().take(realm.realm, now)?;
    let (public_key, key) = certificates::take_key(deeds)?;
    // A certificate says whole seconds.
    let expires_at = Timestamp::from_seconds(now.as_seconds()).plus(LIFETIME);
    let subject = Name::build(&[(NameAttribute::CommonName, &random_name(deeds))]);
    let says = Says {
        issuer: &ISSUER,
        subject: &subject,
        not_after: expires_at,
    };
    let issued = certificates::issue(deeds, says, &public_key).await?;
    let mut claim = ProvisioningClaim {
        number: deeds.number().await?,
        id: issued.id,
        template: number,
        issued_at: now,
        expires_at,
    };
    let tries = Tries::default();
    loop {
        let outcome = record_once(deeds, realm, template, &mut claim).await;
        if tries.settle(outcome).await?.is_some() {
            let given = Given {
                id: issued.id,
                pem: thingsmith_x509::pem_encode("CERTIFICATE", &issued.der),
                expires_at,
            };
            deeds.metrics().provisioning_claim();
            return Ok((given, key));
        }
    }
}

async fn record_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    template: &TemplateName,
    claim: &mut ProvisioningClaim,
) -> Result<(), Attempt> {
    // Anew with each try: the template may be gone, or be another of the same name.
    claim.template = find_template(deeds, realm, template).await?;
    let mut batch = Batch::new();
    provisioning_templates::rows::hold(&mut batch, realm.realm, claim.template, Hold::Shared);
    rows::insert(&mut batch, realm.realm, claim);
    match deeds.commit(batch).await {
        Ok(_) => Ok(()),
        // The serial number is random: a claim that is there is this one, whose commit was not answered.
        Err(StoreError::Duplicate(step)) => {
            let found = rows::find(deeds.store(), realm.realm, &claim.id).await?;
            match found {
                Some((found, _)) if found.number == claim.number => Ok(()),
                _ => Err(StoreError::Duplicate(step).into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// The number of a template with which devices can be provisioned by a claim. Whether it is enabled is asked of each device.
async fn find_template(deeds: &Deeds, realm: &RealmRecord, name: &TemplateName) -> Result<i64, Fault> {
    let found = provisioning_templates::rows::find(deeds.store(), realm.realm, name).await?;
    let found = found.ok_or_else(|| provisioning_templates::not_found(name.as_str()))?;
    match found.kind {
        TemplateKind::FleetProvisioning => Ok(found.number),
        TemplateKind::Jitp => Err(Fault::invalid(format!(
            "Provisioning template {name} is of the type JITP, not FLEET_PROVISIONING."
        ))),
    }
}

/// 64 digits that nobody can guess, as the common name of AWS's claims is.
fn random_name(deeds: &Deeds) -> String {
    let mut bytes = [0; 32];
    deeds.random().fill(&mut bytes);
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
