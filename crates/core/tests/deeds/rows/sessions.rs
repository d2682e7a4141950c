use thingsmith_core::messages::Stored;
use thingsmith_core::messages::sessions::{self, QueueLimits, SessionRecord, SessionSubscription};
use thingsmith_model::Realm;
use thingsmith_mqtt::Qos;
use thingsmith_ports::Batch;

use super::retained::{at, plain, rich};
use super::script::{Outcome, Script, read, step};

const HERE: Realm = Realm(1);
const THERE: Realm = Realm(2);
const LIMITS: QueueLimits = QueueLimits {
    messages: 2,
    bytes: 100,
};

fn to(filter: &str, qos: Qos, options: bool) -> SessionSubscription {
    SessionSubscription {
        filter: filter.into(),
        qos,
        no_local: options,
        retain_as_published: options,
    }
}

fn record(realm: Realm, number: i64, client_id: &str, expires_at: i64) -> SessionRecord {
    SessionRecord {
        realm,
        number,
        client_id: client_id.into(),
        expiry_seconds: 60,
        expires_at: at(expires_at),
    }
}

pub(super) async fn play(script: &mut Script) {
    let pump = record(HERE, 1, "pump", 1_000);
    let theirs = record(THERE, 2, "pump", 2_000);
    let valve = record(HERE, 3, "Pump", 3_000);
    let mut batch = Batch::new();
    for session in [&pump, &theirs, &valve] {
        step!(script, batch, sessions::insert(session));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let mut batch = Batch::new();
    step!(script, batch, sessions::insert(&record(HERE, 4, "pump", 1)));
    assert_eq!(script.commit(batch).await, Outcome::Duplicate(0));
    for (realm, client_id, expected) in [
        (HERE, "pump", Some(pump.clone())),
        (THERE, "pump", Some(theirs.clone())),
        (HERE, "none", None),
    ] {
        let found = read!(script, sessions::find(realm, client_id));
        script.expect(found, expected);
    }

    let mut batch = Batch::new();
    step!(script, batch, sessions::hold(HERE, 1));
    step!(
        script,
        batch,
        sessions::subscribe(HERE, 1, &to("b/#", Qos::AtMostOnce, false))
    );
    step!(
        script,
        batch,
        sessions::subscribe(HERE, 1, &to("B", Qos::AtMostOnce, false))
    );
    step!(
        script,
        batch,
        sessions::subscribe(HERE, 1, &to("b/#", Qos::AtLeastOnce, false))
    );
    step!(
        script,
        batch,
        sessions::subscribe(THERE, 2, &to("b/#", Qos::AtLeastOnce, true))
    );
    step!(
        script,
        batch,
        sessions::subscribe(HERE, 3, &to("c", Qos::AtLeastOnce, false))
    );
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let mut batch = Batch::new();
    step!(script, batch, sessions::hold(HERE, 2));
    assert_eq!(script.commit(batch).await, Outcome::Guard(0));
    let filters = read!(script, sessions::subscriptions(HERE, 1));
    let expected = vec![
        to("B", Qos::AtMostOnce, false),
        to("b/#", Qos::AtLeastOnce, false),
    ];
    script.expect(filters, expected);
    let every = [
        (pump.clone(), Some(to("B", Qos::AtMostOnce, false))),
        (pump.clone(), Some(to("b/#", Qos::AtLeastOnce, false))),
        (theirs.clone(), Some(to("b/#", Qos::AtLeastOnce, true))),
        (valve.clone(), Some(to("c", Qos::AtLeastOnce, false))),
    ];
    let mut batch = Batch::new();
    let quiet = record(HERE, 5, "quiet", 5_000);
    step!(script, batch, sessions::insert(&quiet));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let every = [&every[..], &[(quiet, None)]].concat();
    for (after, limit, expected) in [
        (None, 10, &every[..]),
        (None, 1, &every[..1]),
        (Some((1, "B")), 2, &every[1..3]),
        (Some((2, "b/#")), 10, &every[3..]),
        (Some((3, "c")), 10, &every[4..]),
        (Some((5, "")), 10, &[]),
    ] {
        let found = read!(script, sessions::every_subscription(after, limit));
        script.expect(found, expected.to_vec());
    }
    let mut batch = Batch::new();
    step!(script, batch, sessions::unsubscribe(HERE, 1, "B"));
    step!(script, batch, sessions::unsubscribe(HERE, 1, "never"));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let filters = read!(script, sessions::subscriptions(HERE, 1));
    script.expect(filters, vec![to("b/#", Qos::AtLeastOnce, false)]);

    // Two messages or 100 bytes, properties included; the third, and the one that is too long, go without a word.
    let stored = |text, payload| Stored::new(&plain(text, payload), at(5));
    let mut batch = Batch::new();
    for (session, number, stored) in [
        (1, 12, Stored::new(&rich("b", 1), at(5))),
        (1, 11, stored("b", b"1")),
        (1, 13, stored("b", b"2")),
        (3, 14, stored("c", &[b'x'; 100])),
        (9, 15, stored("b", b"nobody's")),
    ] {
        step!(
            script,
            batch,
            sessions::enqueue(HERE, session, number, &stored, LIMITS)
        )
        .unwrap();
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let queued = read!(script, sessions::queued(HERE, 1, 10));
    let numbers: Vec<i64> = queued.iter().map(|queued| queued.number).collect();
    script.expect(numbers, vec![11, 12]);
    script.expect(queued[1].stored.clone(), Stored::new(&rich("b", 1), at(5)));
    let oldest = read!(script, sessions::queued(HERE, 1, 1));
    script.expect(oldest, queued[..1].to_vec());
    let others = (
        read!(script, sessions::queued(HERE, 3, 10)),
        read!(script, sessions::queued(THERE, 1, 10)),
        read!(script, sessions::queued(HERE, 9, 10)),
    );
    script.expect(others, (vec![], vec![], vec![]));
    let waiting = read!(script, sessions::waiting(HERE, 1));
    // The second one has 24 bytes of properties.
    script.expect(waiting, Some((2, 2 + 9 + 24)));
    for _ in 0..2 {
        let mut batch = Batch::new();
        step!(script, batch, sessions::acknowledge(HERE, 1, 12));
        assert_eq!(script.commit(batch).await, Outcome::Done);
        let waiting = read!(script, sessions::waiting(HERE, 1));
        script.expect(waiting, Some((1, 2)));
    }

    for (now, expected) in [
        (999, vec![]),
        (2_000, vec![pump.clone(), theirs.clone()]),
        (4_000, vec![pump.clone(), theirs.clone(), valve.clone()]),
    ] {
        let expired = read!(script, sessions::expired(at(now), 10));
        script.expect(expired, expected);
    }
    let mut batch = Batch::new();
    step!(script, batch, sessions::renew(HERE, 1, 7, at(9_000)));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let mut batch = Batch::new();
    step!(script, batch, sessions::renew(HERE, 2, 7, at(9_000)));
    assert_eq!(script.commit(batch).await, Outcome::Guard(0));
    for (number, now, expected) in [
        (1, 8_999, Outcome::Guard(0)),
        (1, 9_000, Outcome::Done),
        (1, 9_000, Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, sessions::delete_expired(HERE, number, at(now)));
        assert_eq!(script.commit(batch).await, expected);
    }
    let left = (
        read!(script, sessions::queued(HERE, 1, 10)),
        read!(script, sessions::waiting(HERE, 1)),
    );
    script.expect(left, (vec![], None));
    for _ in 0..2 {
        let mut batch = Batch::new();
        step!(script, batch, sessions::delete(HERE, 3));
        assert_eq!(script.commit(batch).await, Outcome::Done);
    }
    let left = read!(script, sessions::every_subscription(None, 10));
    script.expect(left, [&every[2..3], &every[4..]].concat());
    let mut batch = Batch::new();
    step!(script, batch, sessions::delete_all());
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let left = read!(script, sessions::find(THERE, "pump"));
    script.expect(left, None);
}
