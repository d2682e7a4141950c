//! Who signs what a device asks for.

use thingsmith_model::CertificateStatus;

use super::Claimant;
use crate::certificate_providers::{self, Requester};
use crate::certificates::Certificate;
use crate::{Deeds, Fault};

/// Has a certificate signed for a certificate signing request that came over MQTT, by the account's certificate provider if it
/// has one. Its record is to become durable before anybody sees it.
///
/// # Errors
/// As [`certificate_providers::issue_from_csr`].
pub(super) async fn sign(deeds: &Deeds, claimant: &Claimant, csr: &str) -> Result<Certificate, Fault> {
    let requester = Requester {
        certificate_id: claimant.certificate_id,
        client_id: &claimant.client_id,
    };
    let status = CertificateStatus::PendingActivation;
    certificate_providers::issue_from_csr(deeds, &claimant.realm, csr, status, requester).await
}
