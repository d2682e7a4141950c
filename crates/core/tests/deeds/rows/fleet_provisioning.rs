use thingsmith_core::fleet_provisioning::{self, rows::Token};
use thingsmith_model::{CertificateId, Realm, Timestamp};
use thingsmith_ports::Batch;

use super::script::{Outcome, Script, read, step};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

fn id(number: u8) -> CertificateId {
    CertificateId::from_sha256([number; 32])
}

const fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn token(number: u8, claim: u8, expires_at: i64) -> Token {
    Token {
        hash: vec![number; 32],
        certificate: i64::from(number),
        certificate_id: id(number),
        claim: id(claim),
        expires_at: at(expires_at),
        registered_at: None,
    }
}

pub(super) async fn play(script: &mut Script) {
    let mut batch = Batch::new();
    for (realm, new) in [
        (HERE, token(1, 101, 10)),
        (HERE, token(2, 101, 20)),
        (HERE, token(3, 102, 30)),
        (ELSEWHERE, token(1, 101, 15)),
    ] {
        step!(script, batch, fleet_provisioning::insert(realm, &new));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        fleet_provisioning::insert(HERE, &token(1, 103, 99))
    );
    assert_eq!(script.commit(batch).await, Outcome::Duplicate(0));
    for (realm, number, expected) in [
        (HERE, 1_u8, Some(token(1, 101, 10))),
        (ELSEWHERE, 1, Some(token(1, 101, 15))),
        (ELSEWHERE, 2, None),
    ] {
        let found = read!(script, fleet_provisioning::find(realm, &[number; 32]));
        script.expect(found, expected);
    }
    for (realm, now, most, expected) in [
        (HERE, 0, 9, 3),
        (HERE, 10, 9, 2),
        (HERE, 0, 2, 2),
        (ELSEWHERE, 0, 9, 1),
    ] {
        let number = read!(script, fleet_provisioning::unclaimed(realm, at(now), most));
        script.expect(number, expected);
    }

    // One that is over, one that is another realm's, one that counts, and that once.
    for (realm, number, now, expected) in [
        (HERE, 1_u8, 10, Outcome::Guard(0)),
        (ELSEWHERE, 2, 5, Outcome::Guard(0)),
        (HERE, 2, 5, Outcome::Done),
        (HERE, 2, 6, Outcome::Guard(0)),
        (HERE, 3, 7, Outcome::Done),
    ] {
        let mut batch = Batch::new();
        step!(
            script,
            batch,
            fleet_provisioning::consume(realm, &[number; 32], at(now))
        );
        assert_eq!(script.commit(batch).await, expected);
    }
    let used = read!(script, fleet_provisioning::find(HERE, &[2; 32]));
    script.expect(used.unwrap().registered_at, Some(at(5)));
    let number = read!(script, fleet_provisioning::unclaimed(HERE, at(0), 9));
    script.expect(number, 1);

    for (now, limit, expected) in [
        (9, 9, vec![]),
        (
            99,
            9,
            vec![(HERE, token(1, 101, 10)), (ELSEWHERE, token(1, 101, 15))],
        ),
        (99, 1, vec![(HERE, token(1, 101, 10))]),
    ] {
        let found = read!(script, fleet_provisioning::expired(at(now), limit));
        script.expect(found, expected);
    }
    let mut batch = Batch::new();
    for number in [1_u8, 2] {
        step!(script, batch, fleet_provisioning::delete(HERE, &[number; 32]));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (number, is_there) in [(1_u8, false), (2, true)] {
        let found = read!(script, fleet_provisioning::find(HERE, &[number; 32]));
        script.expect(found.is_some(), is_there);
    }
}
