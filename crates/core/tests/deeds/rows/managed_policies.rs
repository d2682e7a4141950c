use thingsmith_core::identity_policies;
use thingsmith_core::managed_policies::{self, ManagedPolicy};
use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, Hold};

use super::script::{Outcome, Script, read, step};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);
const LATER: Timestamp = Timestamp::from_millis(99);

pub(super) fn policy(number: i64, name: &str, path: &str) -> ManagedPolicy {
    ManagedPolicy {
        number,
        name: name.into(),
        path: path.into(),
        id: format!("ANPA{number}"),
        description: (number % 2 == 0).then(|| "even".into()),
        default_version: 1,
        newest_version: 1,
        created_at: Timestamp::from_millis(number),
        modified_at: Timestamp::from_millis(number),
    }
}

pub(super) async fn play(script: &mut Script) {
    insert_and_find(script).await;
    versions(script).await;
    delete(script).await;
}

async fn insert_and_find(script: &mut Script) {
    let mut batch = Batch::new();
    for new in [
        policy(1, "One", "/"),
        policy(2, "Two", "/a/"),
        policy(3, "Three", "/a/b/"),
    ] {
        step!(script, batch, managed_policies::insert(HERE, &new));
        step!(
            script,
            batch,
            managed_policies::insert_version(HERE, new.number, 1, "{1}", new.created_at)
        );
    }
    step!(
        script,
        batch,
        managed_policies::insert(ELSEWHERE, &policy(4, "one", "/"))
    );
    identity_policies::rows::attach(&mut batch, HERE, 50, 2, 10);
    identity_policies::rows::attach(&mut batch, HERE, 51, 2, 10);
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        managed_policies::insert(HERE, &policy(5, "ONE", "/"))
    );
    assert_eq!(script.commit(batch).await, Outcome::Duplicate(0));
    for (realm, name, expected) in [
        (HERE, "two", Some(policy(2, "Two", "/a/"))),
        (ELSEWHERE, "two", None),
    ] {
        let found = read!(script, managed_policies::find(realm, name));
        script.expect(found, expected);
    }
    for (prefix, attached, after, limit, expected) in [
        ("/", false, 0, 10, vec![(1, 0), (2, 2), (3, 0)]),
        ("/a/", false, 0, 10, vec![(2, 2), (3, 0)]),
        ("/", true, 0, 10, vec![(2, 2)]),
        ("/", false, 1, 1, vec![(2, 2)]),
    ] {
        let page = read!(
            script,
            managed_policies::page(HERE, (prefix, attached), after, limit)
        );
        let found: Vec<_> = page
            .iter()
            .map(|(policy, count)| (policy.number, *count))
            .collect();
        script.expect(found, expected);
    }
    for (realm, number, count) in [(HERE, 2, 2), (HERE, 1, 0), (ELSEWHERE, 2, 0)] {
        let found = read!(script, managed_policies::attachments(realm, number));
        script.expect(found, count);
    }
}

async fn versions(script: &mut Script) {
    let one = policy(1, "One", "/");
    for (as_default, outcome) in [(false, Outcome::Done), (true, Outcome::Guard(1))] {
        let mut batch = Batch::new();
        step!(
            script,
            batch,
            managed_policies::count_up(HERE, &one, as_default, LATER)
        );
        step!(
            script,
            batch,
            managed_policies::insert_version(HERE, 1, 2, "{2}", LATER)
        );
        assert_eq!(script.commit(batch).await, outcome);
    }
    let newer = ManagedPolicy {
        newest_version: 2,
        ..one.clone()
    };
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        managed_policies::count_up(HERE, &newer, true, LATER)
    );
    step!(
        script,
        batch,
        managed_policies::insert_version(HERE, 1, 3, "{3}", LATER)
    );
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let found = read!(script, managed_policies::find(HERE, "one")).unwrap();
    assert_eq!(
        (found.default_version, found.newest_version, found.modified_at),
        (3, 3, LATER)
    );
    let all = read!(script, managed_policies::versions(HERE, 1));
    let all: Vec<_> = all.iter().map(|it| (it.version, it.is_default)).collect();
    script.expect(all, vec![(3, true), (2, false), (1, false)]);
    for (realm, version, expected) in [
        (HERE, 2, Some(("{2}".to_owned(), LATER))),
        (HERE, 4, None),
        (ELSEWHERE, 2, None),
    ] {
        let found = read!(script, managed_policies::version(realm, 1, version));
        script.expect(found, expected);
    }
    for (realm, expected) in [(HERE, Some("{3}")), (ELSEWHERE, None)] {
        let document = read!(script, managed_policies::default_document(realm, 1));
        script.expect(document.as_deref(), expected);
    }
    for (version, outcome) in [(9, Outcome::Guard(1)), (1, Outcome::Done)] {
        let mut batch = Batch::new();
        step!(
            script,
            batch,
            managed_policies::set_default(HERE, &one, version, LATER)
        );
        assert_eq!(script.commit(batch).await, outcome);
    }
    for (version, outcome) in [(1, Outcome::Guard(1)), (3, Outcome::Done), (3, Outcome::Guard(1))] {
        let mut batch = Batch::new();
        step!(
            script,
            batch,
            managed_policies::delete_version(HERE, &one, version, LATER)
        );
        assert_eq!(script.commit(batch).await, outcome);
    }
}

async fn delete(script: &mut Script) {
    for (realm, number, outcome) in [
        (ELSEWHERE, 3, Outcome::Guard(0)),
        // Attached; and one with two versions.
        (HERE, 2, Outcome::Guard(1)),
        (HERE, 1, Outcome::Guard(2)),
        (HERE, 3, Outcome::Done),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, managed_policies::hold(realm, number, Hold::Shared));
        assert_eq!(
            script.commit(batch).await,
            if realm == HERE {
                Outcome::Done
            } else {
                Outcome::Guard(0)
            }
        );
        let mut batch = Batch::new();
        step!(script, batch, managed_policies::delete(realm, number));
        assert_eq!(script.commit(batch).await, outcome, "{number}");
    }
}
