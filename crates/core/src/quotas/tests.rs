use std::sync::atomic::{AtomicI64, Ordering};

use thingsmith_model::Timestamp;

use super::*;

#[derive(Default)]
struct Turned(AtomicI64);

impl Clock for Turned {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

fn held(limits: Limits) -> Quotas {
    let quotas = Quotas::default();
    quotas.hold(limits);
    quotas
}

#[test]
fn who_is_not_told_holds_nobody_to_anything() {
    let (quotas, clock) = (Quotas::default(), Turned::default());
    for _ in 0..100_000 {
        assert!(quotas.take(Realm(1), Quota::ListRetainedMessages, &clock));
    }
    assert!((0..100).all(|_| quotas.client_connects(Realm(1), "pump", &clock)));
    assert!((0..100).all(|_| quotas.topic_retains(Realm(1), "a", &clock)));
    assert!(quotas.connect(Realm(1)).unwrap().is_none());
    assert!(quotas.allow_subscription(|| usize::MAX));
    assert!((0..200).all(|_| quotas.group_changes(Realm(1), "$share/g/a", &clock)));
    assert!((0..100).all(|_| quotas.client_is_deleted(Realm(1), "pump", &clock).is_ok()));
    assert_eq!(quotas.shared_subscription(|| (usize::MAX, usize::MAX)), None);
}

#[test]
fn each_account_has_each_number_of_aws_and_time_gives_it_back() {
    let (quotas, clock) = (held(Limits::aws()), Turned::default());
    for quota in Quota::ALL {
        let number = Limits::aws().per_second(quota);
        for _ in 0..number {
            assert!(quotas.take(Realm(1), quota, &clock), "{quota:?}");
        }
        assert!(!quotas.take(Realm(1), quota, &clock), "{quota:?} {number}");
        let refused = quotas.call(Realm(1), quota, &clock).unwrap_err();
        assert_eq!(refused.code, Code::Throttling);
        assert!(quotas.take(Realm(2), quota, &clock), "another account");
    }
    clock.0.store(1_000, Ordering::Relaxed);
    assert!(
        Quota::ALL
            .iter()
            .all(|quota| quotas.take(Realm(1), *quota, &clock))
    );
}

#[test]
fn a_client_connects_and_a_topic_retains_once_a_second() {
    let (quotas, clock) = (held(Limits::aws()), Turned::default());
    let both = |name: &str| {
        (
            quotas.client_connects(Realm(1), name, &clock),
            quotas.topic_retains(Realm(1), name, &clock),
        )
    };
    assert_eq!([both("a"), both("a")], [(true, true), (false, false)]);
    assert_eq!(both("b"), (true, true));
    clock.0.store(999, Ordering::Relaxed);
    assert_eq!(both("a"), (false, false));
    clock.0.store(1_000, Ordering::Relaxed);
    assert_eq!(both("a"), (true, true));
}

#[test]
fn a_client_is_deleted_once_a_second_and_a_group_changes_a_hundred_times() {
    let (quotas, clock) = (held(Limits::aws()), Turned::default());
    let deleted = |name: &str| quotas.client_is_deleted(Realm(1), name, &clock).is_ok();
    assert_eq!([deleted("a"), deleted("a"), deleted("b")], [true, false, true]);
    let changes = |filter: &str| quotas.group_changes(Realm(1), filter, &clock);
    assert!((0..100).all(|_| changes("$share/g/a")));
    assert!(!changes("$share/g/a") && changes("$share/g/b"));
    clock.0.store(1_000, Ordering::Relaxed);
    assert!(deleted("a") && changes("$share/g/a"));
}

#[test]
fn shared_subscriptions_and_their_members_are_bounded_each_by_itself() {
    let quotas = held(Limits::aws());
    let broken = |groups, members| quotas.shared_subscription(|| (groups, members));
    assert_eq!([broken(99, 0), broken(100, 1), broken(100, 99)], [None; 3]);
    assert!(broken(100, 0).unwrap().contains("shared subscriptions"));
    assert!(broken(1, 100).unwrap().contains("members"));
}

#[test]
fn connections_are_counted_while_they_last() {
    let limits = Limits {
        connections: 2,
        ..Limits::aws()
    };
    let quotas = held(limits);
    let one = quotas.connect(Realm(1)).unwrap();
    let two = quotas.connect(Realm(1)).unwrap();
    assert_eq!(quotas.connect(Realm(1)).unwrap_err(), Full);
    assert!(quotas.connect(Realm(2)).is_ok());
    drop(one);
    drop(quotas.connect(Realm(1)).unwrap());
    drop(two);
    assert!(lock(&quotas.held.get().unwrap().connections).is_empty());
}
