//! What attaches against what deletes. Attachments are counted as they stand in their table, so that one which hangs on
//! nothing would show.

use thingsmith_core::Code;
use thingsmith_core::certificates::{self, delete_certificate};
use thingsmith_core::policies::{self, attach_policy, delete_policy};
use thingsmith_core::things::{self, attach_thing_principal, delete_thing};
use thingsmith_model::CertificateStatus;

use super::{ROUNDS, pairs};
use crate::objects::{code, make_policy, make_thing, put_certificate};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_is_attached_or_deleted_and_never_both() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..ROUNDS {
            let policy = make_policy(&pair.here, realm, &format!("p{round}")).await;
            let certificate = put_certificate(&pair.here, realm, CertificateStatus::Active).await;
            let target = certificate.arn(realm);
            let (attached, deleted) = tokio::join!(
                attach_policy(&pair.here, realm, &policy.name, &target),
                delete_policy(&pair.there, realm, &policy.name),
            );
            let store = pair.here.store();
            let stands = policies::rows::find(store, realm.realm, &policy.name)
                .await
                .unwrap();
            let hangs = policies::rows::attached(store, realm.realm, certificate.number, policy.number)
                .await
                .unwrap();
            match (code(&attached), code(&deleted)) {
                (None, Some(Code::DeleteConflict)) => {
                    assert_eq!((stands.is_some(), hangs), (true, (1, true)));
                }
                (Some(Code::ResourceNotFound), None) => {
                    assert_eq!((stands.is_some(), hangs), (false, (0, false)));
                }
                _ => panic!("attached: {attached:?}, deleted: {deleted:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_policy_hangs_on_a_deleted_certificate() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let policy = make_policy(&pair.here, realm, "p").await;
        for round in 0..2 * ROUNDS {
            let force = round % 2 == 1;
            let certificate = put_certificate(&pair.here, realm, CertificateStatus::Inactive).await;
            let target = certificate.arn(realm);
            let (attached, deleted) = tokio::join!(
                attach_policy(&pair.here, realm, &policy.name, &target),
                delete_certificate(&pair.there, realm, &certificate.id, force),
            );
            let store = pair.here.store();
            let stands = certificates::rows::find(store, realm.realm, &certificate.id)
                .await
                .unwrap();
            let (count, _) = policies::rows::attached(store, realm.realm, certificate.number, policy.number)
                .await
                .unwrap();
            match (code(&attached), code(&deleted)) {
                (None, Some(Code::DeleteConflict)) if !force => {
                    assert_eq!((stands.is_some(), count), (true, 1));
                }
                // By force the policy is attached and detached again.
                (None, None) if force => assert_eq!((stands.is_some(), count), (false, 0)),
                (Some(Code::ResourceNotFound), None) => assert_eq!((stands.is_some(), count), (false, 0)),
                _ => panic!("force {force}, attached: {attached:?}, deleted: {deleted:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_principal_hangs_on_a_deleted_thing() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let certificate = put_certificate(&pair.here, realm, CertificateStatus::Active).await;
        let principal = certificate.arn(realm);
        for round in 0..ROUNDS {
            let thing = make_thing(&pair.here, realm, &format!("t{round}")).await;
            let (attached, deleted) = tokio::join!(
                attach_thing_principal(&pair.here, realm, &thing.name, &principal),
                delete_thing(&pair.there, realm, &thing.name, None),
            );
            let store = pair.here.store();
            let stands = things::rows::find(store, realm.realm, &thing.name).await.unwrap();
            let hangs = things::rows::has_principals(store, realm.realm, thing.number)
                .await
                .unwrap();
            match (code(&attached), code(&deleted)) {
                (None, Some(Code::InvalidRequest)) => assert!(stands.is_some() && hangs),
                (Some(Code::ResourceNotFound), None) => assert!(stands.is_none() && !hangs),
                _ => panic!("attached: {attached:?}, deleted: {deleted:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_thing_hangs_on_a_deleted_certificate() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let thing = make_thing(&pair.here, realm, "t").await;
        for round in 0..ROUNDS {
            let certificate = put_certificate(&pair.here, realm, CertificateStatus::Inactive).await;
            let principal = certificate.arn(realm);
            let (attached, deleted) = tokio::join!(
                attach_thing_principal(&pair.here, realm, &thing.name, &principal),
                delete_certificate(&pair.there, realm, &certificate.id, round % 2 == 1),
            );
            let store = pair.here.store();
            let stands = certificates::rows::find(store, realm.realm, &certificate.id)
                .await
                .unwrap();
            let (hangs, _) = certificates::rows::attachments(store, realm.realm, certificate.number)
                .await
                .unwrap();
            match (code(&attached), code(&deleted)) {
                (None, Some(Code::DeleteConflict)) => assert!(stands.is_some() && hangs),
                (Some(Code::ResourceNotFound), None) => assert!(stands.is_none() && !hangs),
                _ => panic!("attached: {attached:?}, deleted: {deleted:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_eleven_policies_attached_at_once_ten_are() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let mut policies = Vec::new();
        for number in 0..11 {
            policies.push(make_policy(&pair.here, realm, &format!("p{number}")).await.name);
        }
        for _ in 0..ROUNDS {
            let certificate = put_certificate(&pair.here, realm, CertificateStatus::Active).await;
            let target = certificate.arn(realm);
            let attach = |number: usize| {
                let deeds = if number.is_multiple_of(2) {
                    &pair.here
                } else {
                    &pair.there
                };
                attach_policy(deeds, realm, &policies[number], &target)
            };
            let (a, b, c, d, e, f, g, h, i, j, k) = tokio::join!(
                attach(0),
                attach(1),
                attach(2),
                attach(3),
                attach(4),
                attach(5),
                attach(6),
                attach(7),
                attach(8),
                attach(9),
                attach(10),
            );
            let answers = [a, b, c, d, e, f, g, h, i, j, k];
            let attached = answers.iter().filter(|answer| answer.is_ok()).count();
            let refused = answers
                .iter()
                .filter(|answer| code(answer) == Some(Code::LimitExceeded))
                .count();
            assert_eq!((attached, refused), (10, 1), "{answers:?}");
            let page =
                policies::rows::page_of_attached(pair.here.store(), realm.realm, certificate.number, 0, 20);
            let attached: Vec<_> = page
                .await
                .unwrap()
                .into_iter()
                .map(|policy| policy.name)
                .collect();
            let answered = answers.iter().zip(&policies).filter(|(answer, _)| answer.is_ok());
            assert_eq!(
                attached,
                answered.map(|(_, name)| name.clone()).collect::<Vec<_>>()
            );
        }
    }
}
