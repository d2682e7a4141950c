//! Ending a transfer: the receiver takes the certificate or does not, or the sender takes it back.

use thingsmith_model::{CertificateId, CertificateStatus, Realm};
use thingsmith_ports::Batch;

use super::{Direction, State, Transfer, rows};
use crate::certificates;
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// How a transfer ends.
#[derive(Clone, Copy)]
enum End<'a> {
    /// The receiver takes the certificate, with this status.
    Accept(CertificateStatus),
    /// The receiver does not want it, perhaps for this reason.
    Reject(Option<&'a str>),
    /// The sender takes it back.
    Cancel,
}

/// Takes a certificate that another account sent.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such certificate, `TransferAlreadyCompletedException` when its transfer has
/// ended, `InvalidRequestException` when it is not coming from another account.
pub async fn accept_certificate_transfer(
    deeds: &Deeds,
    realm: &RealmRecord,
    id: &CertificateId,
    status: CertificateStatus,
) -> Result<(), Fault> {
    settle(deeds, realm, id, End::Accept(status)).await
}

/// Sends back a certificate that another account sent. There it is inactive again.
///
/// # Errors
/// As [`accept_certificate_transfer`].
pub async fn reject_certificate_transfer(
    deeds: &Deeds,
    realm: &RealmRecord,
    id: &CertificateId,
    reason: Option<&str>,
) -> Result<(), Fault> {
    settle(deeds, realm, id, End::Reject(reason)).await
}

/// Takes back a certificate that was sent to another account and is not accepted yet. It is inactive again.
///
/// # Errors
/// As [`accept_certificate_transfer`], `InvalidRequestException` when it is not going to another account.
pub async fn cancel_certificate_transfer(
    deeds: &Deeds,
    realm: &RealmRecord,
    id: &CertificateId,
) -> Result<(), Fault> {
    settle(deeds, realm, id, End::Cancel).await
}

async fn settle(deeds: &Deeds, realm: &RealmRecord, id: &CertificateId, end: End<'_>) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || settle_once(deeds, realm, id, end, &tries))
        .await
}

async fn settle_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    id: &CertificateId,
    end: End<'_>,
    tries: &Tries,
) -> Result<(), Attempt> {
    let transfer = pending(deeds, realm, id, end).await?;
    let (sender, receiver) = match transfer.direction {
        Direction::Outgoing => (realm.realm, transfer.peer),
        Direction::Incoming => (transfer.peer, realm.realm),
    };
    let mut batch = Batch::new();
    // Always the sender's side before the receiver's, so that two batches never wait for each other.
    move_certificate(deeds, &mut batch, sender, receiver, &transfer, end);
    let now = deeds.clock().now();
    for (side, peer) in [(sender, receiver), (receiver, sender)] {
        match end {
            End::Accept(_) => rows::settle(&mut batch, side, peer, id, State::Accepted, now, None),
            End::Reject(reason) => rows::settle(&mut batch, side, peer, id, State::Rejected, now, reason),
            End::Cancel => rows::cancel(&mut batch, side, peer, id),
        }
    }
    deeds
        .commit_change(batch, realm.realm, Change::Certificate(transfer.number), tries)
        .await
}

fn move_certificate(
    deeds: &Deeds,
    batch: &mut Batch,
    sender: Realm,
    receiver: Realm,
    transfer: &Transfer,
    end: End<'_>,
) {
    let now = deeds.clock().now();
    let settle = |batch: &mut Batch, realm, status| {
        certificates::rows::settle(batch, realm, &transfer.id, status, now, deeds.uuid());
    };
    match end {
        End::Accept(status) => {
            certificates::rows::give_up(batch, sender, &transfer.id);
            settle(batch, receiver, status);
        }
        End::Reject(_) | End::Cancel => {
            settle(batch, sender, CertificateStatus::Inactive);
            certificates::rows::give_up(batch, receiver, &transfer.id);
        }
    }
}

/// The transfer that is to end, if it can end so.
async fn pending(
    deeds: &Deeds,
    realm: &RealmRecord,
    id: &CertificateId,
    end: End<'_>,
) -> Result<Transfer, Fault> {
    let wanted = match end {
        End::Accept(_) | End::Reject(_) => Direction::Incoming,
        End::Cancel => Direction::Outgoing,
    };
    let found = rows::find(deeds.store(), realm.realm, id).await?;
    match found {
        Some(transfer) if transfer.direction == wanted => match transfer.state {
            State::Pending => Ok(transfer),
            State::Accepted | State::Rejected => Err(Fault::new(
                Code::TransferAlreadyCompleted,
                format!("The transfer of certificate {id} has been completed already."),
            )),
        },
        _ => {
            // Without a certificate there is nothing to say about its transfer.
            certificates::describe_certificate(deeds, realm, id).await?;
            Err(Fault::invalid(format!(
                "Certificate {id} is not being transferred {} another account.",
                match wanted {
                    Direction::Incoming => "from",
                    Direction::Outgoing => "to",
                }
            )))
        }
    }
}
