//! CA certificates, registration codes and transfers.

use thingsmith_core::ca_certificates::{
    self, CaUpdate, delete_ca_certificate, register_ca_certificate, update_ca_certificate,
};
use thingsmith_core::certificates::{self, register_certificate};
use thingsmith_core::policies::{self, attach_policy};
use thingsmith_core::registration_codes::get_registration_code;
use thingsmith_core::transfers::{
    accept_certificate_transfer, cancel_certificate_transfer, reject_certificate_transfer,
    transfer_certificate,
};
use thingsmith_core::{Code, Deeds};
use thingsmith_model::{Account, CaCertificateStatus, CertificateStatus};

use super::{ROUNDS, pairs};
use crate::authority::Authority;
use crate::objects::{code, make_policy, put_certificate};

fn deactivate() -> CaUpdate {
    CaUpdate {
        status: Some(CaCertificateStatus::Inactive),
        ..CaUpdate::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_registered_under_its_ca_or_the_ca_is_gone() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..ROUNDS {
            let authority = Authority::new(&format!("ca {round}"));
            let new = authority.new_ca(None, CaCertificateStatus::Active);
            let ca = register_ca_certificate(&pair.here, realm, new).await.unwrap();
            let device = authority.certify("device");
            let status = CertificateStatus::Active;
            let (registered, deleted) = tokio::join!(
                register_certificate(&pair.here, realm, &device, None, status),
                async {
                    update_ca_certificate(&pair.there, realm, &ca.id, &deactivate()).await?;
                    delete_ca_certificate(&pair.there, realm, &ca.id).await
                },
            );
            deleted.unwrap();
            let store = pair.here.store();
            let stands = ca_certificates::rows::find(store, realm.realm, &ca.id)
                .await
                .unwrap();
            assert!(stands.is_none());
            let under = certificates::rows::page_by_ca_ascending(store, realm.realm, &ca.id, None, 9);
            let under = under.await.unwrap().len();
            match code(&registered) {
                None => assert_eq!(under, 1),
                Some(Code::CertificateState | Code::CertificateValidation) => assert_eq!(under, 0),
                Some(_) => panic!("{registered:?}"),
            }
            // It comes too late for certain.
            let late =
                register_certificate(&pair.here, realm, &authority.certify("late"), None, status).await;
            assert_eq!(code(&late), Some(Code::CertificateValidation));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ca_is_deleted_and_registered_again_at_once() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let authority = Authority::new("again");
        let inactive = || authority.new_ca(None, CaCertificateStatus::Inactive);
        let mut id = None;
        for _ in 0..ROUNDS {
            if id.is_none() {
                let made = register_ca_certificate(&pair.here, realm, inactive())
                    .await
                    .unwrap();
                id = Some(made.id);
            }
            let there = id.unwrap();
            let (registered, deleted) = tokio::join!(
                register_ca_certificate(&pair.here, realm, inactive()),
                delete_ca_certificate(&pair.there, realm, &there),
            );
            deleted.unwrap();
            let store = pair.here.store();
            let stands = ca_certificates::rows::find(store, realm.realm, &there)
                .await
                .unwrap();
            let expected = match code(&registered) {
                None => true,
                Some(Code::ResourceAlreadyExists) => false,
                Some(_) => panic!("{registered:?}"),
            };
            assert_eq!(stands.is_some(), expected);
            let subject = registered.map(|ca| ca.subject).ok();
            if let Some(subject) = subject {
                let holders = ca_certificates::rows::holders(store, realm.realm, &subject)
                    .await
                    .unwrap();
                assert_eq!(holders, 1);
            }
            id = stands.map(|ca| ca.id);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_eleven_cas_with_the_same_subject_ten_are_registered() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let authorities: Vec<Authority> = (0..11).map(|_| Authority::new("same")).collect();
        let register = |number: usize| {
            let deeds: &Deeds = if number.is_multiple_of(2) {
                &pair.here
            } else {
                &pair.there
            };
            register_ca_certificate(
                deeds,
                realm,
                authorities[number].new_ca(None, CaCertificateStatus::Active),
            )
        };
        let (a, b, c, d, e, f, g, h, i, j, k) = tokio::join!(
            register(0),
            register(1),
            register(2),
            register(3),
            register(4),
            register(5),
            register(6),
            register(7),
            register(8),
            register(9),
            register(10),
        );
        let answers = [a, b, c, d, e, f, g, h, i, j, k];
        let refused: Vec<_> = answers.iter().filter_map(code).collect();
        assert_eq!(refused, [Code::LimitExceeded], "{answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_accounts_gets_a_ca_in_the_mode_default() {
    for pair in pairs().await {
        let here = &*pair.realm;
        let account: Account = "210987654321".parse().unwrap();
        let there = pair.there.realm(&account, &here.region).await.unwrap();
        for round in 0..ROUNDS {
            let authority = Authority::new(&format!("ca {round}"));
            let codes = tokio::join!(
                get_registration_code(&pair.here, here),
                get_registration_code(&pair.there, here)
            );
            let ours = codes.0.unwrap();
            assert_eq!(ours, codes.1.unwrap());
            let theirs = get_registration_code(&pair.there, &there).await.unwrap();
            let (one, two) = tokio::join!(
                register_ca_certificate(
                    &pair.here,
                    here,
                    authority.new_ca(Some(authority.certify(&ours)), CaCertificateStatus::Active)
                ),
                register_ca_certificate(
                    &pair.there,
                    &there,
                    authority.new_ca(Some(authority.certify(&theirs)), CaCertificateStatus::Active)
                ),
            );
            let codes = [code(&one), code(&two)];
            assert!(
                codes == [None, Some(Code::ResourceAlreadyExists)]
                    || codes == [Some(Code::ResourceAlreadyExists), None],
                "{one:?} {two:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_is_attached_or_the_certificate_goes_and_never_both() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let target: Account = "210987654321".parse().unwrap();
        let there = pair.there.realm(&target, &realm.region).await.unwrap();
        let policy = make_policy(&pair.here, realm, "p").await;
        for _ in 0..ROUNDS {
            let certificate = put_certificate(&pair.here, realm, CertificateStatus::Inactive).await;
            let arn = certificate.arn(realm);
            let (attached, sent) = tokio::join!(
                attach_policy(&pair.here, realm, &policy.name, &arn),
                transfer_certificate(&pair.there, realm, &certificate.id, &target, None),
            );
            let store = pair.here.store();
            let (count, _) = policies::rows::attached(store, realm.realm, certificate.number, policy.number)
                .await
                .unwrap();
            let copy = certificates::rows::find(store, there.realm, &certificate.id)
                .await
                .unwrap();
            match (code(&attached), code(&sent)) {
                (None, Some(Code::TransferConflict)) => assert_eq!((count, copy.is_some()), (1, false)),
                (Some(Code::InvalidRequest), None) => assert_eq!((count, copy.is_some()), (0, true)),
                _ => panic!("attached: {attached:?}, sent: {sent:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_ends_in_one_way() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let target: Account = "210987654321".parse().unwrap();
        let there = pair.there.realm(&target, &realm.region).await.unwrap();
        for round in 0..ROUNDS {
            let id = put_certificate(&pair.here, realm, CertificateStatus::Inactive)
                .await
                .id;
            transfer_certificate(&pair.here, realm, &id, &target, None)
                .await
                .unwrap();
            let cancel = round % 2 == 0;
            let (accepted, other) = tokio::join!(
                accept_certificate_transfer(&pair.there, &there, &id, CertificateStatus::Active),
                async {
                    if cancel {
                        cancel_certificate_transfer(&pair.here, realm, &id).await
                    } else {
                        reject_certificate_transfer(&pair.here, &there, &id, None).await
                    }
                },
            );
            let store = pair.here.store();
            let status = async |realm| {
                let found = certificates::rows::find(store, realm, &id).await.unwrap();
                found.map(|found| found.status)
            };
            let stands = (status(realm.realm).await, status(there.realm).await);
            match (code(&accepted), code(&other)) {
                (None, Some(Code::TransferAlreadyCompleted)) => {
                    assert_eq!(stands, (None, Some(CertificateStatus::Active)));
                }
                // What was cancelled leaves nothing behind.
                (Some(Code::TransferAlreadyCompleted | Code::ResourceNotFound), None) => {
                    assert_eq!(stands, (Some(CertificateStatus::Inactive), None));
                }
                _ => panic!("accepted: {accepted:?}, other: {other:?}"),
            }
        }
    }
}
