use thingsmith_core::policies::{self, Policy};
use thingsmith_core::things::{self, Thing};
use thingsmith_core::{certificates, thing_groups};
use thingsmith_model::{CertificateStatus, Realm, Timestamp};
use thingsmith_ports::{Batch, Hold};
use uuid::Uuid;

use super::script::{Outcome, Script, read, step};
use crate::objects::{attributes, certificate, policy_name, thing_group, thing_name};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);
/// A certificate's number; attachments do not look at the certificate.
const TARGET: i64 = 50;

fn policy(number: i64, name: &str, created_at: i64) -> Policy {
    Policy {
        number,
        name: policy_name(name),
        default_version: 1,
        newest_version: 3,
        created_at: Timestamp::from_millis(created_at),
        modified_at: Timestamp::from_millis(created_at + 1),
        generation_id: Uuid::from_u128(u128::MAX),
    }
}

fn numbers(policies: &[Policy]) -> Vec<i64> {
    policies.iter().map(|policy| policy.number).collect()
}

pub(super) async fn play(script: &mut Script) {
    insert_and_find(script).await;
    pages(script).await;
    attachments(script).await;
    versions(script).await;
    targets(script).await;
    delete(script).await;
}

async fn insert_and_find(script: &mut Script) {
    let mut batch = Batch::new();
    for new in [
        policy(1, "a", 10),
        policy(2, "A", 10),
        policy(3, "a.b@c", 5),
        policy(4, "z", 20),
    ] {
        step!(script, batch, policies::insert(HERE, &new));
        step!(
            script,
            batch,
            policies::insert_version(HERE, new.number, 1, "{\"€\": \"'$1\"}", new.created_at)
        );
    }
    step!(script, batch, policies::insert(ELSEWHERE, &policy(5, "a", 10)));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for wrong in [policy(6, "a", 10), policy(1, "new", 10)] {
        let mut batch = Batch::new();
        step!(script, batch, policies::insert(HERE, &wrong));
        assert_eq!(script.commit(batch).await, Outcome::Duplicate(0));
    }
    let mut batch = Batch::new();
    step!(script, batch, policies::hold(HERE, 1, Hold::Exclusive));
    step!(
        script,
        batch,
        policies::insert_version(HERE, 1, 1, "{}", Timestamp::from_millis(1))
    );
    assert_eq!(script.commit(batch).await, Outcome::Duplicate(1));

    let found = read!(script, policies::find(HERE, &policy_name("a")));
    script.expect(found, Some(policy(1, "a", 10)));
    let other = read!(script, policies::find(ELSEWHERE, &policy_name("a")));
    script.expect(other, Some(policy(5, "a", 10)));
    let absent = read!(script, policies::find(ELSEWHERE, &policy_name("z")));
    script.expect(absent, None);
    for (realm, number, version, expected) in [
        (HERE, 1, 1, Some("{\"€\": \"'$1\"}")),
        (HERE, 1, 2, None),
        (ELSEWHERE, 1, 1, None),
    ] {
        let text = read!(script, policies::document(realm, number, version));
        script.expect(text.as_deref(), expected);
    }
}

async fn pages(script: &mut Script) {
    for (after, limit, expected) in [
        (None, 10, vec![3, 1, 2, 4]),
        (None, 3, vec![3, 1, 2]),
        (Some((10, 1)), 10, vec![2, 4]),
        (Some((20, 4)), 10, vec![]),
    ] {
        let page = read!(script, policies::page_ascending(HERE, after, limit));
        assert_eq!(numbers(&page), expected);
        script.note(page);
    }
    for (after, limit, expected) in [
        (None, 10, vec![4, 2, 1, 3]),
        (Some((10, 2)), 1, vec![1]),
        (Some((5, 3)), 10, vec![]),
    ] {
        let page = read!(script, policies::page_descending(HERE, after, limit));
        assert_eq!(numbers(&page), expected);
        script.note(page);
    }
}

