//! Issuing a certificate. This is the only place where the issuing CA's key signs.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use thingsmith_model::{CertificateId, CertificateMode, CertificateStatus, Timestamp};
use thingsmith_ports::{Batch, SignatureAlgorithm, StoreError};
use thingsmith_x509::{CertificateSigningRequest, IssuingAlgorithm, Name, Profile, PublicKey, lint};

use super::{Certificate, rows};
use crate::fault::sentence;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// How far before now a certificate's validity begins, as AWS has it: devices' clocks are behind.
const BACKDATED: Duration = Duration::from_secs(120);
/// 2049-12-31T23:59:59Z, when every certificate that AWS issues ends (guide, "X.509 client certificates").
const NOT_AFTER: Timestamp = Timestamp::from_seconds(2_524_607_999);

/// Issues a certificate for the key and the subject of a certificate signing request, and registers it. The same
/// request again gives another certificate.
///
/// # Errors
/// `InvalidRequestException` for a request that cannot be read, is not signed by its own key, or whose key is weak or of a
/// kind that AWS does not take.
pub async fn create_certificate_from_csr(
    deeds: &Deeds,
    realm: &RealmRecord,
    csr: &str,
    status: CertificateStatus,
) -> Result<Certificate, Fault> {
    let certificate = issue_from_csr(deeds, csr, status).await?;
    record(deeds, realm, certificate).await
}

/// Issues a certificate for a certificate signing request. Its record is to become durable before anybody sees it.
///
/// # Errors
/// As [`create_certificate_from_csr`].
pub(crate) async fn issue_from_csr(
    deeds: &Deeds,
    csr: &str,
    status: CertificateStatus,
) -> Result<Certificate, Fault> {
    let request = CertificateSigningRequest::from_pem(csr)
        .map_err(|wrong| Fault::invalid(format!("certificateSigningRequest: {}", sentence(&wrong))))?;
    issue(deeds, &request.subject_to_issue(), request.public_key(), status).await
}

/// Issues a certificate and registers it.
pub(super) async fn issue_and_record(
    deeds: &Deeds,
    realm: &RealmRecord,
    subject: &Name,
    public_key: &PublicKey,
    status: CertificateStatus,
) -> Result<Certificate, Fault> {
    let certificate = issue(deeds, subject, public_key, status).await?;
    record(deeds, realm, certificate).await
}

async fn record(deeds: &Deeds, realm: &RealmRecord, certificate: Certificate) -> Result<Certificate, Fault> {
    let mut tries = Tries::default();
    loop {
        let outcome = record_once(deeds, realm, &certificate).await;
        if let Some(done) = tries.settle(outcome).await? {
            return Ok(done);
        }
    }
}

async fn record_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    certificate: &Certificate,
) -> Result<Certificate, Attempt> {
    let mut batch = Batch::new();
    rows::insert(&mut batch, realm.realm, certificate);
    match deeds.commit(batch).await {
        Ok(_) => Ok(certificate.clone()),
        // The serial number is random: a certificate that is there is this one, whose commit was not answered.
        Err(StoreError::Duplicate(step)) => rows::find(deeds.store(), realm.realm, &certificate.id)
            .await?
            .filter(|found| found.number == certificate.number)
            .ok_or_else(|| StoreError::Duplicate(step).into()),
        Err(error) => Err(error.into()),
    }
}

/// Builds, checks and signs a certificate, and gives back its record. The signature leaves this node only after its record is durable.
async fn issue(
    deeds: &Deeds,
    subject: &Name,
    public_key: &PublicKey,
    status: CertificateStatus,
) -> Result<Certificate, Fault> {
    let issuer = deeds.authorities().device();
    let mut serial_number = [0; 20];
    deeds.random().fill(&mut serial_number);
    let now = deeds.clock().now();
    let profile = Profile {
        serial_number,
        issuer: issuer.certificate.subject(),
        authority_key_id: &issuer.certificate.key_id_for_issuing(),
        algorithm: match issuer.signer.algorithm() {
            SignatureAlgorithm::EcdsaP256Sha256 => IssuingAlgorithm::EcdsaSha256,
            SignatureAlgorithm::RsaSha256 => IssuingAlgorithm::RsaSha256,
        },
        subject,
        public_key,
        not_before: Timestamp::from_seconds(now.as_seconds()).minus(BACKDATED),
        not_after: NOT_AFTER,
    };
    let unsigned = profile.build().map_err(Fault::internal)?;
    lint(unsigned.to_be_signed(), &profile, subject, public_key).map_err(Fault::internal)?;
    let signature = issuer
        .signer
        .sign(unsigned.to_be_signed())
        .await
        .map_err(Fault::internal)?;
    let der = unsigned.assemble(&signature);
    let id = digest(&SHA256, &der);
    let id = CertificateId::from_sha256(id.as_ref().try_into().expect("SHA-256 has 32 bytes"));
    // What stands in it was read again before it was signed: it is what the profile says.
    Ok(Certificate {
        number: deeds.number().await?,
        id,
        status,
        mode: CertificateMode::Default,
        ca: None,
        previous_owner: None,
        der,
        not_before: profile.not_before,
        not_after: profile.not_after,
        created_at: now,
        modified_at: now,
        customer_version: 1,
        generation_id: deeds.uuid(),
    })
}
