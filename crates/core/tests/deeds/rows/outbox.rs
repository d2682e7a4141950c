use thingsmith_core::outbox::{self, Change, Changed, Mark};
use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::Batch;

use super::script::{Outcome, Script, read, step};

const REALM: Realm = Realm(3);

fn mark(at: i64, number: i64) -> Mark {
    Mark {
        at: Timestamp::from_millis(at),
        number,
    }
}

pub(super) async fn play(script: &mut Script) {
    let changes = [
        (mark(20, 4), Change::Policy(i64::MAX)),
        (mark(10, 9), Change::Certificate(1)),
        (mark(20, 3), Change::Thing(2)),
    ];
    let mut batch = Batch::new();
    for (mark, change) in changes {
        step!(script, batch, outbox::insert(REALM, change, mark));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let mut again = Batch::new();
    step!(
        script,
        again,
        outbox::insert(REALM, Change::Thing(7), mark(21, 3))
    );
    step!(
        script,
        again,
        outbox::insert(REALM, Change::Thing(7), mark(20, 3))
    );
    assert_eq!(script.commit(again).await, Outcome::Duplicate(1));

    for (mark, stands) in [(mark(20, 3), true), (mark(21, 3), false), (mark(10, 4), false)] {
        let holds = read!(script, outbox::holds(mark));
        script.expect(holds, stands);
    }
    let changed = |(mark, change): (Mark, Change)| Changed {
        at: mark.at,
        number: mark.number,
        realm: REALM,
        change,
    };
    for (after, limit, expected) in [
        (
            mark(i64::MIN, i64::MIN),
            10,
            vec![changes[1], changes[2], changes[0]],
        ),
        (mark(10, 8), 2, vec![changes[1], changes[2]]),
        (mark(10, 9), 10, vec![changes[2], changes[0]]),
        (mark(20, 3), 10, vec![changes[0]]),
        (mark(20, i64::MAX), 10, vec![]),
    ] {
        let found = read!(script, outbox::since(after, limit));
        script.expect(found, expected.into_iter().map(changed).collect::<Vec<_>>());
    }

    let mut batch = Batch::new();
    step!(script, batch, outbox::delete_before(Timestamp::from_millis(20)));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let left = read!(script, outbox::since(mark(0, 0), 10));
    script.expect(left, vec![changed(changes[2]), changed(changes[0])]);
}
