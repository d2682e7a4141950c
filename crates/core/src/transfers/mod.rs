//! Transfers of certificates between accounts of a region.
//!
//! While a certificate is on its way both accounts have a record of it with the status PENDING_TRANSFER, on which nothing
//! can be hung; when the transfer ends, one of them goes. What is said of the transfer stands beside, once for each
//! account, and outlasts it: whoever comes too late is told so.

mod list;
pub mod rows;
mod send;
mod settle;

use thingsmith_model::{Account, CertificateId, Realm, Resource, Timestamp};

pub use list::{list_outgoing_certificates, transfer_of};
pub use send::transfer_certificate;
pub use settle::{accept_certificate_transfer, cancel_certificate_transfer, reject_certificate_transfer};

use crate::realms::RealmRecord;

/// A transfer as one side sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// The certificate.
    pub id: CertificateId,
    /// The number of the certificate's record on this side.
    pub number: i64,
    /// When that record was made.
    pub created_at: Timestamp,
    /// Whether this side gives or gets.
    pub direction: Direction,
    /// How far it is.
    pub state: State,
    /// The other side.
    pub peer: Realm,
    /// The other side's account.
    pub peer_account: Account,
    /// What the sender said.
    pub message: Option<String>,
    /// When it began.
    pub sent_at: Timestamp,
    /// When it was accepted or rejected.
    pub settled_at: Option<Timestamp>,
    /// What the receiver said when it was rejected.
    pub reject_reason: Option<String>,
}

/// The side of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The certificate goes away.
    Outgoing,
    /// The certificate comes.
    Incoming,
}

/// How far a transfer is. One that was cancelled leaves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It waits for the receiver.
    Pending,
    /// The receiver has the certificate.
    Accepted,
    /// The sender has it again.
    Rejected,
}

impl Direction {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Outgoing => "OUT",
            Self::Incoming => "IN",
        }
    }
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Accepted => "ACCEPTED",
            Self::Rejected => "REJECTED",
        }
    }
}

impl Transfer {
    /// The certificate's ARN in the account that it goes to, which is what AWS shows the sender.
    pub fn arn_there(&self, here: &RealmRecord) -> String {
        let mut arn = here.arn(Resource::Certificate(self.id));
        arn.account = self.peer_account.clone();
        arn.to_string()
    }
}
