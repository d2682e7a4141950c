//! Operations on client certificates.

mod create_certificate_from_csr;
mod delete_certificate;
mod describe_certificate;
mod list_certificates;
mod register_certificate_without_ca;
mod update_certificate;

use serde::{Deserialize, Deserializer};
use thingsmith_model::CertificateId;

pub use create_certificate_from_csr::CreateCertificateFromCsr;
pub use delete_certificate::DeleteCertificate;
pub use describe_certificate::DescribeCertificate;
pub use list_certificates::ListCertificates;
pub use register_certificate_without_ca::RegisterCertificateWithoutCA;
pub use update_certificate::UpdateCertificate;

/// Reads a certificate id into its one form, so that a policy that names the certificate matches however a caller writes
/// the digits.
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CertificateId, D::Error> {
    String::deserialize(deserializer)?
        .parse()
        .map_err(serde::de::Error::custom)
}
