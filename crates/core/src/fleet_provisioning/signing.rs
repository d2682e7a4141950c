//! Who signs what a device asks for.

use thingsmith_model::CertificateStatus;

use super::Claimant;
use crate::certificates::{self, Certificate};
use crate::{Deeds, Fault};

/// Has a certificate signed for a certificate signing request that came over MQTT. Its record is to become durable before
/// anybody sees it.
///
/// # Errors
/// `InvalidRequestException` for a request that no certificate can be issued for.
pub(super) async fn sign(deeds: &Deeds, _claimant: &Claimant, csr: &str) -> Result<Certificate, Fault> {
    certificates::issue_from_csr(deeds, csr, CertificateStatus::PendingActivation).await
}
