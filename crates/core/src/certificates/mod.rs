//! Client certificates: issued from a CSR or registered, and what becomes of them.

mod delete;
mod describe;
mod issue;
mod list;
mod principal;
mod register;
pub mod rows;
mod update;

use thingsmith_model::{CertificateId, CertificateMode, CertificateStatus, Resource, Timestamp};
use uuid::Uuid;

pub use delete::delete_certificate;
pub use describe::describe_certificate;
pub use issue::create_certificate_from_csr;
pub use list::list_certificates;
pub use principal::find_principal;
pub use register::register_certificate_without_ca;
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
    async fn record(
        deeds: &Deeds,
        certificate: &thingsmith_x509::Certificate,
        status: CertificateStatus,
        mode: CertificateMode,
    ) -> Result<Self, Fault> {
        let now = deeds.clock().now();
        Ok(Self {
            number: deeds.number().await?,
            id: certificate.id(),
            status,
            mode,
            der: certificate.der().to_vec(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
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

fn not_found(id: &CertificateId) -> Fault {
    Fault::not_found(format!("Certificate {id} not found."))
}
