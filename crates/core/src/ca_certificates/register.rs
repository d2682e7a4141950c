//! Registering a CA certificate.

use thingsmith_model::{AutoRegistrationStatus, CaCertificateStatus, CertificateMode};
use thingsmith_ports::{Batch, StoreError};
use thingsmith_x509::{Certificate, CertificateError, check_ca_certificate, verify_signed_by};

use super::{CaCertificate, RegistrationConfig, rows, subject_digest};
use crate::fault::sentence;
use crate::realms::RealmRecord;
use crate::registration_codes;
use crate::tags::{self, Tags};
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// CA certificates with the same subject in a realm (AWS's quota "Maximum number of CA certificates with the same subject
/// field allowed per AWS account per Region").
const WITH_THE_SAME_SUBJECT: i64 = 10;

/// A CA certificate to register.
#[derive(Debug)]
pub struct NewCaCertificate {
    /// The certificate, PEM.
    pub certificate: String,
    /// A certificate with the realm's registration code, signed by the CA's key, PEM. The mode DEFAULT needs it.
    pub verification: Option<String>,
    /// DEFAULT gives the CA to one account of the region; SNI_ONLY to any that registers it.
    pub mode: CertificateMode,
    /// Whether certificates may be registered under it from now on.
    pub status: CaCertificateStatus,
    /// Whether they are when devices first connect.
    pub auto_registration: AutoRegistrationStatus,
    /// What becomes of such devices.
    pub registration_config: RegistrationConfig,
    /// Its tags.
    pub tags: Tags,
}

/// Registers a CA certificate.
///
/// # Errors
/// `InvalidRequestException` for members that do not go together, `CertificateValidationException` for what is no CA
/// certificate that can be used or a verification certificate that its key did not sign,
/// `RegistrationCodeValidationException` for one with another code, `ResourceAlreadyExistsException` when the account has
/// the CA certificate (in the mode DEFAULT: or another of the region has), `LimitExceededException` for an eleventh with
/// the same subject, `ResourceNotFoundException` for a template that is not there.
pub async fn register_ca_certificate(
    deeds: &Deeds,
    realm: &RealmRecord,
    new: NewCaCertificate,
) -> Result<CaCertificate, Fault> {
    let certificate = read(deeds, "caCertificate", &new.certificate)?;
    check_ca_certificate(&certificate).map_err(|cause| wrong("caCertificate", &cause))?;
    new.registration_config.check()?;
    match (new.mode, &new.verification) {
        (CertificateMode::Default, Some(verification)) => {
            verify(deeds, realm, &certificate, verification).await?;
        }
        (CertificateMode::SniOnly, None) => {}
        (CertificateMode::Default, None) => {
            return Err(Fault::invalid(
                "verificationCertificate is needed for certificateMode DEFAULT.",
            ));
        }
        (CertificateMode::SniOnly, Some(_)) => {
            return Err(Fault::invalid(
                "verificationCertificate cannot be given with certificateMode SNI_ONLY.",
            ));
        }
    }
    let now = deeds.clock().now();
    let record = CaCertificate {
        number: deeds.number().await?,
        id: certificate.id(),
        subject: subject_digest(certificate.subject()),
        status: new.status,
        auto_registration: new.auto_registration,
        mode: new.mode,
        der: certificate.der().to_vec(),
        not_before: certificate.not_before(),
        not_after: certificate.not_after(),
        created_at: now,
        modified_at: now,
        customer_version: 1,
        generation_id: deeds.uuid(),
        registration_config: new.registration_config,
    };
    let tries = Tries::default();
    loop {
        let outcome = register_once(deeds, realm, &record, &new.tags).await;
        if let Some(done) = tries.settle(outcome).await? {
            return Ok(done);
        }
    }
}

