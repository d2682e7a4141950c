//! `CreateKeysAndCertificate` and `CreateCertificateFromCsr`: a certificate that waits for its device to register.

use thingsmith_model::CertificateStatus;
use thingsmith_ports::Batch;

use super::limits::{Ware, take};
use super::payload::{Format, Member, Reply, Request};
use super::rejection::{Kind, Rejection, Step};
use super::token::{self, Token};
use super::{Claimant, Written, rows, signing, unclaimed};
use crate::certificates::{self, Certificate};
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// Makes a key and issues a certificate for it. What the request says does not matter: AWS's has no members.
pub(super) async fn with_keys(
    deeds: &Deeds,
    claimant: &Claimant,
    format: Format,
) -> Result<Written, Rejection> {
    take(deeds, claimant, Ware::Certificate)?;
    take(deeds, claimant, Ware::Key)?;
    unclaimed::check(deeds, claimant.realm.realm).await?;
    let status = CertificateStatus::PendingActivation;
    let (certificate, key) = certificates::issue_with_key(deeds, status)
        .await
        .map_err(failed)?;
    let (token, kept) = token::make(deeds, claimant, &certificate);
    record(deeds, claimant, &certificate, &kept)
        .await
        .map_err(failed)?;
    let (id, pem) = (certificate.id.to_string(), certificate.pem());
    Ok(Reply::default()
        .text("certificateId", &id)
        .text("certificatePem", &pem)
        .text("privateKey", &key.private_key)
        .text("certificateOwnershipToken", token.expose_secret())
        .write(format))
}

/// Issues a certificate for the key of a certificate signing request.
pub(super) async fn from_csr(
    deeds: &Deeds,
    claimant: &Claimant,
    format: Format,
    request: &Request,
) -> Result<Written, Rejection> {
    let wrong = |message| Err(Rejection::new(Step::Payload, Kind::Parameters, message));
    let csr = match request.get("certificateSigningRequest") {
        Some(Member::Text(csr)) if !csr.is_empty() => csr,
        Some(Member::Text(_)) | None => return wrong("certificateSigningRequest cannot be empty."),
        Some(_) => return wrong("certificateSigningRequest must be a text."),
    };
    take(deeds, claimant, Ware::Certificate)?;
    unclaimed::check(deeds, claimant.realm.realm).await?;
    let certificate = signing::sign(deeds, claimant, csr).await.map_err(failed)?;
    let (token, kept) = token::make(deeds, claimant, &certificate);
    record(deeds, claimant, &certificate, &kept)
        .await
        .map_err(failed)?;
    let (id, pem) = (certificate.id.to_string(), certificate.pem());
    Ok(Reply::default()
        .text("certificateOwnershipToken", token.expose_secret())
        .text("certificateId", &id)
        .text("certificatePem", &pem)
        .write(format))
}

fn failed(fault: Fault) -> Rejection {
    Rejection::from_fault(Step::Certificate, fault)
}

/// Registers the certificate and keeps its token, in one batch.
async fn record(
    deeds: &Deeds,
    claimant: &Claimant,
    certificate: &Certificate,
    token: &Token,
) -> Result<(), Fault> {
    let tries = Tries::default();
    loop {
        let outcome = record_once(deeds, claimant, certificate, token, &tries).await;
        if let Some(done) = tries.settle(outcome).await? {
            return Ok(done);
        }
    }
}

async fn record_once(
    deeds: &Deeds,
    claimant: &Claimant,
    certificate: &Certificate,
    token: &Token,
    tries: &Tries,
) -> Result<(), Attempt> {
    let realm = claimant.realm.realm;
    if !tries.is_first() {
        // This very record, whose commit was not answered: its token came with it.
        let found = certificates::rows::find(deeds.store(), realm, &certificate.id).await?;
        match found {
            Some(found) if found.number == certificate.number => return Ok(()),
            // A certificate provider gave the same certificate twice.
            Some(_) => {
                let message = "The certificate is already provisioned or registered";
                return Err(Fault::new(Code::ResourceAlreadyExists, message).into());
            }
            None => {}
        }
        claimant.check_active(deeds).await?;
    }
    let mut batch = Batch::new();
    claimant.hold(&mut batch);
    certificates::rows::insert(&mut batch, realm, certificate);
    rows::insert(&mut batch, realm, token);
    deeds.commit(batch).await?;
    Ok(())
}
