//! A reset while others work leaves nothing by halves.

use thingsmith_core::Code;
use thingsmith_core::certificates;
use thingsmith_core::policies::{self, attach_policy, create_policy, delete_policy};
use thingsmith_core::reset::reset;
use thingsmith_core::things::{self, attach_thing_principal, create_thing, delete_thing, update_thing};
use thingsmith_model::CertificateStatus;

use super::{ROUNDS, pairs};
use crate::objects::{
    DOCUMENT, code, make_policy, make_thing, new_thing, policy_name, put_certificate, replacing, thing_name,
};

/// A thing stays with its attributes or goes with them, so that its name can be used in either case.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_made_during_a_reset_stays_whole_or_goes_whole() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for _ in 0..ROUNDS {
            let old = make_thing(&pair.here, realm, "old").await.name;
            let (emptied, made, updated, ruled) = tokio::join!(
                reset(&pair.here),
                create_thing(&pair.there, realm, new_thing("new", [("colour", "red")])),
                update_thing(&pair.there, realm, &old, replacing([("size", "1")], None)),
                create_policy(&pair.there, realm, policy_name("new"), DOCUMENT),
            );
            assert_eq!((code(&emptied), code(&made), code(&ruled)), (None, None, None));
            assert!(
                matches!(code(&updated), None | Some(Code::ResourceNotFound)),
                "{updated:?}"
            );
            for name in ["new", "old"] {
                // A lost or a left attribute would stand in the way of one of these.
                create_thing(&pair.here, realm, new_thing(name, [("colour", "red")]))
                    .await
                    .ok();
                update_thing(
                    &pair.here,
                    realm,
                    &thing_name(name),
                    replacing([("size", "1")], None),
                )
                .await
                .unwrap();
                delete_thing(&pair.here, realm, &thing_name(name), None)
                    .await
                    .unwrap();
            }
            create_policy(&pair.here, realm, policy_name("new"), DOCUMENT)
                .await
                .ok();
            delete_policy(&pair.here, realm, &policy_name("new"))
                .await
                .unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_attached_during_a_reset_does_not_hang_on_nothing() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..ROUNDS {
            let thing = make_thing(&pair.here, realm, &format!("t{round}")).await;
            let policy = make_policy(&pair.here, realm, &format!("p{round}")).await;
            let certificate = put_certificate(&pair.here, realm, CertificateStatus::Active).await;
            let arn = certificate.arn(realm);
            let (emptied, ruled, owned) = tokio::join!(
                reset(&pair.here),
                attach_policy(&pair.there, realm, &policy.name, &arn),
                attach_thing_principal(&pair.there, realm, &thing.name, &arn),
            );
            assert_eq!(code(&emptied), None);
            for answer in [ruled, owned] {
                assert!(
                    matches!(code(&answer), None | Some(Code::ResourceNotFound)),
                    "{answer:?}"
                );
            }
            let store = pair.here.store();
            let left = (
                things::rows::has_principals(store, realm.realm, thing.number)
                    .await
                    .unwrap(),
                policies::rows::burden(store, realm.realm, policy.number)
                    .await
                    .unwrap(),
                certificates::rows::attachments(store, realm.realm, certificate.number)
                    .await
                    .unwrap(),
            );
            assert_eq!(left, (false, (false, 0), (false, false)));
            assert!(
                things::rows::find(store, realm.realm, &thing.name)
                    .await
                    .unwrap()
                    .is_none()
            );
        }
    }
}
