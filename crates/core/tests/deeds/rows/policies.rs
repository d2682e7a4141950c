use thingsmith_core::policies::{self, Policy};
use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, Hold};
use uuid::Uuid;

use super::script::{Outcome, Script, read, step};
use crate::objects::policy_name;

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
