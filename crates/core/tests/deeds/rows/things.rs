use thingsmith_core::things::{self, AttributeFilter, Thing};
use thingsmith_model::{CertificateStatus, Realm};
use thingsmith_ports::{Batch, Hold};
use uuid::Uuid;

use super::script::{Outcome, Script, read, step};
use crate::objects::{attributes, certificate, thing_name};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

fn thing<const N: usize>(number: i64, name: &str, pairs: [(&str, &str); N]) -> Thing {
    Thing {
        number,
        name: thing_name(name),
        thing_id: Uuid::from_u128(u128::MAX - u128::from(number.unsigned_abs())),
        version: 1,
        attributes: attributes(pairs),
        thing_type: None,
        billing_group: None,
    }
}

fn names(things: &[Thing]) -> Vec<&str> {
    things.iter().map(|thing| thing.name.as_str()).collect()
}

pub(super) async fn play(script: &mut Script) {
    insert_and_find(script).await;
    pages(script).await;
    attribute_pages(script).await;
    update(script).await;
    principals(script).await;
    delete(script).await;
}

async fn insert_and_find(script: &mut Script) {
    let mut batch = Batch::new();
    for new in [
        thing(1, "a", [("colour", "red"), ("size", "10")]),
        thing(2, "B", [("colour", "rot")]),
        thing(3, "a-b", [("colour", "red")]),
        thing(4, "a:b", [("colour", "Red")]),
        thing(5, "_", []),
    ] {
        step!(script, batch, things::insert(HERE, &new)).unwrap();
    }
    step!(
        script,
        batch,
        things::insert(ELSEWHERE, &thing(6, "a", [("colour", "red")]))
    )
    .unwrap();
    assert_eq!(script.commit(batch).await, Outcome::Done);
    // A name and a number that are taken.
    for new in [thing(7, "a", []), thing(1, "new", [])] {
        let mut batch = Batch::new();
        step!(script, batch, things::insert(HERE, &thing(8, "before", []))).unwrap();
        step!(script, batch, things::insert(HERE, &new)).unwrap();
        assert_eq!(script.commit(batch).await, Outcome::Duplicate(1));
    }
    let found = read!(script, things::find(HERE, &thing_name("a")));
    script.expect(found, Some(thing(1, "a", [("colour", "red"), ("size", "10")])));
    let other = read!(script, things::find(ELSEWHERE, &thing_name("a")));
    script.expect(other, Some(thing(6, "a", [("colour", "red")])));
    for absent in ["A", "before", "new", "b"] {
        let found = read!(script, things::find(HERE, &thing_name(absent)));
        script.expect(found, None);
    }
}

/// Names are ordered by their bytes.
async fn pages(script: &mut Script) {
    for (after, limit, expected) in [
        (None, 10, vec!["B", "_", "a", "a-b", "a:b"]),
        (None, 2, vec!["B", "_"]),
        (Some("_"), 2, vec!["a", "a-b"]),
        (Some("a-a"), 10, vec!["a-b", "a:b"]),
        (Some("a:b"), 10, vec![]),
    ] {
        let page = read!(script, things::page(HERE, after, limit));
        assert_eq!(names(&page), expected);
        script.note(page);
    }
}

async fn attribute_pages(script: &mut Script) {
    let filter = |name: &str, value: Option<&str>, prefix| AttributeFilter {
        name: name.parse().unwrap(),
        value: value.map(str::to_owned),
        prefix,
    };
    for (filter, after, limit, expected) in [
        (
            filter("colour", None, false),
            None,
            10,
            vec!["a:b", "a", "a-b", "B"],
        ),
        (filter("colour", Some("red"), false), None, 10, vec!["a", "a-b"]),
        (filter("colour", Some("r"), true), None, 10, vec!["a", "a-b", "B"]),
        (
            filter("colour", Some("r"), true),
            Some(("red", "a")),
            1,
            vec!["a-b"],
        ),
        (
            filter("colour", Some("r"), true),
            Some(("red", "a-b")),
            9,
            vec!["B"],
        ),
        (filter("colour", Some("r"), false), None, 10, vec![]),
        (filter("size", None, true), None, 10, vec!["a"]),
        (filter("Colour", None, true), None, 10, vec![]),
    ] {
        let page = read!(script, things::page_by_attribute(HERE, &filter, after, limit));
        let found: Vec<_> = page.iter().map(|(_, thing)| thing.name.as_str()).collect();
        assert_eq!(found, expected, "{filter:?}");
        script.note(page);
    }
}

