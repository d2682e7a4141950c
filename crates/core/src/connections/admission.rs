//! The verdict over a client certificate.

use std::sync::Arc;

use thingsmith_model::{CertificateId, CertificateStatus, Timestamp};
use thingsmith_ports::StoreError;
use thingsmith_x509::{Certificate, CertificateError};
use thiserror::Error;

use super::rows::{self, Grounds};
use crate::Deeds;
use crate::certificates::{self, rows::Standing};
use crate::realms::{self, RealmRecord};

/// A certificate that may connect.
#[derive(Debug, Clone)]
pub struct Admission {
    /// The realm it is registered in.
    pub realm: Arc<RealmRecord>,
    /// Names the certificate in attachments.
    pub number: i64,
    /// The certificate, which its holder has proven to hold.
    pub certificate: Arc<Certificate>,
    /// What decides for it as its first thing, for as long as that is fresh.
    pub(super) seen: Option<Seen>,
}

/// What was seen of a certificate at its verdict.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) at: Timestamp,
    /// The moment of the watches before it was read.
    pub(super) moment: u64,
    pub(super) grounds: Grounds,
}

/// Why a certificate may not connect. The device is not told; the log is.
#[derive(Debug, Error)]
pub enum Refusal {
    /// What was presented is no certificate.
    #[error("the certificate cannot be read: {0}")]
    Unreadable(#[from] CertificateError),
    /// No account that this connection could belong to has the certificate.
    #[error("certificate {0} is not registered in the account that the server name leads to")]
    NotRegistered(CertificateId),
    /// Without a server name there is no account with this certificate in the mode DEFAULT.
    #[error(
        "certificate {0} is not registered with the mode DEFAULT in any account, and the client sent no server name \
         (SNI) to choose an account"
    )]
    ServerNameMissing(CertificateId),
    /// Without a server name there are several accounts with this certificate.
    #[error(
        "certificate {0} is registered in several accounts, and the client sent no server name (SNI) to choose one"
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
    /// The store did not answer, and nobody comes in unseen.
    #[error("the store did not answer: {0}")]
    Store(#[from] StoreError),
}

impl Refusal {
    /// The certificate that was refused, where it could be read.
    pub fn certificate_id(&self) -> Option<CertificateId> {
        match self {
            Self::NotRegistered(id)
            | Self::ServerNameMissing(id)
            | Self::Ambiguous(id)
            | Self::NotActive { id, .. }
            | Self::NotYetValid { id, .. }
            | Self::Expired { id, .. } => Some(*id),
            Self::Unreadable(_) | Self::Store(_) => None,
        }
    }
}

/// Decides whether the holder of a certificate may connect. `realm` is where the server name leads; without a server
/// name the certificate itself must lead to one realm.
///
/// # Errors
/// See [`Refusal`].
pub async fn admit(deeds: &Deeds, realm: Option<Arc<RealmRecord>>, der: &[u8]) -> Result<Admission, Refusal> {
    let certificate = Certificate::from_der(der)?;
    let id = certificate.id();
    let now = deeds.clock().now();
    let (standing, seen) = match &realm {
        Some(realm) => {
            let moment = deeds.watches().moment();
            let found = rows::registration(deeds.store(), realm.realm, &id).await?;
            let (number, grounds) = found.ok_or(Refusal::NotRegistered(id))?;
            let standing = Standing {
                realm: realm.realm,
                number,
                status: grounds.status,
            };
            (
                standing,
                Some(Seen {
                    at: now,
                    moment,
                    grounds,
                }),
            )
        }
        None => (without_server_name(deeds, id).await?, None),
    };
    if standing.status != CertificateStatus::Active {
        return Err(Refusal::NotActive {
            id,
            status: standing.status,
        });
    }
    if now < certificate.not_before() {
        return Err(Refusal::NotYetValid {
            id,
            not_before: certificate.not_before(),
        });
    }
    if now > certificate.not_after() {
        return Err(Refusal::Expired {
            id,
            not_after: certificate.not_after(),
        });
    }
    let realm = match realm {
        Some(realm) => realm,
        None => {
            let found = realms::rows::by_number(deeds.store(), standing.realm).await?;
            Arc::new(found.ok_or_else(|| StoreError::other("a certificate's realm vanished"))?)
        }
    };
    Ok(Admission {
        realm,
        number: standing.number,
        certificate: Arc::new(certificate),
        seen,
    })
}

async fn without_server_name(deeds: &Deeds, id: CertificateId) -> Result<Standing, Refusal> {
    let mut standings = certificates::rows::standings_without_server_name(deeds.store(), &id).await?;
    match (standings.pop(), standings.pop()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => Err(Refusal::Ambiguous(id)),
        (None, _) => Err(Refusal::ServerNameMissing(id)),
    }
}
