//! What joins, hangs on or stands below a group against what deletes it, and what is counted.

use thingsmith_core::Code;
use thingsmith_core::policies::{self, attach_policy, delete_policy};
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::thing_groups::{
    self, MembershipUpdate, add_thing_to_thing_group, create_thing_group, delete_thing_group,
    remove_thing_from_thing_group,
};
use thingsmith_core::things::{ThingUpdate, delete_thing, update_thing};

use super::{ROUNDS, pairs};
use crate::objects::{code, group_name, make_group, make_policy, make_thing, new_group, thing_name};

fn membership(thing: &str, group: &str) -> MembershipUpdate {
    MembershipUpdate {
        thing_name: Some(thing_name(thing)),
        group_name: Some(group_name(group)),
        ..MembershipUpdate::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_child_stands_below_a_deleted_group() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..ROUNDS {
            let (parent, child) = (format!("p{round}"), format!("c{round}"));
            let group = make_group(&pair.here, realm, &parent, None).await;
            let (created, deleted) = tokio::join!(
                create_thing_group(&pair.here, realm, new_group(&child, Some(&parent))),
                delete_thing_group(&pair.there, realm, &group.name, None),
            );
            let store = pair.here.store();
            let stands = thing_groups::rows::find(store, realm.realm, &group.name)
                .await
                .unwrap();
            let below = thing_groups::rows::page_below(store, realm.realm, group.number, "", 0, 9);
            let below = below.await.unwrap().len();
            match (code(&created), code(&deleted)) {
                // AWS lists no ResourceNotFoundException for CreateThingGroup, and no DeleteConflictException.
                (None, Some(Code::InvalidRequest)) => assert_eq!((stands.is_some(), below), (true, 1)),
                (Some(Code::InvalidRequest), None) => assert_eq!((stands.is_some(), below), (false, 0)),
                _ => panic!("created: {created:?}, deleted: {deleted:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_thing_is_in_a_deleted_group() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let thing = make_thing(&pair.here, realm, "t").await;
        for round in 0..ROUNDS {
            let name = format!("g{round}");
            let group = make_group(&pair.here, realm, &name, None).await;
            let (added, deleted) = tokio::join!(
                add_thing_to_thing_group(&pair.here, realm, membership("t", &name)),
                delete_thing_group(&pair.there, realm, &group.name, None),
            );
            assert_eq!(code(&deleted), None, "{deleted:?}");
            assert!(
                matches!(code(&added), None | Some(Code::ResourceNotFound)),
                "{added:?}"
            );
            assert_eq!(
                members(&pair.here, realm, group.number, thing.number).await,
                (0, 0)
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_deleted_thing_is_in_a_group() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let group = make_group(&pair.here, realm, "g", None).await;
        for round in 0..ROUNDS {
            let name = format!("t{round}");
            let thing = make_thing(&pair.here, realm, &name).await;
            let (added, deleted) = tokio::join!(
                add_thing_to_thing_group(&pair.here, realm, membership(&name, "g")),
                delete_thing(&pair.there, realm, &thing.name, None),
            );
            assert_eq!(code(&deleted), None, "{deleted:?}");
            assert!(
                matches!(code(&added), None | Some(Code::ResourceNotFound)),
                "{added:?}"
            );
            assert_eq!(
                members(&pair.here, realm, group.number, thing.number).await,
                (0, 0)
            );
        }
    }
}

/// How many rows say that a thing is in a group: read from the thing's side without the group, and from the group's.
async fn members(
    deeds: &thingsmith_core::Deeds,
    realm: &RealmRecord,
    group: i64,
    thing: i64,
) -> (usize, usize) {
    let statement = thingsmith_ports::Statement::new(
        "SELECT 1 FROM thing_group_members WHERE realm = $1 AND thing = $2",
        [realm.realm.0.into(), thing.into()],
    );
    let by_thing = deeds.store().read(statement).await.unwrap().len();
    let statement = thingsmith_ports::Statement::new(
        "SELECT 1 FROM thing_group_members WHERE realm = $1 AND thing_group = $2",
        [realm.realm.0.into(), group.into()],
    );
    (by_thing, deeds.store().read(statement).await.unwrap().len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_policy_hangs_on_a_deleted_group() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let policy = make_policy(&pair.here, realm, "p").await;
        for round in 0..ROUNDS {
            let group = make_group(&pair.here, realm, &format!("g{round}"), None).await;
            let target = group.arn(realm);
            let (attached, deleted) = tokio::join!(
                attach_policy(&pair.here, realm, &policy.name, &target),
                delete_thing_group(&pair.there, realm, &group.name, None),
            );
            assert_eq!(code(&deleted), None, "{deleted:?}");
            assert!(
                matches!(code(&attached), None | Some(Code::ResourceNotFound)),
                "{attached:?}"
            );
            let hangs = policies::rows::attached(pair.here.store(), realm.realm, group.number, policy.number);
            assert_eq!(hangs.await.unwrap(), (0, false));
        }
        delete_policy(&pair.here, realm, &policy.name).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_is_attached_to_a_group_or_deleted_and_never_both() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        let group = make_group(&pair.here, realm, "g", None).await;
        let target = group.arn(realm);
        for round in 0..ROUNDS {
            let policy = make_policy(&pair.here, realm, &format!("p{round}")).await;
            let (attached, deleted) = tokio::join!(
                attach_policy(&pair.here, realm, &policy.name, &target),
                delete_policy(&pair.there, realm, &policy.name),
            );
            let store = pair.here.store();
            let stands = policies::rows::find(store, realm.realm, &policy.name)
                .await
                .unwrap();
            let hangs = policies::rows::attached(store, realm.realm, group.number, policy.number)
                .await
                .unwrap();
            match (code(&attached), code(&deleted)) {
                (None, Some(Code::DeleteConflict)) => {
                    assert_eq!((stands.is_some(), hangs), (true, (1, true)))
                }
                (Some(Code::ResourceNotFound), None) => {
                    assert_eq!((stands.is_some(), hangs), (false, (0, false)));
                }
                _ => panic!("attached: {attached:?}, deleted: {deleted:?}"),
            }
            policies::detach_policy(&pair.here, realm, &policy.name, &target)
                .await
                .unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_three_policies_attached_to_a_group_at_once_two_are() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for name in ["a", "b", "c"] {
            make_policy(&pair.here, realm, name).await;
        }
        let names = ["a", "b", "c"].map(crate::objects::policy_name);
        for round in 0..ROUNDS {
            let target = make_group(&pair.here, realm, &format!("g{round}"), None)
                .await
                .arn(realm);
            let (a, b, c) = tokio::join!(
                attach_policy(&pair.here, realm, &names[0], &target),
                attach_policy(&pair.there, realm, &names[1], &target),
                attach_policy(&pair.here, realm, &names[2], &target),
            );
            let mut codes = [code(&a), code(&b), code(&c)];
            codes.sort_by_key(Option::is_some);
            assert_eq!(codes, [None, None, Some(Code::LimitExceeded)]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_groups_of_one_hierarchy_a_thing_joins_one() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        make_group(&pair.here, realm, "root", None).await;
        for name in ["left", "right"] {
            make_group(&pair.here, realm, name, Some("root")).await;
        }
        for round in 0..ROUNDS {
            let name = format!("t{round}");
            let thing = make_thing(&pair.here, realm, &name).await;
            let (left, right) = tokio::join!(
                add_thing_to_thing_group(&pair.here, realm, membership(&name, "left")),
                add_thing_to_thing_group(&pair.there, realm, membership(&name, "right")),
            );
            assert!(
                matches!(
                    (code(&left), code(&right)),
                    (None, Some(Code::InvalidRequest)) | (Some(Code::InvalidRequest), None)
                ),
                "{left:?} {right:?}"
            );
            let found = thing_groups::rows::memberships(pair.here.store(), realm.realm, thing.number);
            assert_eq!(found.await.unwrap().len(), 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_eleven_groups_joined_at_once_a_thing_is_in_ten() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for number in 0..11 {
            make_group(&pair.here, realm, &format!("g{number}"), None).await;
        }
        for round in 0..ROUNDS / 5 {
            let name = format!("t{round}");
            make_thing(&pair.here, realm, &name).await;
            for number in 0..9 {
                add_thing_to_thing_group(&pair.here, realm, membership(&name, &format!("g{number}")))
                    .await
                    .unwrap();
            }
            let (ninth, tenth) = tokio::join!(
                add_thing_to_thing_group(&pair.here, realm, membership(&name, "g9")),
                add_thing_to_thing_group(&pair.there, realm, membership(&name, "g10")),
            );
            let refused = [code(&ninth), code(&tenth)];
            assert!(
                refused == [None, Some(Code::InvalidRequest)]
                    || refused == [Some(Code::InvalidRequest), None],
                "{ninth:?} {tenth:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hundredth_child_is_the_last_whoever_makes_it() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        make_group(&pair.here, realm, "root", None).await;
        for number in 0..99 {
            make_group(&pair.here, realm, &format!("g{number}"), Some("root")).await;
        }
        for round in 0..ROUNDS / 5 {
            let (x, y) = (format!("x{round}"), format!("y{round}"));
            let (left, right) = tokio::join!(
                create_thing_group(&pair.here, realm, new_group(&x, Some("root"))),
                create_thing_group(&pair.there, realm, new_group(&y, Some("root"))),
            );
            let made = match (code(&left), code(&right)) {
                (None, Some(Code::InvalidRequest)) => x,
                (Some(Code::InvalidRequest), None) => y,
                _ => panic!("{left:?} {right:?}"),
            };
            delete_thing_group(&pair.here, realm, &group_name(&made), None)
                .await
                .unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joining_leaving_and_changing_a_thing_do_not_hinder_each_other() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        make_group(&pair.here, realm, "g", None).await;
        let thing = make_thing(&pair.here, realm, "t").await;
        for _ in 0..ROUNDS {
            let (joined, left, updated) = tokio::join!(
                add_thing_to_thing_group(&pair.here, realm, membership("t", "g")),
                remove_thing_from_thing_group(&pair.there, realm, membership("t", "g")),
                update_thing(&pair.there, realm, &thing.name, ThingUpdate::default()),
            );
            assert_eq!((code(&joined), code(&left), code(&updated)), (None, None, None));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_group_made_twice_at_once_is_one_group() {
    for pair in pairs().await {
        let realm = &*pair.realm;
        for round in 0..ROUNDS {
            let name = format!("g{round}");
            let (first, second) = tokio::join!(
                create_thing_group(&pair.here, realm, new_group(&name, None)),
                create_thing_group(&pair.there, realm, new_group(&name, None)),
            );
            assert_eq!(first.unwrap(), second.unwrap());
        }
    }
}
