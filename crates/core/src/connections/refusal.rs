//! Why a certificate may not connect.

use std::sync::Arc;

use thingsmith_model::{CertificateId, CertificateStatus, ThingName, Timestamp};
use thingsmith_ports::StoreError;
use thingsmith_x509::CertificateError;
use thiserror::Error;

use crate::Fault;
use crate::decisions::Stage;
use crate::provisioning::{NotProvisioned, Step};
use crate::realms::RealmRecord;

/// Why a certificate may not connect. The device is not told; the log is.
#[derive(Debug, Error)]
pub enum Refusal {
    /// What was presented is no certificate.
    #[error("the certificate cannot be read: {0}")]
    Unreadable(#[from] CertificateError),
    /// No account that this connection could belong to has the certificate or the CA that its issuer's name says.
    #[error(
        "certificate {0} is not registered in the account that the server name leads to, nor is a CA certificate with \
         the name of its issuer"
    )]
    NotRegistered(CertificateId),
    /// Without a server name there is no account with this certificate in the mode DEFAULT.
    #[error(
        "certificate {0} is not registered with the mode DEFAULT in any account, nor is a CA certificate that the client \
         sent with it, and the client sent no server name (SNI) to choose an account"
    )]
    ServerNameMissing(CertificateId),
    /// Whoever has a provisioning claim of a trusted user must say where it is of.
    #[error(
        "certificate {0} is a provisioning claim of a trusted user, and the client sent no server name (SNI) to choose an \
         account"
    )]
    ClaimWithoutServerName(CertificateId),
    /// Without a server name there are several accounts with this certificate or the CA certificate sent with it.
    #[error(
        "certificate {0} is registered in several accounts, or the CA certificate sent with it is, and the client sent no \
         server name (SNI) to choose one"
    )]
    Ambiguous(CertificateId),
    /// The certificate is registered and not active.
    #[error("certificate {id} is {status}")]
    NotActive {
        /// The certificate.
        id: CertificateId,
        /// Its status.
        status: CertificateStatus,
    },
    /// The certificate's validity has not begun.
    #[error("certificate {id} is not valid before {not_before:?}")]
    NotYetValid {
        /// The certificate.
        id: CertificateId,
        /// The beginning of its validity.
        not_before: Timestamp,
    },
    /// The certificate's validity is over.
    #[error("certificate {id} expired at {not_after:?}")]
    Expired {
        /// The certificate.
        id: CertificateId,
        /// The end of its validity.
        not_after: Timestamp,
    },
    /// The certificate is of a registered CA, and is not let in for now or at all.
    #[error("certificate {}: {}", .0.id, .0.because)]
    JustInTime(Box<JustInTime>),
    /// The store did not answer, and nobody comes in unseen.
    #[error("the store did not answer: {0}")]
    Store(#[from] StoreError),
}

/// How just-in-time registration or provisioning ended for a connection that is not let in.
#[derive(Debug)]
pub struct JustInTime {
    /// The device's certificate.
    pub id: CertificateId,
    /// Where the CA certificate is registered.
    pub realm: Arc<RealmRecord>,
    /// The CA certificate that signed it, once that is proven.
    pub ca: Option<CertificateId>,
    /// What happened.
    pub because: Because,
}

/// What became of a certificate whose issuer's name is that of a registered CA certificate.
#[derive(Debug, Error)]
pub enum Because {
    /// It is signed in a way, or has a key of a kind, that AWS does not take.
    #[error("it cannot be registered: {0}")]
    Unfit(CertificateError),
    /// It is itself that of a certificate authority.
    #[error("it is the certificate of a certificate authority (CA:TRUE), not that of a device")]
    Authority,
    /// No registered CA certificate with the name of its issuer signed it.
    #[error("no registered CA certificate with the name of its issuer signed it: {0}")]
    NotSigned(CertificateError),
    /// The CA certificate is inactive.
    #[error("its CA certificate {0} is INACTIVE")]
    AuthorityInactive(CertificateId),
    /// The CA certificate registers nothing automatically.
    #[error("its CA certificate {0} has the autoRegistrationStatus DISABLE")]
    AutoRegistrationOff(CertificateId),
    /// The CA certificate's validity has not begun or is over.
    #[error("its CA certificate {0} is not valid now")]
    AuthorityNotValid(CertificateId),
    /// Another connection with the same certificate is being attended to.
    #[error(
        "another connection with this certificate is being attended to at the moment; the device tries again"
    )]
    UnderWay,
    /// As much is being attended to in the account as may be.
    #[error(
        "too many devices of this account connect for the first time at the moment; the device tries again"
    )]
    Crowded,
    /// It was registered as PENDING_ACTIVATION now.
    #[error(
        "it was registered as PENDING_ACTIVATION now, which was published as an event; it comes in once somebody has \
         activated it"
    )]
    Registered,
    /// It was registered as PENDING_ACTIVATION before.
    #[error(
        "it still is PENDING_ACTIVATION, which was published as an event again; it comes in once somebody has activated it"
    )]
    StillPending,
    /// It was provisioned now.
    #[error("it was provisioned now; the device comes in with its next connection")]
    Provisioned(Option<ThingName>),
    /// It could not be provisioned, and awaits that as PENDING_ACTIVATION.
    #[error("it could not be provisioned and is PENDING_ACTIVATION; its next connection tries again: {0}")]
    NotProvisioned(NotProvisioned),
    /// Its registration or provisioning did not come to its end for a reason that is not the device's.
    #[error("it could not be registered: {0}")]
    Failed(Fault),
}

impl Because {
    /// The thing that was registered for the device.
    pub fn thing(&self) -> Option<&ThingName> {
        match self {
            Self::Provisioned(thing) => thing.as_ref(),
            _ => None,
        }
    }

    /// The step of provisioning that failed.
    pub fn template_step(&self) -> Option<Step> {
        match self {
            Self::NotProvisioned(failure) => Some(failure.step),
            _ => None,
        }
    }

    /// What failed on our side.
    pub fn failure(&self) -> Option<&Fault> {
        match self {
            Self::Failed(fault) => Some(fault),
            _ => None,
        }
    }

    /// How far it came.
    pub fn stage(&self) -> Stage {
        match self {
            Self::Unfit(_)
            | Self::Authority
            | Self::NotSigned(_)
            | Self::AuthorityInactive(_)
            | Self::AutoRegistrationOff(_)
            | Self::AuthorityNotValid(_) => Stage::Authority,
            Self::Provisioned(_) | Self::NotProvisioned(_) => Stage::Provisioning,
            Self::UnderWay | Self::Crowded | Self::Registered | Self::StillPending | Self::Failed(_) => {
                Stage::Registration
            }
        }
    }
}

impl Refusal {
    /// The certificate that was refused, where it could be read.
    pub fn certificate_id(&self) -> Option<CertificateId> {
        match self {
            Self::NotRegistered(id)
            | Self::ServerNameMissing(id)
            | Self::ClaimWithoutServerName(id)
            | Self::Ambiguous(id)
            | Self::NotActive { id, .. }
            | Self::NotYetValid { id, .. }
            | Self::Expired { id, .. } => Some(*id),
            Self::JustInTime(refused) => Some(refused.id),
            Self::Unreadable(_) | Self::Store(_) => None,
        }
    }
}
