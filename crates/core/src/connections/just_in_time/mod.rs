//! Just in time: what becomes of a certificate that nobody registered, or that awaits its activation, when its holder
//! connects (guide, "Just-in-time registration" and "Just-in-time provisioning").
//!
//! The order keeps it cheap for strangers: one read of the CA certificates with the name of the issuer, nothing more if
//! there is none; one signature check only for what could be registered; writes only for what a registered CA signed.

mod authority;
mod flights;

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use thingsmith_model::{CertificateId, CertificateStatus};
use thingsmith_x509::{Certificate, Name};

pub(crate) use flights::Flights;
use flights::Turned;

use super::FirstConnection;
use super::admission::{check_validity, realm_of};
use super::refusal::{Because, JustInTime, Refusal};
use crate::ca_certificates::{self, CaCertificate};
use crate::certificates::rows::Standing;
use crate::certificates::{self, Registration};
use crate::events;
use crate::metrics::Provisioned;
use crate::outbox::Change;
use crate::provisioning::provision_just_in_time;
use crate::realms::{self, RealmRecord};
use crate::{Deeds, Fault};

/// Attends to a certificate that is not active. It returns without an error when the certificate may have become active
/// and the connection may look again.
pub(super) async fn arrive(
    deeds: &Deeds,
    realm: Option<&Arc<RealmRecord>>,
    certificate: &Certificate,
    issuer: Option<&[u8]>,
    standing: Option<Standing>,
    first: FirstConnection,
) -> Result<(), Refusal> {
    let id = certificate.id();
    match standing {
        Some(standing) if standing.status == CertificateStatus::PendingActivation => {
            check_validity(certificate, deeds.clock().now())?;
            let realm = match realm {
                Some(realm) => Arc::clone(realm),
                None => realm_of(deeds, &standing).await?,
            };
            let arrival = Arrival {
                deeds,
                realm,
                certificate,
                first,
            };
            arrival.again().await
        }
        Some(Standing { status, .. }) => Err(Refusal::NotActive { id, status }),
        None => {
            let sent = issuer.map(id_of);
            let (realm, candidates) = match realm {
                Some(realm) => (
                    Arc::clone(realm),
                    by_issuer(deeds, realm, certificate.issuer()).await?,
                ),
                None => by_sent(deeds, id, sent).await?,
            };
            if candidates.is_empty() {
                return Err(Refusal::NotRegistered(id));
            }
            check_validity(certificate, deeds.clock().now())?;
            let arrival = Arrival {
                deeds,
                realm,
                certificate,
                first,
            };
            arrival.unknown(candidates, sent).await
        }
    }
}

/// The CA certificates of a realm with the name of an issuer.
async fn by_issuer(deeds: &Deeds, realm: &RealmRecord, issuer: &Name) -> Result<Vec<CaCertificate>, Refusal> {
    let subject = ca_certificates::subject_digest(issuer);
    Ok(ca_certificates::rows::by_subject(deeds.store(), realm.realm, &subject).await?)
}

/// Without a server name: the CA certificate that the client sent, in the one realm where it is registered with the mode
/// DEFAULT.
async fn by_sent(
    deeds: &Deeds,
    id: CertificateId,
    sent: Option<CertificateId>,
) -> Result<(Arc<RealmRecord>, Vec<CaCertificate>), Refusal> {
    let missing = || Refusal::ServerNameMissing(id);
    let sent = sent.ok_or_else(missing)?;
    let mut claims = ca_certificates::rows::claims(deeds.store(), &sent).await?;
    match (claims.pop(), claims.pop()) {
        (Some((realm, ca)), None) => {
            let realm = realms::rows::by_number(deeds.store(), realm).await?;
            Ok((Arc::new(realm.ok_or_else(missing)?), vec![ca]))
        }
        (Some(_), Some(_)) => Err(Refusal::Ambiguous(id)),
        (None, _) => Err(missing()),
    }
}

fn id_of(der: &[u8]) -> CertificateId {
    let digest = digest(&SHA256, der);
    CertificateId::from_sha256(digest.as_ref().try_into().expect("SHA-256 has 32 bytes"))
}

/// A valid certificate that is not active, in the realm where it is to be registered.
struct Arrival<'a> {
    deeds: &'a Deeds,
    realm: Arc<RealmRecord>,
    certificate: &'a Certificate,
    first: FirstConnection,
}

