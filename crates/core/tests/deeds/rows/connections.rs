use thingsmith_core::certificates;
use thingsmith_core::connections::{
    self,
    rows::{ConnectedType, Grounds},
};
use thingsmith_core::policies::{self, Policy};
use thingsmith_core::thing_groups;
use thingsmith_core::thing_types::{self, PropagatingAttribute, Properties, ThingType};
use thingsmith_core::things::{self, Link, Thing};
use thingsmith_model::{CertificateStatus, Realm, Timestamp};
use thingsmith_ports::{Batch, Statement};
use uuid::Uuid;

use super::script::{Outcome, Script, read};
use crate::objects::{attributes, certificate, policy_name, thing_group, thing_name};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

/// Certificate 11 is attached to the things "b" and "a" and to two policies, certificate 12 to nothing, certificate 13 to
/// the thing "c" alone. The thing "a" is in group 22, which is below 21, and in group 23. Policies are attached to 21
/// and 23, one of them to the certificate too. The things "a" and "c" have types.
async fn furnish(script: &mut Script) {
    let mut batch = Batch::new();
    for (number, name, attributes) in [(31, "Plain", None), (32, "Telling", Some(vec![telling()]))] {
        let thing_type = ThingType {
            number,
            name: name.parse().unwrap(),
            thing_type_id: Uuid::from_u128(3),
            properties: Properties {
                propagating_attributes: attributes,
                ..Properties::default()
            },
            created_at: Timestamp::from_millis(0),
            deprecated_at: None,
            revision: 1,
        };
        thing_types::rows::insert(&mut batch, HERE, &thing_type).unwrap();
    }
    let link = |number, name: &str| {
        let name = name.parse().unwrap();
        Some(Link { number, name })
    };
    for (number, status) in [
        (11, CertificateStatus::Active),
        (12, CertificateStatus::Inactive),
        (13, CertificateStatus::Active),
    ] {
        certificates::rows::insert(&mut batch, HERE, &certificate(number, status));
    }
    for (realm, number, name, thing_type) in [
        (HERE, 1, "b", None),
        (HERE, 2, "a", link(31, "Plain")),
        (HERE, 3, "c", link(32, "Telling")),
        (ELSEWHERE, 4, "a", None),
    ] {
        let thing = Thing {
            number,
            name: thing_name(name),
            thing_id: Uuid::from_u128(1),
            version: 1,
            attributes: attributes([("colour", "red")]),
            thing_type,
            billing_group: None,
        };
        things::rows::insert(&mut batch, realm, &thing).unwrap();
    }
    for (realm, number, name) in [
        (HERE, 5, "late"),
        (HERE, 4, "early"),
        (HERE, 6, "loose"),
        (ELSEWHERE, 7, "late"),
        (HERE, 8, "above"),
    ] {
        let policy = Policy {
            number,
            name: policy_name(name),
            default_version: number,
            newest_version: number,
            created_at: Timestamp::from_millis(0),
            modified_at: Timestamp::from_millis(0),
            generation_id: Uuid::from_u128(2),
        };
        policies::rows::insert(&mut batch, realm, &policy);
    }
    for thing in [2, 1] {
        things::rows::attach(&mut batch, HERE, thing, 11);
    }
    things::rows::attach(&mut batch, HERE, 3, 13);
    let upper = thing_group(21, "upper", None);
    let lower = thing_group(22, "lower", Some(&upper));
    let single = thing_group(23, "single", None);
    for group in [&upper, &lower, &single] {
        thing_groups::rows::insert(&mut batch, HERE, group, 10).unwrap();
    }
    for group in [&lower, &single] {
        thing_groups::rows::join(&mut batch, HERE, 2, group, 10);
    }
    for (target, policy) in [(11, 5), (11, 4), (21, 8), (23, 4)] {
        policies::rows::attach(&mut batch, HERE, target, policy, 10);
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
}

pub(super) async fn play(script: &mut Script) {
    furnish(script).await;
    let (active, inactive) = (CertificateStatus::Active, CertificateStatus::Inactive);
    let own = vec![(4, 4, "early"), (5, 5, "late")];
    let all = vec![(4, 4, "early"), (5, 5, "late"), (8, 8, "above")];
    let none: Vec<i64> = vec![];
    for (realm, number, client_id, expected) in [
        (
            HERE,
            11,
            "b",
            Some((active, Some("b"), none.clone(), own.clone())),
        ),
        (HERE, 11, "a", Some((active, Some("a"), vec![21, 22, 23], all))),
        (HERE, 11, "A", Some((active, None, none.clone(), own.clone()))),
        (HERE, 11, "c", Some((active, None, none.clone(), own.clone()))),
        (
            HERE,
            11,
            "absent",
            Some((active, None, none.clone(), own.clone())),
        ),
        (HERE, 12, "a", Some((inactive, None, none.clone(), vec![]))),
        (HERE, 14, "a", None),
        (ELSEWHERE, 11, "a", None),
    ] {
        let found = read!(script, connections::grounds(realm, number, client_id));
        script.expect(found.as_ref().map(told), expected);
    }
    let ids = [11, 12, 14].map(|number| certificate(number, active).id);
    for (realm, id, expected) in [
        // The first thing by number, whatever its name and whenever it was attached.
        (HERE, ids[0], Some((11, (active, Some("b"), none.clone(), own)))),
        (HERE, ids[1], Some((12, (inactive, None, none.clone(), vec![])))),
        (HERE, ids[2], None),
        (ELSEWHERE, ids[0], None),
    ] {
        let found = read!(script, connections::registration(realm, &id));
        script.expect(
            found.as_ref().map(|(number, grounds)| (*number, told(grounds))),
            expected,
        );
    }
    for (number, client_id, expected) in [
        (11, "b", None),
        (11, "a", Some((31, "Plain", vec![]))),
        (13, "c", Some((32, "Telling", vec![telling()]))),
    ] {
        let found = read!(script, connections::grounds(HERE, number, client_id)).unwrap();
        let expected = expected.map(|(number, name, propagating)| ConnectedType {
            number,
            name: name.to_owned(),
            propagating,
        });
        script.expect(found.thing.unwrap().thing_type, expected);
    }
    exclusive(script).await;
}

fn telling() -> PropagatingAttribute {
    PropagatingAttribute {
        user_property_key: "k".to_owned(),
        thing_attribute: Some("colour".parse().unwrap()),
        connection_attribute: None,
    }
}

/// A thing that a certificate is attached to exclusively is the one that it connects as, whatever the client id.
async fn exclusive(script: &mut Script) {
    let mut batch = Batch::new();
    batch.guard(
        Statement::new(
            "UPDATE thing_principals SET exclusive = 1 WHERE realm = $1 AND thing = $2 AND principal = $3",
            [HERE.0.into(), 3.into(), 13.into()],
        ),
        1,
    );
    thing_groups::rows::join(&mut batch, HERE, 3, &thing_group(23, "single", None), 10);
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let expected = (
        CertificateStatus::Active,
        Some("c"),
        vec![23],
        vec![(4, 4, "early")],
    );
    for client_id in ["c", "a", "absent", ""] {
        let found = read!(script, connections::grounds(HERE, 13, client_id)).unwrap();
        assert!(found.thing.as_ref().unwrap().exclusive);
        script.expect(told(&found), expected.clone());
    }
    let id = certificate(13, CertificateStatus::Active).id;
    let (_, found) = read!(script, connections::registration(HERE, &id)).unwrap();
    assert!(found.thing.as_ref().unwrap().exclusive);
    script.expect(told(&found), expected);
}

type Told<'a> = (
    CertificateStatus,
    Option<&'a str>,
    Vec<i64>,
    Vec<(i64, i64, &'a str)>,
);

fn told(grounds: &Grounds) -> Told<'_> {
    let thing = grounds.thing.as_ref().map(|thing| {
        assert_eq!(thing.attributes.get("colour").map(String::as_str), Some("red"));
        thing.name.as_str()
    });
    let policies = grounds.policies.iter();
    let policies = policies.map(|policy| (policy.number, policy.default_version, policy.name.as_str()));
    (grounds.status, thing, grounds.groups.clone(), policies.collect())
}
