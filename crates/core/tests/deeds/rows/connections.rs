use thingsmith_core::certificates;
use thingsmith_core::connections::{self, rows::Grounds};
use thingsmith_core::policies::{self, Policy};
use thingsmith_core::things::{self, Thing};
use thingsmith_model::{CertificateStatus, Realm, Timestamp};
use thingsmith_ports::Batch;
use uuid::Uuid;

use super::script::{Outcome, Script, read};
use crate::objects::{attributes, certificate, policy_name, thing_name};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

/// Certificate 11 is attached to the things "b" and "a" and to two policies, certificate 12 to nothing.
pub(super) async fn play(script: &mut Script) {
    let mut batch = Batch::new();
    for (number, status) in [(11, CertificateStatus::Active), (12, CertificateStatus::Inactive)] {
        certificates::rows::insert(&mut batch, HERE, &certificate(number, status));
    }
    for (realm, number, name) in [
        (HERE, 1, "b"),
        (HERE, 2, "a"),
        (HERE, 3, "c"),
        (ELSEWHERE, 4, "a"),
    ] {
        let thing = Thing {
            number,
            name: thing_name(name),
            thing_id: Uuid::from_u128(1),
            version: 1,
            attributes: attributes([("colour", "red")]),
            thing_type: None,
            billing_group: None,
        };
        things::rows::insert(&mut batch, realm, &thing).unwrap();
    }
    for (realm, number, name) in [
        (HERE, 5, "late"),
        (HERE, 4, "early"),
        (HERE, 6, "loose"),
        (ELSEWHERE, 7, "late"),
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
    for policy in [5, 4] {
        policies::rows::attach(&mut batch, HERE, 11, policy, 10);
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);

    let (active, inactive) = (CertificateStatus::Active, CertificateStatus::Inactive);
    let both = vec![(4, 4, "early"), (5, 5, "late")];
    for (realm, number, client_id, expected) in [
        (HERE, 11, "b", Some((active, Some("b"), both.clone()))),
        (HERE, 11, "a", Some((active, Some("a"), both.clone()))),
        (HERE, 11, "A", Some((active, None, both.clone()))),
        (HERE, 11, "c", Some((active, None, both.clone()))),
        (HERE, 11, "absent", Some((active, None, both.clone()))),
        (HERE, 12, "a", Some((inactive, None, vec![]))),
        (HERE, 13, "a", None),
        (ELSEWHERE, 11, "a", None),
    ] {
        let found = read!(script, connections::grounds(realm, number, client_id));
        script.expect(found.as_ref().map(told), expected);
    }
    let ids = [11, 12, 13].map(|number| certificate(number, active).id);
    for (realm, id, expected) in [
        // The first thing by number, whatever its name and whenever it was attached.
        (HERE, ids[0], Some((11, (active, Some("b"), both)))),
        (HERE, ids[1], Some((12, (inactive, None, vec![])))),
        (HERE, ids[2], None),
        (ELSEWHERE, ids[0], None),
    ] {
        let found = read!(script, connections::registration(realm, &id));
        script.expect(
            found.as_ref().map(|(number, grounds)| (*number, told(grounds))),
            expected,
        );
    }
}

type Told<'a> = (CertificateStatus, Option<&'a str>, Vec<(i64, i64, &'a str)>);

fn told(grounds: &Grounds) -> Told<'_> {
    let thing = grounds.thing.as_ref().map(|(name, attributes)| {
        assert_eq!(attributes.get("colour").map(String::as_str), Some("red"));
        name.as_str()
    });
    let policies = grounds.policies.iter();
    let policies = policies.map(|policy| (policy.number, policy.default_version, policy.name.as_str()));
    (grounds.status, thing, policies.collect())
}