async fn attachments(script: &mut Script) {
    for (policy, limit, outcome) in [
        (4, 3, Outcome::Done),
        (1, 3, Outcome::Done),
        // Attached already; and one more than the limit.
        (1, 3, Outcome::Duplicate(1)),
        (2, 2, Outcome::Guard(1)),
        (2, 3, Outcome::Done),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, policies::hold(HERE, policy, Hold::Shared));
        step!(script, batch, policies::attach(HERE, TARGET, policy, limit));
        assert_eq!(script.commit(batch).await, outcome, "{policy}");
    }
    for (realm, target, policy, expected) in [
        (HERE, TARGET, 1, (3, true)),
        (HERE, TARGET, 3, (3, false)),
        (HERE, 51, 1, (0, false)),
        (ELSEWHERE, TARGET, 1, (0, false)),
    ] {
        let attached = read!(script, policies::attached(realm, target, policy));
        script.expect(attached, expected);
    }
    for (after, limit, expected) in [
        (0, 10, vec![1, 2, 4]),
        (0, 2, vec![1, 2]),
        (2, 10, vec![4]),
        (4, 10, vec![]),
    ] {
        let page = read!(script, policies::page_of_attached(HERE, TARGET, after, limit));
        script.expect(numbers(&page), expected);
    }
    for (number, expected) in [(1, (true, 1)), (3, (false, 1)), (99, (false, 0))] {
        let burden = read!(script, policies::burden(HERE, number));
        script.expect(burden, expected);
    }
}

/// Policy 3 has its version 1, and gets the versions 4 (its newest is 3) and 5.
async fn versions(script: &mut Script) {
    let before = policy(3, "a.b@c", 5);
    let after = |version: i64, default_version: i64| Policy {
        newest_version: version,
        default_version,
        modified_at: Timestamp::from_millis(100 + version),
        generation_id: Uuid::from_u128(5),
        ..before.clone()
    };
    for (version, limit, outcome) in [
        // Not the next version; as many as there may be.
        (3, 9, Outcome::Guard(1)),
        (5, 9, Outcome::Guard(1)),
        (4, 1, Outcome::Guard(1)),
        (4, 2, Outcome::Done),
        (5, 3, Outcome::Done),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, policies::hold(HERE, 3, Hold::Exclusive));
        step!(
            script,
            batch,
            policies::add_version(HERE, &after(version, 1), limit)
        );
        let created_at = Timestamp::from_millis(version);
        step!(
            script,
            batch,
            policies::insert_version(HERE, 3, version, "[]", created_at)
        );
        assert_eq!(script.commit(batch).await, outcome, "{version}");
    }
    let found = read!(script, policies::find(HERE, &policy_name("a.b@c")));
    script.expect(found, Some(after(5, 1)));
    for (realm, number, expected) in [
        (HERE, 3, vec![5, 4, 1]),
        (HERE, 99, vec![]),
        (ELSEWHERE, 3, vec![]),
    ] {
        let versions = read!(script, policies::versions(realm, number));
        script.note(&versions);
        script.expect(versions.iter().map(|it| it.version).collect::<Vec<_>>(), expected);
    }
    for (realm, version, expected) in [(HERE, 4, Some("[]")), (HERE, 3, None), (ELSEWHERE, 4, None)] {
        let found = read!(script, policies::version(realm, 3, version));
        script.note(&found);
        script.expect(found.as_ref().map(|(_, text)| text.as_str()), expected);
    }
    for (version, outcome) in [(4, Outcome::Done), (3, Outcome::Guard(1))] {
        let mut batch = Batch::new();
        step!(script, batch, policies::hold(HERE, 3, Hold::Exclusive));
        step!(
            script,
            batch,
            policies::set_default_version(HERE, &after(5, version))
        );
        assert_eq!(script.commit(batch).await, outcome, "{version}");
    }
    for (version, outcome) in [
        // The default; not there.
        (4, Outcome::Guard(0)),
        (3, Outcome::Guard(0)),
        (1, Outcome::Done),
        (5, Outcome::Done),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, policies::delete_version(HERE, 3, version));
        assert_eq!(script.commit(batch).await, outcome, "{version}");
    }
    // Back to where it was.
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        policies::insert_version(HERE, 3, 1, "{}", Timestamp::from_millis(5))
    );
    step!(script, batch, policies::set_default_version(HERE, &before));
    step!(script, batch, policies::delete_version(HERE, 3, 4));
    assert_eq!(script.commit(batch).await, Outcome::Done);
}

