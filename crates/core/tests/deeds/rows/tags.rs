use thingsmith_core::tags::{self, Tags};
use thingsmith_model::Realm;
use thingsmith_ports::Batch;

use super::script::{Outcome, Script, read, step};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

fn tags<const N: usize>(pairs: [(&str, &str); N]) -> Tags {
    pairs.map(|(key, value)| (key.into(), value.into())).into()
}

fn list<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(key, value)| (key.into(), value.into())).into()
}

pub(super) async fn play(script: &mut Script) {
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        tags::insert(HERE, 1, &tags([("é", "1"), ("a", ""), ("B", "2")]))
    );
    step!(script, batch, tags::insert(HERE, 2, &tags([("a", "other")])));
    step!(
        script,
        batch,
        tags::insert(ELSEWHERE, 1, &tags([("a", "elsewhere")]))
    );
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let mut again = Batch::new();
    step!(script, again, tags::insert(HERE, 1, &tags([("a", "x")])));
    assert_eq!(script.commit(again).await, Outcome::Duplicate(0));
    // Keys are in order of their bytes.
    for (after, limit, expected) in [
        ("", 10, list([("B", "2"), ("a", ""), ("é", "1")])),
        ("", 1, list([("B", "2")])),
        ("B", 10, list([("a", ""), ("é", "1")])),
        ("é", 10, vec![]),
    ] {
        let page = read!(script, tags::page(HERE, 1, after, limit));
        script.expect(page, expected);
    }

    // A key that is there counts once: another value finds room, another key does not.
    for (key, limit, expected) in [
        ("a", 3, Outcome::Done),
        ("c", 3, Outcome::Guard(0)),
        ("c", 4, Outcome::Done),
        ("a", 3, Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, tags::set(HERE, 1, (key, "new"), limit));
        assert_eq!(script.commit(batch).await, expected, "{key}, {limit}");
    }
    let mut batch = Batch::new();
    for key in ["B", "é", "absent"] {
        step!(script, batch, tags::delete(HERE, 1, key));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let page = read!(script, tags::page(HERE, 1, "", 10));
    script.expect(page, list([("a", "new"), ("c", "new")]));

    let mut batch = Batch::new();
    step!(script, batch, tags::delete_all(HERE, 1));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (realm, resource, expected) in [
        (HERE, 1, vec![]),
        (HERE, 2, list([("a", "other")])),
        (ELSEWHERE, 1, list([("a", "elsewhere")])),
    ] {
        let page = read!(script, tags::page(realm, resource, "", 10));
        script.expect(page, expected);
    }
}
