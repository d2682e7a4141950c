//! Beginning a transfer.

use thingsmith_model::{Account, CertificateId, CertificateStatus};
use thingsmith_ports::{Batch, Hold};

use super::{Direction, State, Transfer, rows};
use crate::certificates::{self, Certificate};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// Offers a certificate to another account of the region. Gives back its ARN there.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such certificate, `CertificateStateException` when it is not inactive,
/// `TransferConflictException` while a policy or a thing is attached to it or when the other account has it already,
/// `InvalidRequestException` for a transfer to the own account.
pub async fn transfer_certificate(
    deeds: &Deeds,
    realm: &RealmRecord,
    id: &CertificateId,
    target: &Account,
    message: Option<&str>,
) -> Result<String, Fault> {
    if *target == realm.account {
        return Err(Fault::invalid(format!(
            "targetAwsAccount {target} is the account that has the certificate."
        )));
    }
    let found = certificates::describe_certificate(deeds, realm, id).await?;
    check_status(&found)?;
    let there = deeds.realm(target, &realm.region).await?;
    let tries = Tries::default();
    loop {
        let outcome = send_once(deeds, realm, &there, id, message, &tries).await;
        if tries.settle_change(deeds.store(), outcome).await?.is_some() {
            return Ok(there
                .arn(thingsmith_model::Resource::Certificate(*id))
                .to_string());
        }
    }
}

async fn send_once(
    deeds: &Deeds,
    here: &RealmRecord,
    there: &RealmRecord,
    id: &CertificateId,
    message: Option<&str>,
    tries: &Tries,
) -> Result<(), Attempt> {
    let before = certificates::describe_certificate(deeds, here, id).await?;
    check_status(&before)?;
    let conflict = |message: String| Attempt::from(Fault::new(Code::TransferConflict, message));
    let (things, policies) =
        certificates::rows::attachments(deeds.store(), here.realm, before.number).await?;
    if policies {
        return Err(conflict(format!(
            "The certificate cannot be transferred because authorization policies are still attached. Id: {id}"
        )));
    }
    if things {
        return Err(conflict(format!(
            "The certificate cannot be transferred because things are still attached. Id: {id}"
        )));
    }
    if certificates::rows::find(deeds.store(), there.realm, id)
        .await?
        .is_some()
    {
        return Err(conflict(format!(
            "Account {} has certificate {id} already.",
            there.account
        )));
    }
    let now = deeds.clock().now();
    let copy = Certificate {
        number: deeds.number().await?,
        status: CertificateStatus::PendingTransfer,
        created_at: now,
        modified_at: now,
        customer_version: 1,
        generation_id: deeds.uuid(),
        previous_owner: Some(here.account.clone()),
        ..before.clone()
    };
    let outgoing = Transfer {
        id: *id,
        number: before.number,
        created_at: before.created_at,
        direction: Direction::Outgoing,
        state: State::Pending,
        peer: there.realm,
        peer_account: there.account.clone(),
        message: message.map(str::to_owned),
        sent_at: now,
        settled_at: None,
        reject_reason: None,
    };
    let incoming = Transfer {
        number: copy.number,
        created_at: copy.created_at,
        direction: Direction::Incoming,
        peer: here.realm,
        peer_account: here.account.clone(),
        ..outgoing.clone()
    };
    let mut batch = Batch::new();
    // Always the sender's side before the receiver's, so that two batches never wait for each other.
    certificates::rows::hold(&mut batch, here.realm, before.number, Hold::Exclusive);
    certificates::rows::send(&mut batch, here.realm, &before, now, deeds.uuid());
    certificates::rows::insert(&mut batch, there.realm, &copy);
    rows::insert(&mut batch, here.realm, &outgoing);
    rows::insert(&mut batch, there.realm, &incoming);
    deeds
        .commit_change(batch, here.realm, Change::Certificate(before.number), tries)
        .await
}

/// Only an inactive certificate goes: a revoked one would come back inactive when it is rejected.
fn check_status(certificate: &Certificate) -> Result<(), Fault> {
    match certificate.status {
        CertificateStatus::Inactive | CertificateStatus::RegisterInactive => Ok(()),
        status => Err(Fault::new(
            Code::CertificateState,
            format!(
                "Certificate must be INACTIVE (not {status}) before it is transferred. Id: {}",
                certificate.id
            ),
        )),
    }
}