async fn update(script: &mut Script) {
    let before = thing(3, "a-b", [("colour", "red")]);
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        things::update(HERE, &before, &attributes([("size", "1"), ("shape", "round")]))
    )
    .unwrap();
    assert_eq!(script.commit(batch.clone()).await, Outcome::Done);
    // What was read no longer holds.
    assert_eq!(script.commit(batch).await, Outcome::Guard(0));
    let after = read!(script, things::find(HERE, &before.name)).unwrap();
    script.expect(after.version, 2);
    script.expect(after.attributes, attributes([("size", "1"), ("shape", "round")]));
    let filter = AttributeFilter {
        name: "size".parse().unwrap(),
        value: None,
        prefix: false,
    };
    let by_size = read!(script, things::page_by_attribute(HERE, &filter, None, 10));
    script.expect(
        by_size.iter().map(|(size, _)| size.as_str()).collect::<Vec<_>>(),
        vec!["1", "10"],
    );
    // Another realm's thing of the same number is none.
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        things::update(ELSEWHERE, &before, &before.attributes)
    )
    .unwrap();
    assert_eq!(script.commit(batch).await, Outcome::Guard(0));
}

async fn principals(script: &mut Script) {
    let certificates = [
        certificate(11, CertificateStatus::Active),
        certificate(12, CertificateStatus::Active),
    ];
    let mut batch = Batch::new();
    for certificate in &certificates {
        thingsmith_core::certificates::rows::insert(&mut batch, HERE, certificate);
    }
    for hold in [Hold::Shared, Hold::Exclusive] {
        step!(script, batch, things::hold(HERE, 1, hold));
    }
    for principal in [12, 11, 12] {
        step!(script, batch, things::attach(HERE, 1, principal));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (realm, number) in [(HERE, 99), (ELSEWHERE, 1)] {
        let mut batch = Batch::new();
        step!(script, batch, things::hold(realm, number, Hold::Shared));
        assert_eq!(script.commit(batch).await, Outcome::Guard(0));
    }

    for (realm, thing, expected) in [(HERE, 1, true), (HERE, 2, false), (ELSEWHERE, 1, false)] {
        let has = read!(script, things::has_principals(realm, thing));
        script.expect(has, expected);
    }
    let [first, second] = certificates.map(|certificate| (certificate.number, certificate.id));
    for (after, limit, expected) in [
        (0, 10, vec![first, second]),
        (0, 1, vec![first]),
        (11, 10, vec![second]),
        (12, 10, vec![]),
    ] {
        let page = read!(script, things::page_of_principals(HERE, 1, after, limit));
        script.expect(page, expected);
    }
}

async fn delete(script: &mut Script) {
    let before = thing(1, "a", [("colour", "red"), ("size", "10")]);
    let mut delete = Batch::new();
    step!(script, delete, things::delete(HERE, &before));
    // The hold is step 0, the delete step 1.
    assert_eq!(script.commit(delete.clone()).await, Outcome::Guard(1));
    let mut batch = Batch::new();
    for principal in [11, 12, 12] {
        step!(script, batch, things::detach(HERE, 1, principal));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let mut stale = Batch::new();
    let other_version = Thing {
        version: 2,
        ..before.clone()
    };
    step!(script, stale, things::delete(HERE, &other_version));
    assert_eq!(script.commit(stale).await, Outcome::Guard(1));
    assert_eq!(script.commit(delete.clone()).await, Outcome::Done);
    assert_eq!(script.commit(delete).await, Outcome::Guard(0));
    let gone = read!(script, things::find(HERE, &before.name));
    script.expect(gone, None);
    // With its attributes; those of the other realm's thing of the same name stay.
    let filter = AttributeFilter {
        name: "colour".parse().unwrap(),
        value: None,
        prefix: false,
    };
    for (realm, expected) in [(HERE, vec!["a:b", "B"]), (ELSEWHERE, vec!["a"])] {
        let page = read!(script, things::page_by_attribute(realm, &filter, None, 10));
        let found: Vec<_> = page.iter().map(|(_, thing)| thing.name.as_str()).collect();
        script.expect(found, expected);
    }
    // The name is free.
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        things::insert(HERE, &thing(20, "a", [("colour", "red")]))
    )
    .unwrap();
    assert_eq!(script.commit(batch).await, Outcome::Done);
}
