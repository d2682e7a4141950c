//! The deeds on keys, CA certificates and transfers, with every trouble.

use std::sync::Arc;

use thingsmith_core::ca_certificates::{self, CaCertificate, CaUpdate};
use thingsmith_core::certificates;
use thingsmith_core::connections::{self, Because, FirstConnection, Refusal, Shown};
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::{Fault, registration_codes, transfers};
use thingsmith_model::{AutoRegistrationStatus, CaCertificateStatus, CertificateStatus};
use thingsmith_x509::Certificate;

use super::Registry;
use super::scene::{self, Scene};
use crate::authority::Authority;
use crate::objects::put_certificate;

/// The deeds that write.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Deed {
    CreateKeysAndCertificate,
    RegisterCaCertificate,
    UpdateCaCertificate,
    DeleteCaCertificate,
    RegisterCertificate,
    RegisterJustInTime,
    GetRegistrationCode,
    DeleteRegistrationCode,
    TransferCertificate,
    AcceptCertificateTransfer,
    RejectCertificateTransfer,
    CancelCertificateTransfer,
}

/// What stands in the registry before a deed.
struct Certificates {
    registry: Registry,
    there: Arc<RealmRecord>,
    authority: Authority,
    new: Authority,
    active: CaCertificate,
    idle: CaCertificate,
    outgoing: certificates::Certificate,
    incoming: certificates::Certificate,
}

impl Scene for Certificates {
    type Deed = Deed;

