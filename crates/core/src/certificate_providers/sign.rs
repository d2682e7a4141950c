//! Having a certificate signed by the function of the realm's certificate provider.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use thingsmith_model::{CertificateId, CertificateMode, CertificateStatus, Timestamp};
use thingsmith_x509::{CertificateSigningRequest, Name, check_client_certificate};
use thiserror::Error;

use super::{CertificateProvider, rows};
use crate::certificates::{self, Certificate};
use crate::fault::sentence;
use crate::functions::{InvokeFailure, OnBehalf, invoke_for_service};
use crate::realms::RealmRecord;
use crate::{Code, Deeds, Fault};

/// Who asks for a certificate over MQTT.
#[derive(Debug, Clone, Copy)]
pub struct Requester<'a> {
    /// The certificate that it connected with.
    pub certificate_id: CertificateId,
    /// Its client id.
    pub client_id: &'a str,
}

/// Issues a certificate for a certificate signing request that came over MQTT: by the realm's certificate provider if
/// there is one, else by our own authority. Its record is to become durable before anybody sees it.
///
/// A provider may give the same certificate twice; then the second record is a duplicate.
///
/// # Errors
/// `InvalidRequestException` as [`create_certificate_from_csr`](certificates::create_certificate_from_csr);
/// `ServiceUnavailableException` when the provider's function gives no certificate, or another than was asked for. Why
/// stands in the fault's cause, for the operator alone.
pub async fn issue_from_csr(
    deeds: &Deeds,
    realm: &RealmRecord,
    csr: &str,
    status: CertificateStatus,
    requester: Requester<'_>,
) -> Result<Certificate, Fault> {
    let Some(provider) = rows::of_realm(deeds.store(), realm.realm).await? else {
        return certificates::issue_from_csr(deeds, csr, status).await;
    };
    // Nothing that we would not sign ourselves is shown to the function.
    let request = CertificateSigningRequest::from_pem(csr)
        .map_err(|wrong| Fault::invalid(format!("certificateSigningRequest: {}", sentence(&wrong))))?;
    let signed = sign(deeds, realm, &provider, csr, requester).await;
    let signed = signed.and_then(|pem| check(&request, &pem, deeds.clock().now()));
    let certificate = signed.map_err(|cause| Fault {
        cause: Some(cause.into()),
        ..Fault::new(
            Code::ServiceUnavailable,
            format!(
                "The certificate provider {} did not sign the request.",
                provider.name
            ),
        )
    })?;
    // Its issuer is not registered: as with RegisterCertificateWithoutCA, other accounts may have the certificate too.
    Certificate::record(deeds, &certificate, status, CertificateMode::SniOnly).await
}

/// Why a provider gave no certificate.
#[derive(Debug, Error)]
enum NotSigned {
    #[error(transparent)]
    Function(#[from] InvokeFailure),
    #[error("the function's answer is not {{\"certificatePem\": \"...\"}}")]
    Answer,
    #[error("the function's certificate cannot be registered: {0}")]
    Certificate(#[from] thingsmith_x509::CertificateError),
    #[error("the function's certificate has another public key than the request")]
    Key,
    #[error("the function's certificate has another subject than the request")]
    Subject,
    #[error("the function's certificate is that of a certificate authority (CA:TRUE)")]
    Authority,
    #[error("the function's certificate has expired")]
    Expired,
}

async fn sign(
    deeds: &Deeds,
    realm: &RealmRecord,
    provider: &CertificateProvider,
    csr: &str,
    requester: Requester<'_>,
) -> Result<String, NotSigned> {
    let event = Event {
        certificate_signing_request: csr,
        principal_id: requester.certificate_id.to_string(),
        client_id: requester.client_id,
    };
    let event = serde_json::to_vec(&event).map_err(|_| NotSigned::Answer)?;
    let on_behalf = OnBehalf {
        service: "iot.amazonaws.com",
        source_arn: &provider.arn(realm).to_string(),
        source_account: realm.account.as_str(),
    };
    let (function, event) = (&provider.function_arn, Bytes::from(event));
    let answer = invoke_for_service(deeds, realm, function, on_behalf, event, PATIENCE).await?;
    if answer.len() > MOST_BYTES {
        return Err(NotSigned::Answer);
    }
    let answer: Answer = serde_json::from_slice(&answer).map_err(|_| NotSigned::Answer)?;
    Ok(answer.certificate_pem)
}

/// Checks that what a function gave is a certificate for what was asked.
fn check(
    request: &CertificateSigningRequest,
    pem: &str,
    now: Timestamp,
) -> Result<thingsmith_x509::Certificate, NotSigned> {
    let certificate = thingsmith_x509::Certificate::from_pem(pem)?;
    check_client_certificate(&certificate)?;
    if certificate.public_key() != request.public_key() {
        return Err(NotSigned::Key);
    }
    if !is_same(certificate.subject(), request.subject()) {
        return Err(NotSigned::Subject);
    }
    if certificate.is_ca() {
        return Err(NotSigned::Authority);
    }
    if certificate.not_after() < now {
        return Err(NotSigned::Expired);
    }
    Ok(certificate)
}

/// Whether two names say the same. Authorities are free to write a value as another kind of text.
fn is_same(one: &Name, other: &Name) -> bool {
    one.der() == other.der() || one.attributes() == other.attributes()
}

/// How long a function may take (guide, "Self-managed certificate signing").
const PATIENCE: Duration = Duration::from_secs(5);
/// Most bytes of an answer: AWS's longest PEM, 65,536 characters, and what JSON adds.
const MOST_BYTES: usize = 128 * 1024;

/// What the function gets.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    certificate_signing_request: &'a str,
    principal_id: String,
    client_id: &'a str,
}

/// What it gives back.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    certificate_pem: String,
}
