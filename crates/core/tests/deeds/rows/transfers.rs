use thingsmith_core::transfers::{self, Direction, State, Transfer};
use thingsmith_model::{Account, CertificateStatus, Realm, Timestamp};
use thingsmith_ports::Batch;

use super::script::{Outcome, Script, read, step};
use crate::objects::certificate;

const HERE: Realm = Realm(1);
const THERE: Realm = Realm(2);

/// The transfer of certificate `number` from here to there, as it is seen here.
fn outgoing(number: i64) -> Transfer {
    Transfer {
        id: certificate(number, CertificateStatus::Inactive).id,
        number,
        created_at: Timestamp::from_millis(if number == 3 { -5 } else { 100 }),
        direction: Direction::Outgoing,
        state: State::Pending,
        peer: THERE,
        peer_account: Account::development(),
        message: (number == 1).then(|| "for you".to_owned()),
        sent_at: Timestamp::from_millis(1_767_225_600_123),
        settled_at: None,
        reject_reason: None,
    }
}

fn incoming(number: i64) -> Transfer {
    Transfer {
        number: number + 100,
        direction: Direction::Incoming,
        peer: HERE,
        ..outgoing(number)
    }
}

fn numbers(all: &[Transfer]) -> Vec<i64> {
    all.iter().map(|one| one.number).collect()
}

pub(super) async fn play(script: &mut Script) {
    for number in 1..=4 {
        let mut batch = Batch::new();
        step!(script, batch, transfers::insert(HERE, &outgoing(number)));
        step!(script, batch, transfers::insert(THERE, &incoming(number)));
        assert_eq!(script.commit(batch.clone()).await, Outcome::Done);
        assert_eq!(script.commit(batch).await, Outcome::Duplicate(1));
    }
    for (realm, expected) in [
        (HERE, Some(outgoing(1))),
        (THERE, Some(incoming(1))),
        (Realm(3), None),
    ] {
        let found = read!(script, transfers::find(realm, &outgoing(1).id));
        script.expect(found, expected);
    }
    for (realm, after, limit, expected) in [
        (HERE, None, 10, vec![3, 1, 2, 4]),
        (HERE, Some((100, 1)), 1, vec![2]),
        (THERE, None, 10, vec![]),
    ] {
        let page = read!(script, transfers::page_of_outgoing_ascending(realm, after, limit));
        script.expect(numbers(&page), expected);
    }
    for (after, limit, expected) in [(None, 10, vec![4, 2, 1, 3]), (Some((100, 2)), 10, vec![1, 3])] {
        let page = read!(script, transfers::page_of_outgoing_descending(HERE, after, limit));
        script.expect(numbers(&page), expected);
    }
    settle(script).await;
}

async fn settle(script: &mut Script) {
    let at = Timestamp::from_millis(1_800_000_000_001);
    let ids = [1, 2, 3].map(|number| outgoing(number).id);
    for (realm, peer, id, state, reason, outcome) in [
        (HERE, Realm(3), &ids[0], State::Accepted, None, Outcome::Guard(0)),
        (HERE, THERE, &ids[0], State::Accepted, None, Outcome::Done),
        (HERE, THERE, &ids[0], State::Rejected, None, Outcome::Guard(0)),
        (THERE, HERE, &ids[1], State::Rejected, Some("no"), Outcome::Done),
    ] {
        let mut batch = Batch::new();
        step!(
            script,
            batch,
            transfers::settle(realm, peer, id, state, at, reason)
        );
        assert_eq!(script.commit(batch).await, outcome);
    }
    let accepted = read!(script, transfers::find(HERE, &ids[0])).unwrap();
    script.expect((accepted.state, accepted.settled_at), (State::Accepted, Some(at)));
    let rejected = read!(script, transfers::find(THERE, &ids[1])).unwrap();
    script.expect(
        (rejected.state, rejected.reject_reason),
        (State::Rejected, Some("no".to_owned())),
    );
    for (peer, id, outcome) in [
        (Realm(3), &ids[2], Outcome::Guard(0)),
        (THERE, &ids[0], Outcome::Guard(0)),
        (THERE, &ids[2], Outcome::Done),
        (THERE, &ids[2], Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, transfers::cancel(HERE, peer, id));
        assert_eq!(script.commit(batch).await, outcome);
    }
    // What has ended makes room for the next.
    let mut batch = Batch::new();
    step!(script, batch, transfers::insert(HERE, &outgoing(1)));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let page = read!(script, transfers::page_of_outgoing_ascending(HERE, None, 10));
    script.expect(numbers(&page), vec![1, 2, 4]);
}
