use thingsmith_core::claims::rows::Guards;
use thingsmith_core::claims::{self, AllowedSerialNumber, ClaimLimit, ClaimUse};
use thingsmith_model::{CertificateId, Realm, Timestamp};
use thingsmith_ports::Batch;

use super::script::{Outcome, Script, read, step};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

fn id(number: u8) -> CertificateId {
    CertificateId::from_sha256([number; 32])
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn allowed(serial_number: &str, batch: Option<&str>, expires_at: Option<i64>) -> AllowedSerialNumber {
    AllowedSerialNumber {
        serial_number: serial_number.into(),
        batch: batch.map(str::to_owned),
        expires_at: expires_at.map(at),
    }
}

fn limit(claim: u8, devices: i64, refuse: bool) -> ClaimLimit {
    ClaimLimit {
        claim: id(claim),
        devices,
        batch: refuse.then(|| "b".to_owned()),
        refuse,
    }
}

pub(super) async fn play(script: &mut Script) {
    allow_lists(script).await;
    counts(script).await;
}

async fn allow_lists(script: &mut Script) {
    let mut batch = Batch::new();
    for (realm, template, parameter) in [
        (HERE, 7, "A"),
        (HERE, 8, "C"),
        (ELSEWHERE, 7, "D"),
        (HERE, 7, "B"),
    ] {
        step!(script, batch, claims::set_allow_list(realm, template, parameter));
    }
    for (realm, template, new) in [
        (HERE, 7, allowed("1", None, None)),
        (HERE, 7, allowed("2", Some("x"), Some(5))),
        (HERE, 8, allowed("1", Some("y"), None)),
        (ELSEWHERE, 7, allowed("3", None, None)),
        // In the place of what was said before.
        (HERE, 7, allowed("1", Some("z"), Some(6))),
    ] {
        step!(script, batch, claims::allow(realm, template, &new));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (realm, template, serial_number, expected) in [
        (HERE, 7, "1", Some(allowed("1", Some("z"), Some(6)))),
        (HERE, 7, "2", Some(allowed("2", Some("x"), Some(5)))),
        (HERE, 7, "3", None),
        (HERE, 8, "1", Some(allowed("1", Some("y"), None))),
        (ELSEWHERE, 7, "1", None),
    ] {
        let found = read!(script, claims::allowed(realm, template, serial_number));
        script.expect(found, expected);
    }
    let parameter = |parameter: Option<&str>| Guards {
        parameter: parameter.map(str::to_owned),
        limited: None,
    };
    for (realm, template, expected) in [(HERE, 7, Some("B")), (HERE, 9, None), (ELSEWHERE, 7, Some("D"))] {
        let found = read!(script, claims::guards(realm, template, &id(1)));
        script.expect(found, parameter(expected));
    }
    let mut batch = Batch::new();
    step!(script, batch, claims::disallow(HERE, 7, "2"));
    step!(script, batch, claims::disallow(HERE, 7, "none"));
    step!(script, batch, claims::disallow(ELSEWHERE, 7, "1"));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let found = read!(script, claims::count_allowed(HERE, 7));
    script.expect(found, 1);
    let mut batch = Batch::new();
    step!(script, batch, claims::delete_allow_list(HERE, 7));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (realm, template, expected) in [(HERE, 7, 0), (HERE, 8, 1), (ELSEWHERE, 7, 1)] {
        let found = read!(script, claims::count_allowed(realm, template));
        script.expect(found, expected);
    }
    let found = read!(script, claims::guards(HERE, 7, &id(1)));
    script.expect(found, parameter(None));
}

async fn counts(script: &mut Script) {
    let mut batch = Batch::new();
    for (realm, claim, stripe, millis) in [
        (HERE, 1, 0, 10),
        (HERE, 1, 3, 20),
        (HERE, 1, 3, 30),
        (HERE, 2, 3, 40),
        (ELSEWHERE, 1, 3, 50),
    ] {
        step!(
            script,
            batch,
            claims::count(realm, &id(claim), stripe, at(millis))
        );
    }
    for (realm, new) in [
        (HERE, limit(1, 2, true)),
        (HERE, limit(3, 9, false)),
        (ELSEWHERE, limit(1, 8, false)),
        // In the place of what was said before.
        (HERE, limit(1, 4, true)),
    ] {
        step!(script, batch, claims::set_limit(realm, &new));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let limited = |limited| Guards {
        parameter: None,
        limited,
    };
    for (realm, claim, expected) in [
        (HERE, 1, Some((limit(1, 4, true), 3))),
        (HERE, 2, None),
        (HERE, 3, Some((limit(3, 9, false), 0))),
        (ELSEWHERE, 1, Some((limit(1, 8, false), 1))),
    ] {
        let found = read!(script, claims::guards(realm, 1, &id(claim)));
        script.expect(found, limited(expected));
    }
    // One more passes, in a stripe that is there or in another, and then none.
    for (stripe, outcome) in [(3, Outcome::Done), (3, Outcome::Guard(1)), (4, Outcome::Guard(1))] {
        let mut batch = Batch::new();
        step!(
            script,
            batch,
            claims::count_within_limit(HERE, &id(1), stripe, at(60))
        );
        assert_eq!(script.commit(batch).await, outcome);
    }
    let used = |claim, registrations, first, last, limit| ClaimUse {
        claim: id(claim),
        registrations,
        first_at: at(first),
        last_at: at(last),
        limit,
    };
    let one = used(1, 4, 10, 60, Some(limit(1, 4, true)));
    let two = used(2, 1, 40, 40, None);
    for (after, most, expected) in [
        (None, 9, vec![one.clone(), two.clone()]),
        (None, 1, vec![one]),
        (Some(id(1)), 9, vec![two]),
        (Some(id(2)), 9, vec![]),
    ] {
        let page = read!(script, claims::page(HERE, after, most));
        script.expect(page, expected);
    }
    let mut batch = Batch::new();
    step!(script, batch, claims::delete_limit(HERE, &id(1)));
    step!(script, batch, claims::delete_limit(HERE, &id(99)));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    // Whose limit is gone meanwhile is checked anew.
    let mut batch = Batch::new();
    step!(script, batch, claims::count_within_limit(HERE, &id(1), 5, at(70)));
    assert_eq!(script.commit(batch).await, Outcome::Guard(0));
    let found = read!(script, claims::guards(ELSEWHERE, 1, &id(1)));
    script.expect(found, limited(Some((limit(1, 8, false), 1))));
}
