//! Devices that connect for the first time while something else happens.

use std::sync::Arc;

use thingsmith_core::ca_certificates::{CaUpdate, register_ca_certificate, update_ca_certificate};
use thingsmith_core::connections::{self, Because, FirstConnection, Refusal, Shown};
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::{Code, Deeds, certificates};
use thingsmith_model::{AutoRegistrationStatus, CaCertificateStatus, CertificateStatus};
use thingsmith_x509::Certificate;

use super::{ROUNDS, pairs};
use crate::authority::Authority;

/// Shows a certificate at a node, which refuses it, and gives back why.
async fn show(deeds: &Deeds, realm: &Arc<RealmRecord>, device: &Certificate) -> Because {
    let shown = Shown {
        certificate: device.der(),
        issuer: None,
    };
    let realm = Some(Arc::clone(realm));
    match connections::admit(deeds, realm, shown, FirstConnection::Refused).await {
        Err(Refusal::JustInTime(refused)) => refused.because,
        other => panic!("{other:?}"),
    }
}

async fn register(
    deeds: &Deeds,
    realm: &RealmRecord,
    authority: &Authority,
) -> thingsmith_model::CertificateId {
    let mut new = authority.new_ca(None, CaCertificateStatus::Active);
    new.auto_registration = AutoRegistrationStatus::Enable;
    register_ca_certificate(deeds, realm, new).await.unwrap().id
}

fn device(authority: &Authority, name: &str) -> Certificate {
    Certificate::from_pem(&authority.certify(name)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_shows_itself_to_two_nodes_at_once_is_registered_once() {
    for pair in pairs().await {
        let authority = Authority::new("factory");
        let ca = register(&pair.here, &pair.realm, &authority).await;
        for round in 0..ROUNDS {
            let device = device(&authority, &format!("device {round}"));
            let (here, there) = tokio::join!(
                show(&pair.here, &pair.realm, &device),
                show(&pair.there, &pair.realm, &device),
            );
            let made = [&here, &there];
            let made = made
                .iter()
                .filter(|because| matches!(because, Because::Registered))
                .count();
            assert_eq!(made, 1, "{here}, {there}");
            let store = pair.here.store();
            let found = certificates::rows::find(store, pair.realm.realm, &device.id()).await;
            let found = found.unwrap().expect("it is registered");
            assert_eq!(
                (found.status, found.ca, found.customer_version),
                (CertificateStatus::PendingActivation, Some(ca), 1)
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_is_registered_before_its_ca_is_turned_off_or_not_at_all() {
    for pair in pairs().await {
        for round in 0..ROUNDS {
            let authority = Authority::new(&format!("factory {round}"));
            let ca = register(&pair.here, &pair.realm, &authority).await;
            let first = device(&authority, "first");
            let off = match round % 2 {
                0 => CaUpdate {
                    status: Some(CaCertificateStatus::Inactive),
                    ..CaUpdate::default()
                },
                _ => CaUpdate {
                    auto_registration: Some(AutoRegistrationStatus::Disable),
                    ..CaUpdate::default()
                },
            };
            let (shown, turned) = tokio::join!(
                show(&pair.here, &pair.realm, &first),
                update_ca_certificate(&pair.there, &pair.realm, &ca, &off),
            );
            turned.unwrap();
            let store = pair.here.store();
            let find = async |device: &Certificate| {
                let found = certificates::rows::find(store, pair.realm.realm, &device.id()).await;
                found.unwrap().is_some()
            };
            match shown {
                Because::Registered => assert!(find(&first).await),
                Because::AuthorityInactive(_) | Because::AutoRegistrationOff(_) => {
                    assert!(!find(&first).await);
                }
                Because::Failed(fault) => {
                    assert_eq!(fault.code, Code::CertificateState);
                    assert!(!find(&first).await);
                }
                other => panic!("{other}"),
            }
            // It comes too late for certain.
            let late = device(&authority, "late");
            let because = show(&pair.here, &pair.realm, &late).await;
            assert!(
                matches!(
                    because,
                    Because::AuthorityInactive(_) | Because::AutoRegistrationOff(_)
                ),
                "{because}"
            );
            assert!(!find(&late).await);
        }
    }
}
