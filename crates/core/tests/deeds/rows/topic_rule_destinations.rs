use thingsmith_core::topic_rule_destinations::{self, Destination, Status};
use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::Batch;

use super::script::{Outcome, Script, read, step};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

fn destination(number: i64, id: &str) -> Destination {
    Destination {
        number,
        id: id.into(),
        confirmation_url: format!("https://{id}.example"),
        status: Status::InProgress,
        status_reason: None,
        confirmed: false,
        created_at: Timestamp::from_millis(number),
        updated_at: Timestamp::from_millis(number),
    }
}

pub(super) async fn play(script: &mut Script) {
    let mut batch = Batch::new();
    for (realm, new, url) in [
        (HERE, destination(1, "a"), [1_u8; 32]),
        (HERE, destination(2, "b"), [2; 32]),
        (ELSEWHERE, destination(3, "a"), [1; 32]),
    ] {
        step!(
            script,
            batch,
            topic_rule_destinations::insert(realm, &new, &url, &[9; 32])
        );
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let mut batch = Batch::new();
    let taken = destination(4, "c");
    step!(
        script,
        batch,
        topic_rule_destinations::insert(HERE, &taken, &[1; 32], &[9; 32])
    );
    assert_eq!(script.commit(batch).await, Outcome::Duplicate(0));
    for (realm, id, expected) in [
        (HERE, "a", Some(destination(1, "a"))),
        (HERE, "c", None),
        (ELSEWHERE, "b", None),
    ] {
        let found = read!(script, topic_rule_destinations::find(realm, id));
        script.expect(found, expected);
    }
    for (realm, url, expected) in [
        (HERE, [2_u8; 32], Some(destination(2, "b"))),
        (ELSEWHERE, [2; 32], None),
    ] {
        let found = read!(script, topic_rule_destinations::by_url(realm, &url));
        script.expect(found, expected);
    }
    for (after, limit, expected) in [(0, 9, vec![1, 2]), (1, 9, vec![2]), (0, 1, vec![1])] {
        let page = read!(script, topic_rule_destinations::page(HERE, after, limit));
        let numbers: Vec<_> = page.iter().map(|it| it.number).collect();
        script.expect(numbers, expected);
    }
    let later = Timestamp::from_millis(99);
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        topic_rule_destinations::begin_confirmation(HERE, 1, &[7; 32], later)
    );
    step!(
        script,
        batch,
        topic_rule_destinations::fail_confirmation(HERE, (1, &[9; 32]), "an old token", later)
    );
    step!(
        script,
        batch,
        topic_rule_destinations::fail_confirmation(HERE, (2, &[9; 32]), "no answer", later)
    );
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (token, expected) in [([9_u8; 32], Some(2)), ([7; 32], Some(1)), ([8; 32], None)] {
        let found = read!(script, topic_rule_destinations::by_token(HERE, &token));
        script.expect(found.map(|it| it.number), expected);
    }
    let failed = read!(script, topic_rule_destinations::find(HERE, "b")).unwrap();
    assert_eq!(
        (failed.status, failed.status_reason.as_deref(), failed.updated_at),
        (Status::Error, Some("no answer"), later)
    );
    for (realm, token, outcome) in [
        (HERE, [9_u8; 32], Outcome::Guard(0)),
        (ELSEWHERE, [7; 32], Outcome::Guard(0)),
        (HERE, [7; 32], Outcome::Done),
        (HERE, [7; 32], Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        step!(
            script,
            batch,
            topic_rule_destinations::confirm(realm, (1, &token), later)
        );
        assert_eq!(script.commit(batch).await, outcome);
    }
    let confirmed = read!(script, topic_rule_destinations::find(HERE, "a")).unwrap();
    assert_eq!((confirmed.status, confirmed.confirmed), (Status::Enabled, true));
    for (realm, outcome) in [(ELSEWHERE, Outcome::Guard(0)), (HERE, Outcome::Done)] {
        let mut batch = Batch::new();
        step!(
            script,
            batch,
            topic_rule_destinations::set_status(realm, 1, (Status::Disabled, Some("why")), later)
        );
        assert_eq!(script.commit(batch).await, outcome);
    }
    for (realm, outcome) in [(ELSEWHERE, Outcome::Guard(0)), (HERE, Outcome::Done)] {
        let mut batch = Batch::new();
        step!(script, batch, topic_rule_destinations::delete(realm, 1));
        assert_eq!(script.commit(batch).await, outcome);
    }
}
