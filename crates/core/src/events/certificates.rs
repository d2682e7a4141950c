//! The event of a certificate that awaits its activation (guide, "Just-in-time registration").

use serde_json::json;
use thingsmith_model::CertificateId;

use super::send;
use crate::Deeds;
use crate::certificates::Certificate;
use crate::realms::RealmRecord;

/// Publishes that a certificate was registered just in time, or that it was shown again before somebody activated it. No
/// configuration turns it off: without it nobody would know what to activate.
pub(crate) async fn certificate_registered(
    deeds: &Deeds,
    realm: &RealmRecord,
    certificate: &Certificate,
    ca: &CertificateId,
) {
    let body = json!({
        "certificateId": certificate.id.to_string(),
        "caCertificateId": ca.to_string(),
        "timestamp": deeds.clock().now().as_millis(),
        "certificateStatus": "PENDING_ACTIVATION",
        "awsAccountId": realm.account.as_str(),
        // A text, as AWS writes it, beside the number above.
        "certificateRegistrationTimestamp": certificate.created_at.as_millis().to_string(),
    });
    send(
        deeds,
        realm,
        &format!("$aws/events/certificates/registered/{ca}"),
        &body,
    )
    .await;
}
