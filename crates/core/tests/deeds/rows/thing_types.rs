use thingsmith_core::thing_types::{self, PropagatingAttribute, Properties, ThingType};
use thingsmith_core::things::{self, Link, Thing};
use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, Hold};
use uuid::Uuid;

use super::script::{Outcome, Script, read, step};
use crate::objects::{attributes, thing_name};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

fn thing_type(number: i64, name: &str, properties: Properties) -> ThingType {
    ThingType {
        number,
        name: name.parse().unwrap(),
        thing_type_id: Uuid::from_u128(u128::from(number.unsigned_abs())),
        properties,
        created_at: Timestamp::from_millis(1_767_225_600_123),
        deprecated_at: None,
        revision: 1,
    }
}

fn properties() -> Properties {
    Properties {
        description: Some("pümps".into()),
        searchable_attributes: vec!["colour".parse().unwrap(), "size".parse().unwrap()],
        propagating_attributes: Some(vec![
            PropagatingAttribute {
                user_property_key: "k".into(),
                thing_attribute: Some("colour".parse().unwrap()),
                connection_attribute: None,
            },
            PropagatingAttribute {
                user_property_key: "c".into(),
                thing_attribute: None,
                connection_attribute: Some("iot:ClientId".into()),
            },
        ]),
    }
}

pub(super) async fn play(script: &mut Script) {
    let full = thing_type(1, "b", properties());
    let empty = thing_type(2, "B", Properties::default());
    let mut batch = Batch::new();
    for new in [&full, &empty] {
        step!(script, batch, thing_types::insert(HERE, new)).unwrap();
    }
    let theirs = thing_type(3, "b", Properties::default());
    step!(script, batch, thing_types::insert(ELSEWHERE, &theirs)).unwrap();
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let mut again = Batch::new();
    step!(
        script,
        again,
        thing_types::insert(HERE, &thing_type(4, "b", Properties::default()))
    )
    .unwrap();
    assert_eq!(script.commit(again).await, Outcome::Duplicate(0));
    for (realm, name, expected) in [
        (HERE, "b", Some(&full)),
        (HERE, "B", Some(&empty)),
        (ELSEWHERE, "b", Some(&theirs)),
        (ELSEWHERE, "B", None),
    ] {
        let found = read!(script, thing_types::find(realm, &name.parse().unwrap()));
        script.expect(found.as_ref(), expected);
    }
    for (after, limit, expected) in [("", 10, vec!["B", "b"]), ("", 1, vec!["B"]), ("B", 10, vec!["b"])] {
        let page = read!(script, thing_types::page(HERE, after, limit));
        let names: Vec<_> = page.iter().map(|it| it.name.as_str()).collect();
        script.expect(names, expected);
    }
    update(script, &full).await;
    things_and_delete(script, &empty).await;
}

async fn update(script: &mut Script, before: &ThingType) {
    let after = ThingType {
        properties: Properties {
            propagating_attributes: Some(vec![]),
            ..before.properties.clone()
        },
        deprecated_at: Some(Timestamp::from_millis(77)),
        revision: 2,
        ..before.clone()
    };
    let mut batch = Batch::new();
    step!(script, batch, thing_types::update(HERE, &after)).unwrap();
    assert_eq!(script.commit(batch.clone()).await, Outcome::Done);
    assert_eq!(script.commit(batch).await, Outcome::Guard(0));
    let found = read!(script, thing_types::find(HERE, &before.name));
    script.expect(found, Some(after));
    // Deprecated, it can be held, but not for a further thing.
    for (realm, number, current, expected) in [
        (HERE, 1, false, Outcome::Done),
        (HERE, 1, true, Outcome::Guard(0)),
        (HERE, 2, true, Outcome::Done),
        (ELSEWHERE, 2, true, Outcome::Guard(0)),
        (ELSEWHERE, 2, false, Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        if current {
            step!(script, batch, thing_types::hold_current(realm, number));
        } else {
            step!(script, batch, thing_types::hold(realm, number, Hold::Exclusive));
        }
        assert_eq!(script.commit(batch).await, expected);
    }
}

async fn things_and_delete(script: &mut Script, thing_type: &ThingType) {
    let thing = Thing {
        number: 10,
        name: thing_name("t"),
        thing_id: Uuid::from_u128(1),
        version: 1,
        attributes: attributes([]),
        thing_type: Some(Link {
            number: thing_type.number,
            name: thing_type.name.clone(),
        }),
        billing_group: None,
    };
    let mut batch = Batch::new();
    things::rows::insert(&mut batch, HERE, &thing).unwrap();
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (realm, number, expected) in [(HERE, 2, true), (HERE, 1, false), (ELSEWHERE, 2, false)] {
        let has = read!(script, thing_types::has_things(realm, number));
        script.expect(has, expected);
    }
    let mut delete = Batch::new();
    step!(script, delete, thing_types::delete(HERE, thing_type));
    // The hold is step 0, the delete step 1.
    assert_eq!(script.commit(delete.clone()).await, Outcome::Guard(1));
    let mut batch = Batch::new();
    things::rows::delete(&mut batch, HERE, &thing);
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let mut stale = Batch::new();
    let other_revision = ThingType {
        revision: 2,
        ..thing_type.clone()
    };
    step!(script, stale, thing_types::delete(HERE, &other_revision));
    assert_eq!(script.commit(stale).await, Outcome::Guard(1));
    assert_eq!(script.commit(delete.clone()).await, Outcome::Done);
    assert_eq!(script.commit(delete).await, Outcome::Guard(0));
    let gone = read!(script, thing_types::find(HERE, &thing_type.name));
    script.expect(gone, None);
}
