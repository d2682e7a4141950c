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
    let subject = request.subject_to_issue();
    let issued = issue(deeds, Says::of_device(deeds, &subject), request.public_key()).await?;
    issued.into_record(deeds, status).await
}

/// Issues a certificate for a key. Its record is to become durable before anybody sees it.
pub(super) async fn issue_for_key(
    deeds: &Deeds,
    subject: &Name,
    public_key: &PublicKey,
    status: CertificateStatus,
) -> Result<Certificate, Fault> {
    let issued = issue(deeds, Says::of_device(deeds, subject), public_key).await?;
    issued.into_record(deeds, status).await
}

/// Registers a certificate that was issued.
pub(super) async fn record(
    deeds: &Deeds,
    realm: &RealmRecord,
    certificate: Certificate,
) -> Result<Certificate, Fault> {
    let tries = Tries::default();
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

/// What a certificate says beside whose key it is for.
pub(crate) struct Says<'a> {
    /// Under which name it is issued. Nobody looks for a certificate of that name: who may connect is looked up.
    pub(crate) issuer: &'a Name,
    /// Who is certified.
    pub(crate) subject: &'a Name,
    /// The last second of its validity.
    pub(crate) not_after: Timestamp,
}

impl<'a> Says<'a> {
    fn of_device(deeds: &'a Deeds, subject: &'a Name) -> Self {
        Self {
            issuer: deeds.authorities().device().certificate.subject(),
            subject,
            not_after: NOT_AFTER,
        }
    }
}

/// A certificate that was issued.
pub(crate) struct Issued {
    pub(crate) id: CertificateId,
    pub(crate) der: Vec<u8>,
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Issued {
    /// The record of it as a device's.
    async fn into_record(self, deeds: &Deeds, status: CertificateStatus) -> Result<Certificate, Fault> {
        let validity = (self.not_before, self.not_after);
        Certificate::record_of(
            deeds,
            (self.id, self.der),
            validity,
            status,
            CertificateMode::Default,
        )
        .await
    }
}

/// Builds, checks and signs. The signature leaves this node only after its record is durable.
pub(crate) async fn issue(deeds: &Deeds, says: Says<'_>, public_key: &PublicKey) -> Result<Issued, Fault> {
    let issuer = deeds.authorities().device();
    let mut serial_number = [0; 20];
    deeds.random().fill(&mut serial_number);
    let now = deeds.clock().now().as_seconds();
    let profile = Profile {
        serial_number,
        issuer: says.issuer,
        authority_key_id: &issuer.certificate.key_id_for_issuing(),
        algorithm: match issuer.signer.algorithm() {
            SignatureAlgorithm::EcdsaP256Sha256 => IssuingAlgorithm::EcdsaSha256,
            SignatureAlgorithm::RsaSha256 => IssuingAlgorithm::RsaSha256,
        },
        subject: says.subject,
        public_key,
        not_before: Timestamp::from_seconds(now).minus(BACKDATED),
        not_after: says.not_after,
    };
    let unsigned = profile.build().map_err(Fault::internal)?;
    lint(unsigned.to_be_signed(), &profile, says.subject, public_key).map_err(Fault::internal)?;
    let signature = issuer
        .signer
        .sign(unsigned.to_be_signed())
        .await
        .map_err(Fault::internal)?;
    let der = unsigned.assemble(&signature);
    let id = digest(&SHA256, &der);
    let id = CertificateId::from_sha256(id.as_ref().try_into().expect("SHA-256 has 32 bytes"));
    // What stands in it was read again before it was signed: it is what the profile says.
    Ok(Issued {
        id,
        der,
        not_before: profile.not_before,
        not_after: profile.not_after,
    })
}
