//! Client certificates: issued from a CSR or registered, and what becomes of them.

mod delete;
mod describe;
mod issue;
mod keys;
mod list;
mod principal;
mod register;
mod register_just_in_time;
mod register_under_ca;
pub mod rows;
mod update;

use thingsmith_model::{Account, CertificateId, CertificateMode, CertificateStatus, Resource, Timestamp};
use uuid::Uuid;

pub use delete::delete_certificate;
pub use describe::describe_certificate;
pub use issue::create_certificate_from_csr;
pub(crate) use issue::{Says, issue, issue_from_csr};
pub use keys::{DeviceKey, create_keys_and_certificate};
pub(crate) use keys::{issue_with_key, take_key};
pub use list::{list_certificates, list_certificates_by_ca};
pub(crate) use principal::check_attachable;
pub use principal::{find_attachable, find_principal};
pub use register::register_certificate_without_ca;
pub(crate) use register_just_in_time::{Registration, record_just_in_time, register_just_in_time};
pub use register_under_ca::register_certificate;
pub use update::update_certificate;

use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// A client certificate as the registry keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Names the certificate in attachments.
    pub number: i64,
    /// The SHA-256 of its DER.
    pub id: CertificateId,
    /// Only an active one may connect.
    pub status: CertificateStatus,
    /// How it finds its account.
    pub mode: CertificateMode,
    /// The registered CA certificate that it was registered under.
    pub ca: Option<CertificateId>,
    /// The account that it was transferred from.
    pub previous_owner: Option<Account>,
    /// The certificate.
    pub der: Vec<u8>,
    /// The beginning of its validity.
    pub not_before: Timestamp,
    /// The end of its validity.
    pub not_after: Timestamp,
    /// When it was made or registered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub modified_at: Timestamp,
    /// 1 when made, one more after each change.
    pub customer_version: i64,
    /// Changes with the certificate.
    pub generation_id: Uuid,
}

impl Certificate {
    /// The record of a certificate that is made or registered now.
    pub(crate) async fn record(
        deeds: &Deeds,
        certificate: &thingsmith_x509::Certificate,
        status: CertificateStatus,
        mode: CertificateMode,
    ) -> Result<Self, Fault> {
        let validity = (certificate.not_before(), certificate.not_after());
        let der = certificate.der().to_vec();
        Self::record_of(deeds, (certificate.id(), der), validity, status, mode).await
    }

    /// As [`Self::record`], of a certificate whose id and validity are known without reading it.
    async fn record_of(
        deeds: &Deeds,
        (id, der): (CertificateId, Vec<u8>),
        (not_before, not_after): (Timestamp, Timestamp),
        status: CertificateStatus,
        mode: CertificateMode,
    ) -> Result<Self, Fault> {
        let now = deeds.clock().now();
        Ok(Self {
            number: deeds.number().await?,
            id,
            status,
            mode,
            ca: None,
            previous_owner: None,
            der,
            not_before,
            not_after,
            created_at: now,
            modified_at: now,
            customer_version: 1,
            generation_id: deeds.uuid(),
        })
    }

    /// The certificate as PEM.
    pub fn pem(&self) -> String {
        thingsmith_x509::pem_encode("CERTIFICATE", &self.der)
    }

    /// Its ARN.
    pub fn arn(&self, realm: &RealmRecord) -> String {
        realm.arn(Resource::Certificate(self.id)).to_string()
    }
}

pub(crate) fn not_found(id: &CertificateId) -> Fault {
    Fault::not_found(format!("Certificate {id} not found."))
}
