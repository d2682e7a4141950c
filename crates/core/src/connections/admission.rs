//! The verdict over a client certificate.

use std::sync::Arc;
use std::time::Duration;

use thingsmith_model::{CertificateId, CertificateStatus, Timestamp};
use thingsmith_ports::StoreError;
use thingsmith_x509::Certificate;

use super::just_in_time;
use super::refusal::Refusal;
use super::rows::{self, Grounds};
use crate::certificates::{self, rows::Standing};
use crate::realms::{self, RealmRecord};
use crate::{Deeds, provisioning_claims};

/// A certificate that may connect.
#[derive(Debug, Clone)]
pub struct Admission {
    /// The realm it is registered in.
    pub realm: Arc<RealmRecord>,
    /// Names the certificate in attachments.
    pub number: i64,
    /// The certificate, which its holder has proven to hold.
    pub certificate: Arc<Certificate>,
    /// Whether it is no registered certificate but a claim that a trusted user was given.
    pub(super) is_claim: bool,
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

/// What a client showed in its handshake.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// Its certificate, whose key it has proven to hold.
    pub certificate: &'a [u8],
    /// The certificate that it sent behind its own, of which nothing is proven.
    pub issuer: Option<&'a [u8]>,
}

/// What becomes of the connection on which a device is registered or provisioned just in time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FirstConnection {
    /// It is refused, as AWS does; the device comes in with its next one.
    #[default]
    Refused,
    /// It waits, for so long at most, until the certificate is active, and is let in.
    Held(Duration),
}

/// Decides whether the holder of a certificate may connect. `realm` is where the server name leads; without a server
/// name the certificate itself, or the CA certificate sent with it, must lead to one realm.
///
/// A claim that a trusted user was given is no registered certificate, and may connect until it expires.
///
/// A certificate that nobody registered, or that awaits its activation, may be registered or provisioned on the way, if a
/// registered CA signed it; what then becomes of this connection is for `first` to say.
///
/// # Errors
/// See [`Refusal`].
pub async fn admit(
    deeds: &Deeds,
    realm: Option<Arc<RealmRecord>>,
    shown: Shown<'_>,
    first: FirstConnection,
) -> Result<Admission, Refusal> {
    let certificate = Certificate::from_der(shown.certificate)?;
    let id = certificate.id();
    // By the name of its issuer, so that nobody else's certificate costs a second look-up.
    let may_be_claim = provisioning_claims::is_issued(&certificate);
    if may_be_claim && let Some(realm) = &realm {
        let number = provisioning_claims::rows::find_unregistered(deeds.store(), realm.realm, &id).await?;
        if let Some(number) = number {
            return admit_claim(deeds, realm, number, certificate);
        }
    }
    let mut found = find(deeds, realm.as_ref(), id).await?;
    if found.is_none() && may_be_claim {
        return Err(match realm {
            Some(_) => Refusal::NotRegistered(id),
            None => Refusal::ClaimWithoutServerName(id),
        });
    }
    if !found
        .as_ref()
        .is_some_and(|(standing, _)| standing.status == CertificateStatus::Active)
    {
        let standing = found.map(|(standing, _)| standing);
        just_in_time::arrive(deeds, realm.as_ref(), &certificate, shown.issuer, standing, first).await?;
        found = find(deeds, realm.as_ref(), id).await?;
    }
    let (standing, seen) = found.ok_or(Refusal::NotRegistered(id))?;
    if standing.status != CertificateStatus::Active {
        return Err(Refusal::NotActive {
            id,
            status: standing.status,
        });
    }
    check_validity(&certificate, deeds.clock().now())?;
    let realm = match realm {
        Some(realm) => realm,
        None => realm_of(deeds, &standing).await?,
    };
    Ok(Admission {
        realm,
        number: standing.number,
        certificate: Arc::new(certificate),
        is_claim: false,
        seen,
    })
}

/// Admits the holder of a claim that a trusted user was given.
fn admit_claim(
    deeds: &Deeds,
    realm: &Arc<RealmRecord>,
    number: i64,
    certificate: Certificate,
) -> Result<Admission, Refusal> {
    check_validity(&certificate, deeds.clock().now())?;
    Ok(Admission {
        realm: Arc::clone(realm),
        number,
        certificate: Arc::new(certificate),
        is_claim: true,
        seen: None,
    })
}

/// What the registry has of a certificate.
async fn find(
    deeds: &Deeds,
    realm: Option<&Arc<RealmRecord>>,
    id: CertificateId,
) -> Result<Option<(Standing, Option<Seen>)>, Refusal> {
    let Some(realm) = realm else {
        let standing = without_server_name(deeds, id).await?;
        return Ok(standing.map(|standing| (standing, None)));
    };
    let (at, moment) = (deeds.clock().now(), deeds.watches().moment());
    let found = rows::registration(deeds.store(), realm.realm, &id).await?;
    Ok(found.map(|(number, grounds)| {
        let standing = Standing {
            realm: realm.realm,
            number,
            status: grounds.status,
        };
        let seen = Seen { at, moment, grounds };
        (standing, Some(seen))
    }))
}

async fn without_server_name(deeds: &Deeds, id: CertificateId) -> Result<Option<Standing>, Refusal> {
    let mut standings = certificates::rows::standings_without_server_name(deeds.store(), &id).await?;
    match (standings.pop(), standings.pop()) {
        (Some(_), Some(_)) => Err(Refusal::Ambiguous(id)),
        (only, _) => Ok(only),
    }
}

/// The realm of a registration.
pub(super) async fn realm_of(deeds: &Deeds, standing: &Standing) -> Result<Arc<RealmRecord>, Refusal> {
    let found = realms::rows::by_number(deeds.store(), standing.realm).await?;
    let found = found.ok_or_else(|| StoreError::other("a certificate's realm vanished"))?;
    Ok(Arc::new(found))
}

/// Refuses a certificate that is not valid now.
pub(super) fn check_validity(certificate: &Certificate, now: Timestamp) -> Result<(), Refusal> {
    let id = certificate.id();
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
    Ok(())
}
