//! Two who make or change the same object.

use thingsmith_core::certificates::{self, delete_certificate, update_certificate};
use thingsmith_core::policies::{self, create_policy};
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::things::{self, AttributeFilter, create_thing, update_thing};
use thingsmith_core::{Code, Deeds};
use thingsmith_model::CertificateStatus;

use super::{ROUNDS, pairs};
use crate::objects::{DOCUMENT, code, make_thing, new_thing, policy_name, put_certificate, replacing};

/// The things whose attribute `colour` is this, by the index.
async fn of_colour(deeds: &Deeds, realm: &RealmRecord, colour: &str) -> Vec<String> {
    let filter = AttributeFilter {
        name: "colour".parse().unwrap(),
        value: Some(colour.into()),
        prefix: false,
    };
    let page = things::rows::page_by_attribute(deeds.store(), realm.realm, &filter, None, 1000);
    page.await
        .unwrap()
        .into_iter()
        .map(|(_, thing)| thing.name.to_string())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_updates_of_the_expected_version_wins() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..ROUNDS {
            let name = make_thing(&pair.here, realm, &format!("t{round}")).await.name;
            let (green, blue) = (format!("green{round}"), format!("blue{round}"));
            let (first, second) = tokio::join!(
                update_thing(&pair.here, realm, &name, replacing([("colour", &green)], Some(1))),
                update_thing(&pair.there, realm, &name, replacing([("colour", &blue)], Some(1))),
            );
            let (winner, loser) = match (code(&first), code(&second)) {
                (None, Some(Code::VersionConflict)) => (green, blue),
                (Some(Code::VersionConflict), None) => (blue, green),
                _ => panic!("{first:?}, {second:?}"),
            };
            let thing = things::describe_thing(&pair.here, realm, &name).await.unwrap();
            assert_eq!(thing.version, 2);
            assert_eq!(
                thing
                    .attributes
                    .values()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>(),
                std::slice::from_ref(&winner)
            );
            assert_eq!(of_colour(&pair.here, realm, &winner).await, [name.as_str()]);
            assert_eq!(of_colour(&pair.here, realm, &loser).await, [""; 0]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn updates_that_expect_no_version_all_count() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let name = make_thing(&pair.here, realm, "t").await.name;
        for round in 0..ROUNDS {
            let (green, blue) = (format!("green{round}"), format!("blue{round}"));
            let (first, second) = tokio::join!(
                update_thing(&pair.here, realm, &name, replacing([("colour", &green)], None)),
                update_thing(&pair.there, realm, &name, replacing([("colour", &blue)], None)),
            );
            assert_eq!((code(&first), code(&second)), (None, None));
            let found = (
                of_colour(&pair.here, realm, &green).await.len(),
                of_colour(&pair.here, realm, &blue).await.len(),
            );
            assert!(found == (0, 1) || found == (1, 0), "{found:?}");
        }
        let thing = things::describe_thing(&pair.here, realm, &name).await.unwrap();
        assert_eq!(thing.version, 1 + 2 * i64::try_from(ROUNDS).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_thing_made_twice_at_once_is_one_thing() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..ROUNDS {
            let name = format!("t{round}");
            let (first, second) = tokio::join!(
                create_thing(&pair.here, realm, new_thing(&name, [("colour", "red")])),
                create_thing(
                    &pair.there,
                    realm,
                    new_thing(&name, [("colour", "red"), ("size", "")])
                ),
            );
            let kept = things::describe_thing(&pair.here, realm, &name.parse().unwrap())
                .await
                .unwrap();
            assert_eq!(first.unwrap(), kept);
            assert_eq!(second.unwrap(), kept);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thing_made_twice_at_once_with_other_settings_is_made_by_one() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..ROUNDS {
            let name = format!("t{round}");
            let (green, blue) = (format!("green{round}"), format!("blue{round}"));
            let (first, second) = tokio::join!(
                create_thing(&pair.here, realm, new_thing(&name, [("colour", &green)])),
                create_thing(&pair.there, realm, new_thing(&name, [("colour", &blue)])),
            );
            let codes = [code(&first), code(&second)];
            let Some(Code::ResourceAlreadyExists) = codes.into_iter().flatten().next() else {
                panic!("{codes:?}")
            };
            let made = first.or(second).expect("one was made");
            let kept = things::describe_thing(&pair.here, realm, &made.name)
                .await
                .unwrap();
            assert_eq!(made, kept);
            let indexed = of_colour(&pair.here, realm, &green).await.len()
                + of_colour(&pair.here, realm, &blue).await.len();
            assert_eq!(indexed, 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_made_twice_at_once_is_made_by_one() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..ROUNDS {
            let name = policy_name(&format!("p{round}"));
            let other = DOCUMENT.replace("Allow", "Deny");
            let (first, second) = tokio::join!(
                create_policy(&pair.here, realm, name.clone(), DOCUMENT),
                create_policy(&pair.there, realm, name.clone(), &other),
            );
            let kept = policies::get_policy(&pair.here, realm, &name).await.unwrap();
            match (code(&first), code(&second)) {
                (None, Some(Code::ResourceAlreadyExists)) => {
                    assert_eq!(kept, (first.unwrap(), DOCUMENT.to_owned()));
                }
                (Some(Code::ResourceAlreadyExists), None) => assert_eq!(kept, (second.unwrap(), other)),
                codes => panic!("{codes:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_activated_or_deleted_and_never_both() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..2 * ROUNDS {
            let status = [CertificateStatus::Active, CertificateStatus::Revoked][round % 2];
            let id = put_certificate(&pair.here, realm, CertificateStatus::Inactive)
                .await
                .id;
            let (updated, deleted) = tokio::join!(
                update_certificate(&pair.here, realm, &id, status),
                delete_certificate(&pair.there, realm, &id, false),
            );
            let kept = certificates::rows::find(pair.here.store(), realm.realm, &id)
                .await
                .unwrap();
            let kept = kept.map(|certificate| certificate.status);
            match (code(&updated), code(&deleted)) {
                (None, Some(Code::CertificateState)) if status == CertificateStatus::Active => {
                    assert_eq!(kept, Some(CertificateStatus::Active));
                }
                // What was revoked first may be deleted.
                (None, None) if status == CertificateStatus::Revoked => assert_eq!(kept, None),
                (Some(Code::ResourceNotFound), None) => assert_eq!(kept, None),
                codes => panic!("{status}: {codes:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_revoked_while_it_is_activated_stays_revoked() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for _ in 0..ROUNDS {
            let id = put_certificate(&pair.here, realm, CertificateStatus::Inactive)
                .await
                .id;
            let (activated, revoked) = tokio::join!(
                update_certificate(&pair.here, realm, &id, CertificateStatus::Active),
                update_certificate(&pair.there, realm, &id, CertificateStatus::Revoked),
            );
            assert!(
                matches!(code(&activated), None | Some(Code::CertificateState)),
                "{activated:?}"
            );
            assert_eq!(code(&revoked), None);
            let kept = certificates::describe_certificate(&pair.here, realm, &id)
                .await
                .unwrap();
            assert_eq!(kept.status, CertificateStatus::Revoked);
            assert_eq!(kept.customer_version, if activated.is_ok() { 3 } else { 2 });
        }
    }
}
