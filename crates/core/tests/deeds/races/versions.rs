//! Those who make, choose and delete versions of one policy.

use thingsmith_core::Code;
use thingsmith_core::policies::{
    create_policy_version, delete_policy, delete_policy_version, get_policy, list_policy_versions,
    set_default_policy_version,
};

use super::{ROUNDS, pairs};
use crate::objects::{DOCUMENT, code, make_policy};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_default_version_is_always_there() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..ROUNDS {
            let name = make_policy(&pair.here, realm, &format!("p{round}")).await.name;
            create_policy_version(&pair.here, realm, &name, DOCUMENT, false)
                .await
                .unwrap();
            let (chosen, deleted) = tokio::join!(
                set_default_policy_version(&pair.here, realm, &name, "2"),
                delete_policy_version(&pair.there, realm, &name, "2"),
            );
            let (policy, _) = get_policy(&pair.here, realm, &name).await.unwrap();
            match (code(&chosen), code(&deleted)) {
                (None, Some(Code::DeleteConflict)) => assert_eq!(policy.default_version, 2),
                (Some(Code::ResourceNotFound), None) => assert_eq!(policy.default_version, 1),
                _ => panic!("chosen: {chosen:?}, deleted: {deleted:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fifth_version_is_the_last_whoever_makes_it() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..ROUNDS {
            let name = make_policy(&pair.here, realm, &format!("p{round}")).await.name;
            for _ in 2..=4 {
                create_policy_version(&pair.here, realm, &name, DOCUMENT, false)
                    .await
                    .unwrap();
            }
            let (first, second) = tokio::join!(
                create_policy_version(&pair.here, realm, &name, DOCUMENT, true),
                create_policy_version(&pair.there, realm, &name, DOCUMENT, false),
            );
            match (code(&first), code(&second)) {
                (None, Some(Code::VersionsLimitExceeded)) => assert_eq!(first.unwrap(), 5),
                (Some(Code::VersionsLimitExceeded), None) => assert_eq!(second.unwrap(), 5),
                _ => panic!("{first:?} {second:?}"),
            }
            let (_, versions) = list_policy_versions(&pair.here, realm, &name).await.unwrap();
            assert_eq!(versions.len(), 5);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_versions_made_at_once_are_two_versions() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..ROUNDS {
            let name = make_policy(&pair.here, realm, &format!("p{round}")).await.name;
            let (first, second) = tokio::join!(
                create_policy_version(&pair.here, realm, &name, DOCUMENT, true),
                create_policy_version(&pair.there, realm, &name, DOCUMENT, true),
            );
            let mut made = [first.unwrap(), second.unwrap()];
            made.sort_unstable();
            assert_eq!(made, [2, 3]);
            // Who came last is the default.
            let (policy, _) = get_policy(&pair.here, realm, &name).await.unwrap();
            assert_eq!(policy.default_version, 3);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_gets_a_version_or_is_deleted_and_never_both() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..ROUNDS {
            let name = make_policy(&pair.here, realm, &format!("p{round}")).await.name;
            let (made, deleted) = tokio::join!(
                create_policy_version(&pair.here, realm, &name, DOCUMENT, false),
                delete_policy(&pair.there, realm, &name),
            );
            let stands = get_policy(&pair.here, realm, &name).await.is_ok();
            match (code(&made), code(&deleted)) {
                (None, Some(Code::DeleteConflict)) => assert!(stands),
                (Some(Code::ResourceNotFound), None) => assert!(!stands),
                _ => panic!("made: {made:?}, deleted: {deleted:?}"),
            }
        }
    }
}