async fn register_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    record: &CaCertificate,
    tags: &Tags,
) -> Result<CaCertificate, Attempt> {
    let mut batch = Batch::new();
    // Always the subject before the CA certificate, so that two batches never wait for each other.
    rows::count_up(&mut batch, realm.realm, &record.subject, WITH_THE_SAME_SUBJECT);
    rows::insert(&mut batch, realm, record);
    tags::rows::insert(&mut batch, realm.realm, record.number, tags);
    match record
        .registration_config
        .hold_template(deeds, realm, &mut batch)
        .await
    {
        Ok(()) => {}
        // A template that is gone by now does not undo a registration whose commit was not answered.
        Err(fault) => return already_there(deeds, realm, record, fault).await,
    }
    let error = match deeds.commit(batch).await {
        Ok(_) => return Ok(record.clone()),
        Err(error) => error,
    };
    if !matches!(error, StoreError::Duplicate(_) | StoreError::Guard(_)) {
        return Err(error.into());
    }
    match rows::find(deeds.store(), realm.realm, &record.id).await? {
        // This very registration, whose commit was not answered.
        Some(existing) if existing.number == record.number => return Ok(existing),
        Some(existing) => {
            return Err(already_registered()
                .with("resourceId", existing.id)
                .with("resourceArn", existing.arn(realm))
                .into());
        }
        None => {}
    }
    let claimed = record.mode == CertificateMode::Default
        && rows::is_claimed(deeds.store(), &realm.region, &record.id).await?;
    if claimed {
        // Whose it is, is nobody else's business.
        return Err(already_registered().with("resourceId", record.id).into());
    }
    let holders = rows::holders(deeds.store(), realm.realm, &record.subject).await?;
    if holders >= WITH_THE_SAME_SUBJECT {
        return Err(Fault::new(
            Code::LimitExceeded,
            format!("{holders} CA certificates have the subject of caCertificate, the most that may."),
        )
        .into());
    }
    // Deleted in between.
    Err(error.into())
}

/// A fault of a later try, unless this very CA certificate was registered by one before it.
async fn already_there(
    deeds: &Deeds,
    realm: &RealmRecord,
    record: &CaCertificate,
    fault: Fault,
) -> Result<CaCertificate, Attempt> {
    match rows::find(deeds.store(), realm.realm, &record.id).await? {
        Some(existing) if existing.number == record.number => Ok(existing),
        _ => Err(fault.into()),
    }
}

fn already_registered() -> Fault {
    Fault::new(
        Code::ResourceAlreadyExists,
        "The CA certificate is already registered",
    )
}

/// Verifies that whoever registers has the CA's key: it signed a certificate whose common name is the realm's code.
async fn verify(
    deeds: &Deeds,
    realm: &RealmRecord,
    authority: &Certificate,
    verification: &str,
) -> Result<(), Fault> {
    const MEMBER: &str = "verificationCertificate";
    let verification = read(deeds, MEMBER, verification)?;
    verify_signed_by(&verification, authority).map_err(|cause| wrong(MEMBER, &cause))?;
    let code = registration_codes::rows::find(deeds.store(), realm.realm).await?;
    let named = verification.subject().common_name();
    let same = code.zip(named).is_some_and(|(code, named)| {
        aws_lc_rs::constant_time::verify_slices_are_equal(code.as_bytes(), named.as_bytes()).is_ok()
    });
    if same {
        Ok(())
    } else {
        Err(Fault::new(
            Code::RegistrationCodeValidation,
            "The common name of verificationCertificate is not the registration code of this account and region.",
        ))
    }
}

/// Reads a certificate that is not expired.
fn read(deeds: &Deeds, member: &str, pem: &str) -> Result<Certificate, Fault> {
    let certificate = Certificate::from_pem(pem).map_err(|cause| wrong(member, &cause))?;
    if certificate.not_after() < deeds.clock().now() {
        return Err(Fault::new(
            Code::CertificateValidation,
            format!("{member}: The certificate has expired."),
        ));
    }
    Ok(certificate)
}

fn wrong(member: &str, cause: &CertificateError) -> Fault {
    Fault::new(
        Code::CertificateValidation,
        format!("{member}: {}", sentence(cause)),
    )
}