/// Policy 3 is attached to certificate 60, policy 4 to the group 61, which is above 62, and policy 2 to 62. The thing 70
/// of the certificate is in 62.
async fn targets(script: &mut Script) {
    let mut batch = Batch::new();
    certificates::rows::insert(&mut batch, HERE, &certificate(60, CertificateStatus::Active));
    let upper = thing_group(61, "upper", None);
    let lower = thing_group(62, "lower", Some(&upper));
    for group in [&upper, &lower] {
        thing_groups::rows::insert(&mut batch, HERE, group, 9).unwrap();
    }
    let thing = Thing {
        number: 70,
        name: thing_name("t"),
        thing_id: Uuid::from_u128(1),
        version: 1,
        attributes: attributes([]),
        thing_type: None,
        billing_group: None,
    };
    things::rows::insert(&mut batch, HERE, &thing).unwrap();
    things::rows::attach(&mut batch, HERE, 70, 60);
    thing_groups::rows::join(&mut batch, HERE, 70, &lower, 9);
    for (target, policy) in [(60, 3), (60, 2), (61, 4), (61, 2), (62, 2)] {
        step!(script, batch, policies::attach(HERE, target, policy, 9));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);

    for (before, limit, expected) in [
        (i64::MAX, 10, vec![3, 2]),
        (3, 10, vec![2]),
        (i64::MAX, 1, vec![3]),
    ] {
        let page = read!(
            script,
            policies::page_of_attached_descending(HERE, 60, before, limit)
        );
        script.expect(numbers(&page), expected);
    }
    for (realm, target, after, limit, expected) in [
        (HERE, 60, 0, 10, vec![2, 3, 4]),
        (HERE, 60, 2, 1, vec![3]),
        (HERE, 61, 0, 10, vec![2, 4]),
        (HERE, 62, 0, 10, vec![2, 4]),
        (HERE, 62, 4, 10, vec![]),
        (ELSEWHERE, 60, 0, 10, vec![]),
    ] {
        let page = read!(
            script,
            policies::page_of_attached_above(realm, target, after, limit)
        );
        script.expect(numbers(&page), expected);
    }
    for (realm, target, thing, expected) in [
        (HERE, 60, 0, vec![2, 3]),
        (HERE, 0, 70, vec![2, 4]),
        (HERE, 60, 70, vec![2, 3, 4]),
        (HERE, 62, 0, vec![2, 4]),
        (HERE, 0, 0, vec![]),
        (ELSEWHERE, 60, 70, vec![]),
    ] {
        let found = read!(script, policies::effective(realm, target, thing));
        script.note(&found);
        let found: Vec<i64> = found.iter().map(|found| found.policy.number).collect();
        script.expect(found, expected);
    }
    for (realm, policy, after, limit, expected) in [
        // The target 50 of the other script is nothing that is there.
        (HERE, 2, 0, 10, vec![60, 61, 62]),
        (HERE, 2, 60, 1, vec![61]),
        (ELSEWHERE, 2, 0, 10, vec![]),
    ] {
        let page = read!(script, policies::page_of_targets(realm, policy, after, limit));
        script.note(&page);
        script.expect(
            page.iter().map(|(number, _)| *number).collect::<Vec<_>>(),
            expected,
        );
    }
    for (policy, after, expected) in [(2, 0, vec![60]), (2, 60, vec![]), (4, 0, vec![])] {
        let page = read!(script, policies::page_of_principals(HERE, policy, after, 10));
        script.note(&page);
        script.expect(
            page.iter().map(|(number, _)| *number).collect::<Vec<_>>(),
            expected,
        );
    }
    for (before, expected) in [(i64::MAX, vec![60]), (60, vec![])] {
        let page = read!(
            script,
            policies::page_of_principals_descending(HERE, 2, before, 10)
        );
        script.expect(
            page.iter().map(|(number, _)| *number).collect::<Vec<_>>(),
            expected,
        );
    }
    let mut batch = Batch::new();
    for target in [60, 61, 62] {
        step!(script, batch, policies::detach_all(HERE, target));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
}

async fn delete(script: &mut Script) {
    let mut delete = Batch::new();
    step!(script, delete, policies::delete(HERE, 1));
    // Its hold is step 0, the delete step 1.
    assert_eq!(script.commit(delete.clone()).await, Outcome::Guard(1));
    let mut batch = Batch::new();
    for policy in [1, 1, 3] {
        step!(script, batch, policies::detach(HERE, TARGET, policy));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    assert_eq!(script.commit(delete.clone()).await, Outcome::Done);
    assert_eq!(script.commit(delete).await, Outcome::Guard(0));
    let gone = read!(script, policies::find(HERE, &policy_name("a")));
    script.expect(gone, None);
    let text = read!(script, policies::document(HERE, 1, 1));
    script.expect(text, None);
    // A policy with a second version is not deleted with one guess at how many there are.
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        policies::insert_version(HERE, 3, 2, "{}", Timestamp::from_millis(1))
    );
    step!(script, batch, policies::delete(HERE, 3));
    assert_eq!(script.commit(batch).await, Outcome::Guard(3));

    let mut batch = Batch::new();
    step!(script, batch, policies::detach_all(HERE, TARGET));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let attached = read!(script, policies::attached(HERE, TARGET, 2));
    script.expect(attached, (0, false));
}