    const ALL: &'static [Deed] = &[
        Deed::CreateKeysAndCertificate,
        Deed::RegisterCaCertificate,
        Deed::UpdateCaCertificate,
        Deed::DeleteCaCertificate,
        Deed::RegisterCertificate,
        Deed::RegisterJustInTime,
        Deed::GetRegistrationCode,
        Deed::DeleteRegistrationCode,
        Deed::TransferCertificate,
        Deed::AcceptCertificateTransfer,
        Deed::RejectCertificateTransfer,
        Deed::CancelCertificateTransfer,
    ];

    async fn new(deed: Deed) -> Self {
        let registry = Registry::new().await;
        let (node, realm) = (&registry.other, &*registry.realm);
        let there = node
            .realm(&"210987654321".parse().unwrap(), &realm.region)
            .await
            .unwrap();
        let authority = Authority::new("active");
        let register = async |authority: &Authority, status| {
            let mut new = authority.new_ca(None, status);
            new.auto_registration = AutoRegistrationStatus::Enable;
            ca_certificates::register_ca_certificate(node, realm, new)
                .await
                .unwrap()
        };
        let active = register(&authority, CaCertificateStatus::Active).await;
        let idle = register(&Authority::new("idle"), CaCertificateStatus::Inactive).await;
        let send = async |from: &RealmRecord, to: &RealmRecord| {
            let certificate = put_certificate(node, from, CertificateStatus::Inactive).await;
            transfers::transfer_certificate(node, from, &certificate.id, &to.account, None)
                .await
                .unwrap();
            certificate
        };
        let outgoing = send(realm, &there).await;
        let incoming = send(&there, realm).await;
        if deed == Deed::DeleteRegistrationCode {
            registration_codes::get_registration_code(node, realm)
                .await
                .unwrap();
        }
        Self {
            there,
            authority,
            new: Authority::new("new"),
            active,
            idle,
            outgoing,
            incoming,
            registry,
        }
    }

    fn registry(&self) -> &Registry {
        &self.registry
    }

    async fn carry_out(&self, deed: Deed) -> Result<(), Fault> {
        let (deeds, realm) = (&self.registry.deeds, &*self.registry.realm);
        let inactive = CertificateStatus::Inactive;
        match deed {
            Deed::CreateKeysAndCertificate => {
                certificates::create_keys_and_certificate(deeds, realm, inactive)
                    .await
                    .map(drop)
            }
            Deed::RegisterCaCertificate => {
                let new = self.new.new_ca(None, CaCertificateStatus::Active);
                ca_certificates::register_ca_certificate(deeds, realm, new)
                    .await
                    .map(drop)
            }
            Deed::UpdateCaCertificate => {
                let update = CaUpdate {
                    status: Some(CaCertificateStatus::Inactive),
                    ..CaUpdate::default()
                };
                ca_certificates::update_ca_certificate(deeds, realm, &self.active.id, &update).await
            }
            Deed::DeleteCaCertificate => {
                ca_certificates::delete_ca_certificate(deeds, realm, &self.idle.id).await
            }
            Deed::RegisterCertificate => {
                let pem = self.authority.certify("device");
                certificates::register_certificate(deeds, realm, &pem, None, inactive)
                    .await
                    .map(drop)
            }
            Deed::RegisterJustInTime => {
                let certificate = Certificate::from_pem(&self.authority.certify("device")).unwrap();
                let shown = Shown {
                    certificate: certificate.der(),
                    issuer: None,
                };
                let realm = Some(Arc::clone(&self.registry.realm));
                match connections::admit(deeds, realm, shown, FirstConnection::Refused).await {
                    Err(Refusal::JustInTime(refused)) => match refused.because {
                        Because::Registered => Ok(()),
                        Because::Failed(fault) => Err(fault),
                        other => panic!("{other}"),
                    },
                    other => panic!("{other:?}"),
                }
            }
            Deed::GetRegistrationCode => registration_codes::get_registration_code(deeds, realm)
                .await
                .map(drop),
            Deed::DeleteRegistrationCode => registration_codes::delete_registration_code(deeds, realm).await,
            Deed::TransferCertificate => {
                let (id, target) = (&self.registry.bare.id, &self.there.account);
                transfers::transfer_certificate(deeds, realm, id, target, None)
                    .await
                    .map(drop)
            }
            Deed::AcceptCertificateTransfer => {
                transfers::accept_certificate_transfer(deeds, realm, &self.incoming.id, inactive).await
            }
            Deed::RejectCertificateTransfer => {
                transfers::reject_certificate_transfer(deeds, realm, &self.incoming.id, None).await
            }
            Deed::CancelCertificateTransfer => {
                transfers::cancel_certificate_transfer(deeds, realm, &self.outgoing.id).await
            }
        }
    }

    async fn times_done(&self, deed: Deed) -> i64 {
        let (store, here) = (self.registry.other.store(), self.registry.realm.realm);
        let ca = async |of: &CaCertificate| ca_certificates::rows::find(store, here, &of.id).await.unwrap();
        let at = async |realm, of: &certificates::Certificate| {
            let found = certificates::rows::find(store, realm, &of.id).await.unwrap();
            found.map(|found| found.status)
        };
        let there = self.there.realm;
        match deed {
            Deed::CreateKeysAndCertificate | Deed::RegisterCertificate | Deed::RegisterJustInTime => {
                let page = certificates::rows::page_ascending(store, here, None, 100).await;
                // The registry's three, one on its way out and one on its way in.
                i64::try_from(page.unwrap().len()).unwrap() - 5
            }
            Deed::RegisterCaCertificate => {
                let page = ca_certificates::rows::page_ascending(store, here, None, None, 100).await;
                i64::try_from(page.unwrap().len()).unwrap() - 2
            }
            Deed::UpdateCaCertificate => ca(&self.active).await.unwrap().customer_version - 1,
            Deed::DeleteCaCertificate => {
                let holders = ca_certificates::rows::holders(store, here, &self.idle.subject).await;
                let gone = i64::from(ca(&self.idle).await.is_none());
                assert_eq!(holders.unwrap(), 1 - gone);
                gone
            }
            Deed::GetRegistrationCode => {
                let code = registration_codes::rows::find(store, here).await.unwrap();
                i64::from(code.is_some())
            }
            Deed::DeleteRegistrationCode => {
                let code = registration_codes::rows::find(store, here).await.unwrap();
                i64::from(code.is_none())
            }
            Deed::TransferCertificate => i64::from(at(there, &self.registry.bare).await.is_some()),
            Deed::AcceptCertificateTransfer => i64::from(
                (at(there, &self.incoming).await, at(here, &self.incoming).await)
                    == (None, Some(CertificateStatus::Inactive)),
            ),
            Deed::RejectCertificateTransfer => i64::from(
                (at(there, &self.incoming).await, at(here, &self.incoming).await)
                    == (Some(CertificateStatus::Inactive), None),
            ),
            Deed::CancelCertificateTransfer => i64::from(
                (at(here, &self.outgoing).await, at(there, &self.outgoing).await)
                    == (Some(CertificateStatus::Inactive), None),
            ),
        }
    }

    fn announces(deed: Deed) -> bool {
        !matches!(
            deed,
            Deed::CreateKeysAndCertificate
                | Deed::RegisterCaCertificate
                | Deed::RegisterCertificate
                | Deed::RegisterJustInTime
                | Deed::GetRegistrationCode
                | Deed::DeleteRegistrationCode
        )
    }
}

#[tokio::test(start_paused = true)]
async fn a_deed_on_certificates_that_is_done_at_last_is_done_once_and_says_so() {
    scene::is_done_once::<Certificates>().await;
}

#[tokio::test(start_paused = true)]
async fn a_deed_on_certificates_that_cannot_be_done_says_so_after_some_tries() {
    scene::gives_up::<Certificates>().await;
}

#[tokio::test(start_paused = true)]
async fn a_deed_on_certificates_whose_every_commit_is_lost_finds_that_it_was_done() {
    scene::finds_itself::<Certificates>().await;
}
