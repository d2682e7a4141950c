use thingsmith_core::role_aliases::{self, RoleAlias};
use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, Hold};

use super::script::{Outcome, Script, read, step};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

fn alias(number: i64, name: &str) -> RoleAlias {
    RoleAlias {
        number,
        name: name.into(),
        role_arn: "arn:aws:iam::123456789012:role/line".into(),
        duration_seconds: 900,
        owner: "123456789012".parse().unwrap(),
        created_at: Timestamp::from_millis(number),
        modified_at: Timestamp::from_millis(number),
    }
}

pub(super) async fn play(script: &mut Script) {
    let mut batch = Batch::new();
    for (realm, new) in [
        (HERE, alias(1, "b")),
        (HERE, alias(2, "B")),
        (HERE, alias(3, "a=@,")),
        (ELSEWHERE, alias(4, "b")),
    ] {
        step!(script, batch, role_aliases::insert(realm, &new));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let mut batch = Batch::new();
    step!(script, batch, role_aliases::insert(HERE, &alias(5, "b")));
    assert_eq!(script.commit(batch).await, Outcome::Duplicate(0));
    for (realm, name, expected) in [
        (HERE, "B", Some(alias(2, "B"))),
        (ELSEWHERE, "B", None),
        (ELSEWHERE, "b", Some(alias(4, "b"))),
    ] {
        let found = read!(script, role_aliases::find(realm, name));
        script.expect(found, expected);
    }
    for (after, limit, expected) in [(0, 9, vec![1, 2, 3]), (1, 1, vec![2]), (3, 9, vec![])] {
        let page = read!(script, role_aliases::page_ascending(HERE, after, limit));
        script.expect(
            page.iter().map(|(number, _)| *number).collect::<Vec<_>>(),
            expected,
        );
    }
    for (before, limit, expected) in [(i64::MAX, 2, vec![3, 2]), (2, 9, vec![1])] {
        let page = read!(script, role_aliases::page_descending(HERE, before, limit));
        script.expect(
            page.iter().map(|(number, _)| *number).collect::<Vec<_>>(),
            expected,
        );
    }
    let later = Timestamp::from_millis(99);
    for (role, seconds, expected) in [
        (None, Some(1000), ("arn:aws:iam::123456789012:role/line", 1000)),
        (Some("other"), None, ("other", 1000)),
        (None, None, ("other", 1000)),
    ] {
        let mut batch = Batch::new();
        step!(
            script,
            batch,
            role_aliases::update(HERE, 1, (role, seconds), later)
        );
        assert_eq!(script.commit(batch).await, Outcome::Done);
        let found = read!(script, role_aliases::find(HERE, "b")).unwrap();
        assert_eq!((found.role_arn.as_str(), found.duration_seconds), expected);
        assert_eq!(found.modified_at, later);
    }
    for (realm, outcome) in [
        (ELSEWHERE, Outcome::Guard(0)),
        (HERE, Outcome::Done),
        (HERE, Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, role_aliases::delete(realm, 1));
        assert_eq!(script.commit(batch).await, outcome);
    }
    let mut batch = Batch::new();
    step!(script, batch, role_aliases::hold(HERE, 2, Hold::Shared));
    step!(
        script,
        batch,
        role_aliases::update(ELSEWHERE, 2, (None, None), later)
    );
    assert_eq!(script.commit(batch).await, Outcome::Guard(1));
}
