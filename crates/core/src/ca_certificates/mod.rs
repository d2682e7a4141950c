//! CA certificates of customers: whose device certificates may be registered.

mod delete;
mod list;
mod register;
mod registration_config;
pub mod rows;
mod signer;
mod update;

use aws_lc_rs::digest::{SHA256, digest};
use thingsmith_model::{
    AutoRegistrationStatus, CaCertificateStatus, CertificateId, CertificateMode, Resource, Timestamp,
};
use thingsmith_x509::Name;
use uuid::Uuid;

pub use delete::delete_ca_certificate;
pub use list::{describe_ca_certificate, list_ca_certificates};
pub use register::{NewCaCertificate, register_ca_certificate};
pub use registration_config::RegistrationConfig;
pub(crate) use signer::find_signer;
pub use update::{CaUpdate, update_ca_certificate};

use crate::Fault;
use crate::realms::RealmRecord;

/// A CA certificate as the registry keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaCertificate {
    /// Names the CA certificate in holds.
    pub number: i64,
    /// The SHA-256 of its DER.
    pub id: CertificateId,
    /// The SHA-256 of its subject's DER.
    pub subject: [u8; 32],
    /// Only under an active one are certificates registered.
    pub status: CaCertificateStatus,
    /// Whether certificates are registered when devices first connect.
    pub auto_registration: AutoRegistrationStatus,
    /// How certificates that are registered under it find their account.
    pub mode: CertificateMode,
    /// The certificate.
    pub der: Vec<u8>,
    /// The beginning of its validity.
    pub not_before: Timestamp,
    /// The end of its validity.
    pub not_after: Timestamp,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub modified_at: Timestamp,
    /// 1 when registered, one more after each change.
    pub customer_version: i64,
    /// Changes with the certificate.
    pub generation_id: Uuid,
    /// What becomes of devices that first connect.
    pub registration_config: RegistrationConfig,
}

impl CaCertificate {
    /// The certificate as PEM.
    pub fn pem(&self) -> String {
        thingsmith_x509::pem_encode("CERTIFICATE", &self.der)
    }

    /// Its ARN.
    pub fn arn(&self, realm: &RealmRecord) -> String {
        realm.arn(Resource::CaCertificate(self.id)).to_string()
    }
}

/// What a subject is found by.
pub(crate) fn subject_digest(subject: &Name) -> [u8; 32] {
    digest(&SHA256, subject.der())
        .as_ref()
        .try_into()
        .expect("SHA-256 has 32 bytes")
}

fn not_found(id: &CertificateId) -> Fault {
    Fault::not_found(format!("CA certificate {id} not found."))
}
