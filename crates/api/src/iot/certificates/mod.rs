//! Operations on client certificates.

mod create_certificate_from_csr;
mod create_keys_and_certificate;
mod delete_certificate;
mod describe_certificate;
mod list_certificates;
mod list_certificates_by_ca;
mod register_certificate;
mod register_certificate_without_ca;
mod update_certificate;

use serde::{Deserialize, Deserializer, Serialize};
use thingsmith_core::certificates::DeviceKey;
use thingsmith_model::{CertificateId, CertificateStatus, Timestamp};

pub use create_certificate_from_csr::CreateCertificateFromCsr;
pub use create_keys_and_certificate::CreateKeysAndCertificate;
pub use delete_certificate::DeleteCertificate;
pub use describe_certificate::DescribeCertificate;
pub use list_certificates::ListCertificates;
pub use list_certificates_by_ca::ListCertificatesByCA;
pub use register_certificate::RegisterCertificate;
pub use register_certificate_without_ca::RegisterCertificateWithoutCA;
pub use update_certificate::UpdateCertificate;

/// AWS's `CertificateValidity`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Validity {
    not_before: f64,
    not_after: f64,
}

impl Validity {
    pub(super) fn new(not_before: Timestamp, not_after: Timestamp) -> Self {
        Self {
            not_before: not_before.as_seconds_f64(),
            not_after: not_after.as_seconds_f64(),
        }
    }
}

/// AWS's `KeyPair`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct KeyPair {
    public_key: String,
    private_key: String,
}

impl From<DeviceKey> for KeyPair {
    fn from(key: DeviceKey) -> Self {
        Self {
            public_key: key.public_key,
            private_key: key.private_key.to_string(),
        }
    }
}

/// The status that `setAsActive` asks for.
pub(super) fn status(set_as_active: Option<bool>) -> CertificateStatus {
    match set_as_active {
        Some(true) => CertificateStatus::Active,
        Some(false) | None => CertificateStatus::Inactive,
    }
}

/// Reads a certificate id into its one form, so that a policy that names the certificate matches however a caller writes
/// the digits.
pub(super) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CertificateId, D::Error> {
    String::deserialize(deserializer)?
        .parse()
        .map_err(serde::de::Error::custom)
}
