use thingsmith_core::billing_groups::{self, BillingGroup};
use thingsmith_core::things::{self, Link, Thing};
use thingsmith_model::{Realm, ThingName, Timestamp};
use thingsmith_ports::{Batch, Hold};
use uuid::Uuid;

use super::script::{Outcome, Script, read, step};
use crate::objects::{attributes, thing_name};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

fn group(number: i64, name: &str, description: Option<&str>) -> BillingGroup {
    BillingGroup {
        number,
        name: name.parse().unwrap(),
        billing_group_id: Uuid::from_u128(u128::from(number.unsigned_abs())),
        description: description.map(Into::into),
        version: 1,
        created_at: Timestamp::from_millis(1_767_225_600_123),
    }
}

pub(super) async fn play(script: &mut Script) {
    let groups = [
        group(1, "a-1", Some("")),
        group(2, "A", None),
        group(3, "a:2", Some("x y")),
        group(4, "b", None),
    ];
    let mut batch = Batch::new();
    for new in &groups {
        step!(script, batch, billing_groups::insert(HERE, new));
    }
    step!(
        script,
        batch,
        billing_groups::insert(ELSEWHERE, &group(5, "a-1", None))
    );
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let mut again = Batch::new();
    step!(script, again, billing_groups::insert(HERE, &group(6, "b", None)));
    assert_eq!(script.commit(again).await, Outcome::Duplicate(0));
    for (realm, name, expected) in [
        (HERE, "a-1", Some(&groups[0])),
        (HERE, "A", Some(&groups[1])),
        (ELSEWHERE, "A", None),
    ] {
        let found = read!(script, billing_groups::find(realm, &name.parse().unwrap()));
        script.expect(found.as_ref(), expected);
    }
    for (prefix, after, limit, expected) in [
        ("", "", 10, vec!["A", "a-1", "a:2", "b"]),
        ("", "A", 2, vec!["a-1", "a:2"]),
        ("a", "", 10, vec!["a-1", "a:2"]),
        ("a", "a-1", 10, vec!["a:2"]),
        ("a-1", "", 10, vec!["a-1"]),
        ("a-12", "", 10, vec![]),
    ] {
        let page = read!(script, billing_groups::page(HERE, prefix, after, limit));
        let names: Vec<_> = page.iter().map(|it| it.name.as_str()).collect();
        script.expect(names, expected);
    }

    let mut update = Batch::new();
    step!(
        script,
        update,
        billing_groups::update(HERE, &groups[0], Some("new"))
    );
    assert_eq!(script.commit(update.clone()).await, Outcome::Done);
    assert_eq!(script.commit(update).await, Outcome::Guard(0));
    let after = BillingGroup {
        version: 2,
        description: Some("new".into()),
        ..groups[0].clone()
    };
    let found = read!(script, billing_groups::find(HERE, &after.name));
    script.expect(found.as_ref(), Some(&after));

    things_of_groups(script, &after).await;
}

async fn things_of_groups(script: &mut Script, group: &BillingGroup) {
    let mut batch = Batch::new();
    for (number, name) in [(11, "t"), (12, "T"), (13, "u")] {
        let thing = Thing {
            number,
            name: thing_name(name),
            thing_id: Uuid::from_u128(1),
            version: 1,
            attributes: attributes([]),
            thing_type: None,
            billing_group: Some(Link {
                number: if number == 13 { 4 } else { group.number },
                name: group.name.clone(),
            }),
        };
        things::rows::insert(&mut batch, HERE, &thing).unwrap();
    }
    step!(
        script,
        batch,
        billing_groups::hold(HERE, group.number, Hold::Shared)
    );
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (realm, after, limit, expected) in [
        (HERE, "", 10, vec!["T", "t"]),
        (HERE, "", 1, vec!["T"]),
        (HERE, "T", 10, vec!["t"]),
        (ELSEWHERE, "", 10, vec![]),
    ] {
        let page = read!(
            script,
            billing_groups::page_of_things(realm, group.number, after, limit)
        );
        let names: Vec<_> = page.iter().map(ThingName::as_str).collect();
        script.expect(names, expected);
    }
    let mut delete = Batch::new();
    step!(script, delete, billing_groups::delete(HERE, group));
    assert_eq!(script.commit(delete.clone()).await, Outcome::Done);
    assert_eq!(script.commit(delete).await, Outcome::Guard(0));
    // The number that stays behind names no group.
    let thing = things::rows::find(script.store.as_ref(), HERE, &thing_name("t")).await;
    script.expect(thing.unwrap().unwrap().billing_group, None);
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        billing_groups::hold(HERE, group.number, Hold::Shared)
    );
    assert_eq!(script.commit(batch).await, Outcome::Guard(0));
}