impl Arrival<'_> {
    /// Nobody registered it, and there are CA certificates with the name of its issuer.
    async fn unknown(
        &self,
        candidates: Vec<CaCertificate>,
        sent: Option<CertificateId>,
    ) -> Result<(), Refusal> {
        let now = self.deeds.clock().now();
        authority::check_fit(self.certificate).map_err(|because| self.refuse(None, because))?;
        let _flight = match self.begin().await? {
            Some(flight) => flight,
            None => return Ok(()),
        };
        let ca = authority::choose(candidates, self.certificate, sent.as_ref(), now)
            .map_err(|because| self.refuse(None, because))?;
        let record = certificates::record_just_in_time(self.deeds, self.certificate, &ca).await;
        let record = record.map_err(|fault| self.refuse(Some(ca.id), Because::Failed(fault)))?;
        if !ca.registration_config.is_empty() {
            return self.provision(&ca, record, false).await;
        }
        match self.register(&record, &ca).await {
            Ok(Registration::Made(record)) => self.announce(&ca, &record, Because::Registered).await,
            Ok(Registration::Found(record)) if record.status == CertificateStatus::PendingActivation => {
                self.announce(&ca, &record, Because::StillPending).await
            }
            // Somebody on another node was faster, and it is active or refused by now.
            Ok(Registration::Found(_)) => Ok(()),
            Err(fault) => Err(self.refuse(Some(ca.id), Because::Failed(fault))),
        }
    }

    /// It is registered and awaits its activation.
    async fn again(&self) -> Result<(), Refusal> {
        let id = self.certificate.id();
        let _flight = match self.begin().await? {
            Some(flight) => flight,
            None => return Ok(()),
        };
        let Some(record) = certificates::rows::find(self.deeds.store(), self.realm.realm, &id).await? else {
            return Ok(());
        };
        let still = Refusal::NotActive {
            id,
            status: record.status,
        };
        // One without a CA was made for a claim and awaits its RegisterThing.
        let Some(ca) = record
            .ca
            .filter(|_| record.status == CertificateStatus::PendingActivation)
        else {
            return Err(still);
        };
        let Some(ca) = ca_certificates::rows::find(self.deeds.store(), self.realm.realm, &ca).await? else {
            return Err(still);
        };
        authority::usable(&ca, self.deeds.clock().now())
            .map_err(|because| self.refuse(Some(ca.id), because))?;
        if !ca.registration_config.is_empty() {
            return self.provision(&ca, record, true).await;
        }
        self.announce(&ca, &record, Because::StillPending).await
    }

    /// Makes sure that nobody else on this node attends to the certificate; none when somebody did, for whom this
    /// connection has waited.
    async fn begin(&self) -> Result<Option<flights::Flight<'_>>, Refusal> {
        match self
            .deeds
            .flights()
            .begin(self.realm.realm, self.certificate.id())
        {
            Ok(flight) => Ok(Some(flight)),
            Err(Turned::Crowded) => Err(self.refuse(None, Because::Crowded)),
            Err(Turned::UnderWay(mut ended)) => match self.first {
                FirstConnection::Refused => Err(self.refuse(None, Because::UnderWay)),
                FirstConnection::Held(patience) => {
                    // It fails when the other has come to its end.
                    let _ = tokio::time::timeout(patience, ended.changed()).await;
                    Ok(None)
                }
            },
        }
    }

    async fn register(
        &self,
        record: &certificates::Certificate,
        ca: &CaCertificate,
    ) -> Result<Registration, Fault> {
        certificates::register_just_in_time(self.deeds, &self.realm, record, ca).await
    }

    /// Provisions the device; `registered` says that its certificate is there and awaits that.
    async fn provision(
        &self,
        ca: &CaCertificate,
        record: certificates::Certificate,
        registered: bool,
    ) -> Result<(), Refusal> {
        let shown = self.certificate;
        let outcome = provision_just_in_time(self.deeds, &self.realm, shown, &record, ca).await;
        let failure = match outcome {
            Ok(done) => {
                self.deeds.metrics().provisioned(Provisioned::Success);
                events::certificate_registered(self.deeds, &self.realm, &record, &ca.id).await;
                return match self.first {
                    FirstConnection::Refused => {
                        Err(self.refuse(Some(ca.id), Because::Provisioned(done.thing_name)))
                    }
                    FirstConnection::Held(_) => Ok(()),
                };
            }
            Err(failure) => failure,
        };
        if failure.is_ours() {
            self.deeds.metrics().provisioned(Provisioned::ServerError);
            return Err(self.refuse(Some(ca.id), Because::Failed(failure.fault)));
        }
        self.deeds.metrics().provisioned(Provisioned::ClientError);
        // It was seen, and an operator looks for it; what it lacks is in the decision record.
        let record = match registered {
            true => record,
            false => match self.register(&record, ca).await {
                Ok(Registration::Made(record) | Registration::Found(record)) => record,
                Err(fault) => return Err(self.refuse(Some(ca.id), Because::Failed(fault))),
            },
        };
        if record.status == CertificateStatus::PendingActivation {
            events::certificate_registered(self.deeds, &self.realm, &record, &ca.id).await;
        }
        Err(self.refuse(Some(ca.id), Because::NotProvisioned(failure)))
    }

    /// Publishes that a certificate awaits its activation, and awaits that too if the connection is to be held.
    async fn announce(
        &self,
        ca: &CaCertificate,
        record: &certificates::Certificate,
        because: Because,
    ) -> Result<(), Refusal> {
        let moment = self.deeds.watches().moment();
        events::certificate_registered(self.deeds, &self.realm, record, &ca.id).await;
        if let FirstConnection::Held(patience) = self.first
            && self.activated(record.number, moment, patience).await?
        {
            return Ok(());
        }
        Err(self.refuse(Some(ca.id), because))
    }

    /// Waits until the certificate is active; false when patience is at its end.
    async fn activated(&self, number: i64, moment: u64, patience: Duration) -> Result<bool, Refusal> {
        let mut watch = self.deeds.watches().watch();
        watch.set(vec![Change::Certificate(number)], moment);
        let id = self.certificate.id();
        let activated = async {
            loop {
                let seen = watch.count();
                let found = certificates::rows::find(self.deeds.store(), self.realm.realm, &id).await?;
                match found.map(|record| record.status) {
                    Some(CertificateStatus::PendingActivation) => watch.beyond(seen).await,
                    Some(CertificateStatus::Active) => return Ok(true),
                    _ => return Ok(false),
                }
            }
        };
        tokio::time::timeout(patience, activated)
            .await
            .unwrap_or(Ok(false))
    }

    fn refuse(&self, ca: Option<CertificateId>, because: Because) -> Refusal {
        Refusal::JustInTime(Box::new(JustInTime {
            id: self.certificate.id(),
            realm: Arc::clone(&self.realm),
            ca,
            because,
        }))
    }
}
