//! Provisioning claims: the certificates that a trusted user is given for devices (guide, "Provisioning by trusted user").
//!
//! They are not among the certificates of the registry: nobody lists, describes or changes them, and no policy is attached to
//! them. One can connect for five minutes and do nothing but provision with its template.

mod create;
pub mod rows;
mod throttle;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use thingsmith_model::{CertificateId, TemplateName, Timestamp};
use thingsmith_policy::{Document, Language};
use thingsmith_ports::{Batch, StoreError};
use thingsmith_x509::{Certificate, Name, NameAttribute};

pub use create::{Given, create_provisioning_claim};
pub(crate) use throttle::Throttle;

use crate::Deeds;
use crate::policies::AttachedDocument;
use crate::realms::RealmRecord;

/// A provisioning claim of a trusted user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvisioningClaim {
    /// Its number.
    pub number: i64,
    /// The id of its certificate.
    pub id: CertificateId,
    /// The number of the template that it is for.
    pub template: i64,
    /// When it was made.
    pub issued_at: Timestamp,
    /// From when on it can do nothing.
    pub expires_at: Timestamp,
}

/// How long a claim that is over is remembered, so that a device that comes late is told from a stranger.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// OID 2.5.4.7, which no policy variable reads.
const LOCALITY: &[u8] = &[0x55, 0x04, 0x07];

/// The name under which claims are issued, as AWS's are. No certificate has it; it tells a claim from a device's.
static ISSUER: LazyLock<Name> = LazyLock::new(|| {
    Name::build(&[
        (NameAttribute::Country, "US"),
        (NameAttribute::State, "Washington"),
        (NameAttribute::Other(LOCALITY.to_vec()), "Seattle"),
        (NameAttribute::Organization, "Amazon.com Inc."),
        (NameAttribute::OrganizationalUnit, "Amazon IoT Provisioning"),
        (NameAttribute::SerialNumber, "1.0"),
    ])
});

/// Whether a certificate says that it is a claim. Only the registry knows whether it is one.
pub(crate) fn is_issued(certificate: &Certificate) -> bool {
    certificate.issuer().der() == ISSUER.der()
}

/// What a claim may do, as a policy. Its answers are nobody else's: the server sends them on the connection that asked.
///
/// # Errors
/// When the policy cannot be read, which would be a mistake in it.
pub(crate) fn rights(
    realm: &RealmRecord,
    claim: &ProvisioningClaim,
    template: &TemplateName,
) -> Result<AttachedDocument, StoreError> {
    let arn = |resource: &str| format!("arn:aws:iot:{}:{}:{resource}", realm.region, realm.account);
    let topics = |kind: &str| {
        [
            arn(&format!("{kind}/$aws/certificates/create/*")),
            arn(&format!("{kind}/$aws/certificates/create-from-csr/*")),
            arn(&format!(
                "{kind}/$aws/provisioning-templates/{template}/provision/*"
            )),
        ]
    };
    let document = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iot:Connect", "Resource": arn("client/*")},
        {"Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"], "Resource": topics("topic")},
        {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": topics("topicfilter")},
    ]});
    let document = Document::parse(&document.to_string(), Language::Iot).map_err(StoreError::other)?;
    Ok(AttachedDocument {
        number: claim.number,
        name: "ProvisioningClaim".parse().map_err(StoreError::other)?,
        version: 1,
        document: Arc::new(document),
    })
}

/// Deletes claims that are over long since. Doing it on every node at once is harmless.
///
/// # Errors
/// When the store fails; the next call makes it good.
pub async fn sweep(deeds: &Deeds) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    rows::delete_before(&mut batch, deeds.clock().now().minus(REMEMBERED));
    deeds.store().write(batch).await.map(drop)
}
