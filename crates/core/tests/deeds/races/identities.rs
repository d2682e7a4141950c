//! IAM: what attaches and what counts against what deletes.

use thingsmith_core::identity_policies::{self, Holder};
use thingsmith_core::managed_policies::{self, NewPolicy};
use thingsmith_core::{Code, iam, user_keys, users};

use super::{ROUNDS, pairs};
use crate::objects::{DOCUMENT, code};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_managed_policy_is_attached_or_deleted_and_never_both() {
    for pair in pairs().await {
        let realm = iam::realm(&pair.here, &pair.realm.account).await.unwrap();
        users::create_user(&pair.here, &realm, "ann", "/").await.unwrap();
        for round in 0..ROUNDS {
            let new = NewPolicy {
                name: format!("p{round}"),
                path: "/".into(),
                description: None,
                document: DOCUMENT.into(),
            };
            let policy = managed_policies::create_policy(&pair.here, &realm, new)
                .await
                .unwrap();
            let arn = policy.arn(&realm).to_string();
            let holder = Holder::User("ann");
            let (attached, deleted) = tokio::join!(
                identity_policies::attach(&pair.here, &realm, holder, &arn),
                managed_policies::delete_policy(&pair.there, &realm, &arn),
            );
            let hangs = managed_policies::rows::attachments(pair.here.store(), realm.realm, policy.number)
                .await
                .unwrap();
            match (code(&attached), code(&deleted)) {
                (None, Some(Code::DeleteConflict)) => {
                    assert_eq!(hangs, 1);
                    identity_policies::detach(&pair.here, &realm, holder, &arn)
                        .await
                        .unwrap();
                }
                (Some(Code::NoSuchEntity), None) => assert_eq!(hangs, 0),
                _ => panic!("attached: {attached:?}, deleted: {deleted:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_belongs_to_a_deleted_user_and_none_is_a_third() {
    for pair in pairs().await {
        let realm = iam::realm(&pair.here, &pair.realm.account).await.unwrap();
        for round in 0..ROUNDS {
            let name = format!("u{round}");
            let user = users::create_user(&pair.here, &realm, &name, "/").await.unwrap();
            let (made, deleted) = tokio::join!(
                user_keys::create_access_key(&pair.here, &realm, &name),
                users::delete_user(&pair.there, &realm, &name),
            );
            let count = user_keys::rows::count(pair.here.store(), realm.realm, user.number)
                .await
                .unwrap();
            match (code(&made), code(&deleted)) {
                (None, Some(Code::DeleteConflict)) => assert_eq!(count, 1),
                (Some(Code::NoSuchEntity), None) => {
                    assert_eq!(count, 0);
                    continue;
                }
                _ => panic!("made: {made:?}, deleted: {deleted:?}"),
            }
            let (second, third) = tokio::join!(
                user_keys::create_access_key(&pair.here, &realm, &name),
                user_keys::create_access_key(&pair.there, &realm, &name),
            );
            assert!(
                matches!(
                    (code(&second), code(&third)),
                    (None, Some(Code::LimitExceeded)) | (Some(Code::LimitExceeded), None)
                ),
                "{second:?} {third:?}"
            );
        }
    }
}
