use std::sync::Arc;

use thingsmith_core::messages::Stored;
use thingsmith_core::messages::retained::{self, Summary};
use thingsmith_model::{Realm, Timestamp};
use thingsmith_mqtt::{Message, MessageProperties, Qos, TopicLimits, TopicName};
use thingsmith_ports::Batch;

use super::script::{Outcome, Script, read, step};

const HERE: Realm = Realm(1);
const THERE: Realm = Realm(2);

pub(super) fn topic(text: &str) -> TopicName {
    TopicName::parse(text, &TopicLimits::default()).unwrap()
}

pub(super) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub(super) fn plain(text: &str, payload: &'static [u8]) -> Message {
    Message {
        topic: topic(text),
        payload: bytes::Bytes::from_static(payload),
        retain: false,
        properties: None,
    }
}

/// A message with every property, which expires after so many seconds.
pub(super) fn rich(text: &str, seconds: u32) -> Message {
    Message {
        properties: Some(Arc::new(MessageProperties {
            payload_is_utf8: true,
            message_expiry_seconds: Some(seconds),
            content_type: Some("text/plain".into()),
            response_topic: Some(topic("answers")),
            correlation_data: Some(bytes::Bytes::from_static(b"\0\xff")),
            user_properties: vec![("a".into(), "1".into()), ("a".into(), "\u{fc}".into())],
        })),
        ..plain(text, b"\xff\0 bytes")
    }
}

fn summary(topic: &str, payload_bytes: i64, qos: Qos, modified_at: i64) -> Summary {
    Summary {
        topic: topic.into(),
        payload_bytes,
        qos,
        modified_at: at(modified_at),
    }
}

pub(super) async fn play(script: &mut Script) {
    let add = |message: &Message, now: i64| Stored::new(message, at(now));
    let mut batch = Batch::new();
    for (realm, message, qos) in [
        (HERE, plain("b", b"x"), Qos::AtMostOnce),
        (HERE, rich("B", 10), Qos::AtLeastOnce),
        (THERE, plain("b", b"theirs"), Qos::AtLeastOnce),
    ] {
        let stored = add(&message, 1_000);
        step!(script, batch, retained::insert(realm, &stored, qos, at(1_000), 2)).unwrap();
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    // A third is one too many, and a second on a topic a duplicate.
    for (realm, name, expected) in [
        (HERE, "c", Outcome::Guard(0)),
        (THERE, "b", Outcome::Duplicate(1)),
    ] {
        let mut batch = Batch::new();
        let stored = add(&plain(name, b""), 1);
        step!(
            script,
            batch,
            retained::insert(realm, &stored, Qos::AtMostOnce, at(1), 2)
        )
        .unwrap();
        assert_eq!(script.commit(batch).await, expected);
    }
    let found = read!(script, retained::find(HERE, "B")).unwrap();
    let expected = add(&rich("B", 10), 1_000);
    script.expect(found.stored.clone(), expected);
    assert_eq!(found.stored.message.payload, rich("B", 10).payload);
    script.expect((found.qos, found.modified_at), (Qos::AtLeastOnce, at(1_000)));
    let left = found.stored.at(at(10_001)).unwrap().properties.clone().unwrap();
    assert_eq!(left.message_expiry_seconds, Some(0));
    assert_eq!(found.stored.at(at(11_000)), None);
    let absent = read!(script, retained::find(HERE, "c"));
    script.expect(absent, None);

    let both = [
        summary("B", 8, Qos::AtLeastOnce, 1_000),
        summary("b", 1, Qos::AtMostOnce, 1_000),
    ];
    for (after, now, limit, expected) in [
        (None, 2_000, 10, both.to_vec()),
        (None, 2_000, 1, both[..1].to_vec()),
        (Some("B"), 2_000, 10, both[1..].to_vec()),
        (None, 11_000, 10, both[1..].to_vec()),
        (Some("b"), 2_000, 10, vec![]),
    ] {
        let page = read!(script, retained::page(HERE, after, at(now), limit));
        script.expect(page, expected);
    }

    let mut batch = Batch::new();
    let stored = add(&plain("b", b"new"), 3_000);
    step!(
        script,
        batch,
        retained::replace(HERE, &stored, Qos::AtLeastOnce, at(3_000))
    )
    .unwrap();
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let found = read!(script, retained::find(HERE, "b")).unwrap();
    script.expect((found.qos, found.modified_at), (Qos::AtLeastOnce, at(3_000)));
    script.expect(found.stored, stored);
    let mut batch = Batch::new();
    let stored = add(&plain("c", b""), 1);
    step!(
        script,
        batch,
        retained::replace(HERE, &stored, Qos::AtMostOnce, at(1))
    )
    .unwrap();
    assert_eq!(script.commit(batch).await, Outcome::Guard(0));

    for (now, expected) in [(10_999, vec![]), (11_000, vec![(HERE, "B".to_owned())])] {
        let expired = read!(script, retained::expired(at(now), 10));
        script.expect(expired, expected);
    }
    for (now, expected) in [(10_999, Outcome::Guard(1)), (11_000, Outcome::Done)] {
        let mut batch = Batch::new();
        step!(script, batch, retained::delete_expired(HERE, "B", at(now)));
        assert_eq!(script.commit(batch).await, expected);
    }
    let counted = read!(script, retained::count(HERE));
    script.expect(counted, 1);
    for expected in [Outcome::Done, Outcome::Guard(1)] {
        let mut batch = Batch::new();
        step!(script, batch, retained::delete(HERE, "b"));
        assert_eq!(script.commit(batch).await, expected);
    }
    let counted = (
        read!(script, retained::count(HERE)),
        read!(script, retained::count(THERE)),
        read!(script, retained::count(Realm(3))),
    );
    script.expect(counted, (0, 1, 0));
    let mut batch = Batch::new();
    step!(script, batch, retained::delete_all());
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let left = read!(script, retained::find(THERE, "b"));
    script.expect(left, None);
}
