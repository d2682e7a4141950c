use thingsmith_core::billing_groups::{self, BillingGroup};
use thingsmith_core::thing_types::{self, ThingType};
use thingsmith_core::things::PrincipalType::{Exclusive, NonExclusive};
use thingsmith_core::things::rows::Attachment;
use thingsmith_core::things::{self, AttributeFilter, Link, Thing};
use thingsmith_model::{CertificateStatus, Realm, Timestamp};
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
    belongings(script).await;
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
        things::update(
            HERE,
            &before,
            &Thing {
                version: 2,
                attributes: attributes([("size", "1"), ("shape", "round")]),
                ..before.clone()
            }
        )
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
    step!(script, batch, things::update(ELSEWHERE, &before, &before)).unwrap();
    assert_eq!(script.commit(batch).await, Outcome::Guard(0));
}

async fn principals(script: &mut Script) {
    let certificates = [
        certificate(11, CertificateStatus::Active),
        certificate(12, CertificateStatus::Active),
        certificate(13, CertificateStatus::Active),
    ];
    let mut batch = Batch::new();
    for certificate in &certificates {
        thingsmith_core::certificates::rows::insert(&mut batch, HERE, certificate);
    }
    for hold in [Hold::Shared, Hold::Exclusive] {
        step!(script, batch, things::hold(HERE, 1, hold));
    }
    for principal in [12, 11] {
        step!(script, batch, things::attach(HERE, 1, principal));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let mut again = Batch::new();
    step!(script, again, things::attach(HERE, 1, 11));
    assert_eq!(script.commit(again).await, Outcome::Guard(0));
    for (realm, number) in [(HERE, 99), (ELSEWHERE, 1)] {
        let mut batch = Batch::new();
        step!(script, batch, things::hold(realm, number, Hold::Shared));
        assert_eq!(script.commit(batch).await, Outcome::Guard(0));
    }

    for (realm, thing, expected) in [(HERE, 1, true), (HERE, 2, false), (ELSEWHERE, 1, false)] {
        let has = read!(script, things::has_principals(realm, thing));
        script.expect(has, expected);
    }
    let [first, second, _] = certificates.map(|certificate| (certificate.number, certificate.id));
    for (only, after, limit, expected) in [
        (None, 0, 10, vec![first, second]),
        (None, 0, 1, vec![first]),
        (None, 11, 10, vec![second]),
        (None, 12, 10, vec![]),
        (Some(NonExclusive), 0, 10, vec![first, second]),
        (Some(Exclusive), 0, 10, vec![]),
    ] {
        let page = read!(script, things::page_of_principals(HERE, 1, only, after, limit));
        let page: Vec<_> = page.iter().map(|it| (it.number, it.object)).collect();
        script.expect(page, expected);
    }
    exclusive(script).await;
}

async fn exclusive(script: &mut Script) {
    let attachment = |here, elsewhere, exclusive_elsewhere| Attachment {
        here,
        elsewhere,
        exclusive_elsewhere,
    };
    // 11 belongs to 1, and so to none exclusively; 13 to 2 alone.
    for (thing, principal, exclusively, expected) in [
        (2, 11, true, Outcome::Guard(0)),
        (2, 13, true, Outcome::Done),
        (2, 13, true, Outcome::Guard(0)),
        (1, 13, false, Outcome::Guard(0)),
        (1, 13, true, Outcome::Guard(0)),
        (2, 11, false, Outcome::Done),
    ] {
        let mut batch = Batch::new();
        if exclusively {
            step!(script, batch, things::attach_exclusively(HERE, thing, principal));
        } else {
            step!(script, batch, things::attach(HERE, thing, principal));
        }
        assert_eq!(script.commit(batch).await, expected, "{principal} to {thing}");
    }
    for (thing, principal, expected) in [
        (1, 11, attachment(Some(NonExclusive), true, false)),
        (1, 12, attachment(Some(NonExclusive), false, false)),
        (2, 12, attachment(None, true, false)),
        (2, 13, attachment(Some(Exclusive), false, false)),
        (1, 13, attachment(None, true, true)),
        (1, 14, attachment(None, false, false)),
    ] {
        let found = read!(script, things::attachment(HERE, thing, principal));
        script.expect(found, expected);
    }
    for (principal, only, after, expected) in [
        (11, None, 0, vec![(1, "a", NonExclusive), (2, "B", NonExclusive)]),
        (11, None, 1, vec![(2, "B", NonExclusive)]),
        (11, Some(Exclusive), 0, vec![]),
        (13, None, 0, vec![(2, "B", Exclusive)]),
        (13, Some(Exclusive), 0, vec![(2, "B", Exclusive)]),
        (13, Some(NonExclusive), 0, vec![]),
    ] {
        let page = read!(
            script,
            things::page_of_principal_things(HERE, principal, only, after, 10)
        );
        let page: Vec<_> = page
            .iter()
            .map(|it| (it.number, it.object.as_str(), it.principal_type))
            .collect();
        script.expect(page, expected);
    }
}

/// Types and billing groups; numbers that name nothing count as none.
async fn belongings(script: &mut Script) {
    let mut batch = Batch::new();
    for (number, name) in [(101, "pump"), (102, "valve")] {
        let new = ThingType {
            number,
            name: name.parse().unwrap(),
            thing_type_id: Uuid::from_u128(1),
            properties: thing_types::Properties::default(),
            created_at: Timestamp::from_millis(1),
            deprecated_at: None,
            revision: 1,
        };
        thing_types::rows::insert(&mut batch, HERE, &new).unwrap();
        let new = BillingGroup {
            number: number + 100,
            name: name.parse().unwrap(),
            billing_group_id: Uuid::from_u128(1),
            description: None,
            version: 1,
            created_at: Timestamp::from_millis(1),
        };
        billing_groups::rows::insert(&mut batch, HERE, &new);
    }
    let of_type = |number, name: &str| {
        let name = name.parse().unwrap();
        Some(Link { number, name })
    };
    let first = Thing {
        thing_type: of_type(101, "pump"),
        billing_group: Some(Link {
            number: 202,
            name: "valve".parse().unwrap(),
        }),
        ..thing(31, "x", [("shape", "square")])
    };
    let second = Thing {
        thing_type: of_type(101, "pump"),
        ..thing(32, "y", [("shape", "oval")])
    };
    let third = Thing {
        thing_type: of_type(999, "gone"),
        ..thing(33, "z", [("shape", "oval")])
    };
    for new in [&first, &second, &third] {
        step!(script, batch, things::insert(HERE, new)).unwrap();
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (new, expected) in [
        (&first, first.clone()),
        (&second, second.clone()),
        (
            &third,
            Thing {
                thing_type: None,
                ..third.clone()
            },
        ),
    ] {
        let found = read!(script, things::find(HERE, &new.name));
        script.expect(found, Some(expected));
    }
    for (realm, after, limit, expected) in [
        (HERE, None, 10, vec!["x", "y"]),
        (HERE, None, 1, vec!["x"]),
        (HERE, Some("x"), 10, vec!["y"]),
        (ELSEWHERE, None, 10, vec![]),
    ] {
        let page = read!(script, things::page_by_type(realm, 101, after, limit));
        script.expect(names(&page), expected);
    }
    let filter = AttributeFilter {
        name: "shape".parse().unwrap(),
        value: None,
        prefix: false,
    };
    for (number, after, expected) in [
        (101, None, vec!["y", "x"]),
        (101, Some(("oval", "y")), vec!["x"]),
        (102, None, vec![]),
    ] {
        let page = read!(
            script,
            things::page_by_attribute_and_type(HERE, &filter, number, after, 10)
        );
        let found: Vec<_> = page.iter().map(|(_, thing)| thing.name.as_str()).collect();
        script.expect(found, expected);
    }
    // Another type, no type, another group, no group.
    let valve = Thing {
        version: 2,
        thing_type: of_type(102, "valve"),
        ..first.clone()
    };
    let none = Thing {
        version: 3,
        thing_type: None,
        billing_group: Some(Link {
            number: 201,
            name: "pump".parse().unwrap(),
        }),
        ..first.clone()
    };
    let mut batch = Batch::new();
    step!(script, batch, things::update(HERE, &first, &valve)).unwrap();
    step!(script, batch, things::update(HERE, &valve, &none)).unwrap();
    step!(script, batch, things::leave_billing_group(HERE, 31, 201));
    step!(script, batch, things::set_billing_group(HERE, 31, 201));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let found = read!(script, things::find(HERE, &first.name));
    script.expect(found, Some(none));
    let mut batch = Batch::new();
    step!(script, batch, things::leave_billing_group(HERE, 31, 201));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let found = read!(script, things::find(HERE, &first.name)).unwrap();
    script.expect(found.billing_group, None);
    let mut batch = Batch::new();
    step!(script, batch, things::set_billing_group(ELSEWHERE, 31, 201));
    assert_eq!(script.commit(batch).await, Outcome::Guard(0));
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
    step!(script, batch, things::detach(HERE, 2, 11));
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
