use thingsmith_core::certificates::Certificate;
use thingsmith_core::fleet_provisioning::rows::{Given, Token};
use thingsmith_core::{certificates, fleet_provisioning, policies, things};
use thingsmith_model::{CertificateId, CertificateStatus, Realm, Timestamp};
use thingsmith_ports::Batch;

use super::script::{Outcome, Script, read, step};
use crate::objects::certificate;

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
    given(script).await;
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

/// Tokens with their certificates: none, a bare one, and two on which something hangs.
async fn given(script: &mut Script) {
    let pending = CertificateStatus::PendingActivation;
    let [one, two, three] = [1, 2, 3].map(|number| certificate(number, pending));
    let mut batch = Batch::new();
    step!(script, batch, certificates::insert(HERE, &one));
    step!(
        script,
        batch,
        fleet_provisioning::insert(HERE, &token(4, 101, 40))
    );
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let as_given = |number, certificate: Option<&Certificate>, is_bare| Given {
        token: token(
            number,
            if number == 3 { 102 } else { 101 },
            i64::from(number) * 10,
        ),
        certificate: certificate.cloned(),
        is_bare,
    };
    for (number, certificate, is_bare) in [(1, Some(&one), true), (4, None, true)] {
        let found = read!(script, fleet_provisioning::find_given(HERE, &[number; 32]));
        script.expect(found, Some(as_given(number, certificate, is_bare)));
    }
    let mut batch = Batch::new();
    step!(script, batch, certificates::insert(HERE, &two));
    step!(script, batch, certificates::insert(HERE, &three));
    step!(script, batch, policies::attach(HERE, 2, 77, 10));
    step!(script, batch, things::attach(HERE, 88, 3));
    step!(script, batch, things::attach(ELSEWHERE, 88, 1));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (number, certificate, is_bare) in [(1, &one, true), (2, &two, false), (3, &three, false)] {
        let found = read!(script, fleet_provisioning::find_given(HERE, &[number; 32]));
        script.expect(found, Some(as_given(number, Some(certificate), is_bare)));
    }
    // A certificate's number is one everywhere, and its row is its realm's.
    let found = read!(script, fleet_provisioning::find_given(ELSEWHERE, &[1; 32]));
    script.expect(
        found.map(|found| (found.certificate, found.is_bare)),
        Some((None, false)),
    );
    let found = read!(script, fleet_provisioning::find_given(ELSEWHERE, &[2; 32]));
    script.expect(found, None);
    let mut batch = Batch::new();
    step!(script, batch, fleet_provisioning::delete(HERE, &[4; 32]));
    assert_eq!(script.commit(batch).await, Outcome::Done);
}
