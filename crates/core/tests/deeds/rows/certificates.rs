use thingsmith_core::certificates::{self, Certificate};
use thingsmith_core::{policies, things};
use thingsmith_model::{CertificateMode, CertificateStatus, Realm, Timestamp};
use thingsmith_ports::{Batch, Hold};
use uuid::Uuid;

use super::script::{Outcome, Script, read, step};
use crate::objects::certificate;

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

const STATUSES: [CertificateStatus; 6] = [
    CertificateStatus::Active,
    CertificateStatus::Inactive,
    CertificateStatus::Revoked,
    CertificateStatus::PendingTransfer,
    CertificateStatus::RegisterInactive,
    CertificateStatus::PendingActivation,
];

/// Certificates 1 to 6, one of each status; 1 to 4 were made at the same time, 5 before and 6 after.
fn all() -> Vec<Certificate> {
    let made = (1..).zip(STATUSES).map(|(number, status)| Certificate {
        created_at: Timestamp::from_millis(match number {
            5 => -7,
            6 => 1_000_000_000_000_000,
            _ => 1_767_225_600_123,
        }),
        ..certificate(number, status)
    });
    made.collect()
}

fn numbers(certificates: &[Certificate]) -> Vec<i64> {
    certificates
        .iter()
        .map(|certificate| certificate.number)
        .collect()
}

pub(super) async fn play(script: &mut Script) {
    insert_and_find(script).await;
    standings(script).await;
    pages(script).await;
    update_status(script).await;
    attachments_and_delete(script).await;
    by_ca(script).await;
    transfer(script).await;
}

async fn insert_and_find(script: &mut Script) {
    let all = all();
    let mut batch = Batch::new();
    for new in &all {
        step!(script, batch, certificates::insert(HERE, new));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let same_id = Certificate {
        number: 7,
        ..all[0].clone()
    };
    let same_number = Certificate {
        id: certificate(8, STATUSES[0]).id,
        ..all[0].clone()
    };
    for wrong in [same_id, same_number] {
        let mut batch = Batch::new();
        step!(script, batch, certificates::insert(HERE, &wrong));
        assert_eq!(script.commit(batch).await, Outcome::Duplicate(0));
    }
    for one in &all {
        let found = read!(script, certificates::find(HERE, &one.id));
        script.expect(found.as_ref(), Some(one));
        let found = read!(script, certificates::find(ELSEWHERE, &one.id));
        script.expect(found, None);
    }
}

/// The same certificate in a second account: by its mode it needs a server name there or makes the realm ambiguous.
async fn standings(script: &mut Script) {
    let one = &all()[0];
    for (number, realm, mode, expected) in [
        (21, ELSEWHERE, CertificateMode::SniOnly, vec![1]),
        (22, Realm(3), CertificateMode::Default, vec![1, 3]),
        (23, Realm(4), CertificateMode::Default, vec![1, 3]),
    ] {
        let mut batch = Batch::new();
        let twin = Certificate {
            number,
            mode,
            ..one.clone()
        };
        step!(script, batch, certificates::insert(realm, &twin));
        assert_eq!(script.commit(batch).await, Outcome::Done);
        let found = read!(script, certificates::standings_without_server_name(&one.id));
        script.expect(
            found.iter().map(|standing| standing.realm.0).collect::<Vec<_>>(),
            expected,
        );
        assert!(found.iter().all(|standing| standing.status == one.status));
    }
}

async fn pages(script: &mut Script) {
    let made = Timestamp::from_millis(1_767_225_600_123).as_millis();
    for (after, limit, expected) in [
        (None, 10, vec![5, 1, 2, 3, 4, 6]),
        (None, 2, vec![5, 1]),
        (Some((made, 2)), 2, vec![3, 4]),
        (Some((made, 99)), 10, vec![6]),
        (Some((i64::MAX, i64::MAX)), 10, vec![]),
    ] {
        let page = read!(script, certificates::page_ascending(HERE, after, limit));
        assert_eq!(numbers(&page), expected);
        script.note(page);
    }
    for (after, limit, expected) in [
        (None, 10, vec![6, 4, 3, 2, 1, 5]),
        (Some((made, 3)), 2, vec![2, 1]),
        (Some((-7, 5)), 10, vec![]),
    ] {
        let page = read!(script, certificates::page_descending(HERE, after, limit));
        assert_eq!(numbers(&page), expected);
        script.note(page);
    }
}

async fn update_status(script: &mut Script) {
    let before = &all()[1];
    let at = Timestamp::from_millis(1_800_000_000_001);
    let generation_id = Uuid::from_u128(77);
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        certificates::update_status(HERE, before, CertificateStatus::Revoked, at, generation_id)
    );
    assert_eq!(script.commit(batch.clone()).await, Outcome::Done);
    assert_eq!(script.commit(batch).await, Outcome::Guard(0));
    let after = read!(script, certificates::find(HERE, &before.id));
    script.expect(
        after,
        Some(Certificate {
            status: CertificateStatus::Revoked,
            modified_at: at,
            customer_version: 2,
            generation_id,
            ..before.clone()
        }),
    );
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        certificates::update_status(ELSEWHERE, &all()[2], CertificateStatus::Active, at, generation_id)
    );
    assert_eq!(script.commit(batch).await, Outcome::Guard(0));
}

async fn attachments_and_delete(script: &mut Script) {
    let one = &all()[0];
    for (number, expected) in [
        (one.number, is_active(script, one).await),
        (all()[1].number, is_active(script, &all()[1]).await),
        (999, Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, certificates::hold_active(HERE, number));
        assert_eq!(script.commit(batch).await, expected);
    }
    let mut delete = Batch::new();
    step!(
        script,
        delete,
        certificates::hold(HERE, one.number, Hold::Exclusive)
    );
    step!(script, delete, certificates::delete(HERE, one));
    for (thing, policy) in [(true, false), (false, true), (true, true)] {
        let mut batch = Batch::new();
        step!(script, batch, certificates::hold(HERE, one.number, Hold::Shared));
        if thing {
            things::rows::attach(&mut batch, HERE, 100, one.number);
        }
        if policy {
            policies::rows::attach(&mut batch, HERE, one.number, 200, 10);
        }
        assert_eq!(script.commit(batch).await, Outcome::Done);
        let attached = read!(script, certificates::attachments(HERE, one.number));
        script.expect(attached, (thing, policy));
        assert_eq!(script.commit(delete.clone()).await, Outcome::Guard(1));
        let mut batch = Batch::new();
        things::rows::detach(&mut batch, HERE, 100, one.number);
        policies::rows::detach_all(&mut batch, HERE, one.number);
        assert_eq!(script.commit(batch).await, Outcome::Done);
    }
    let attached = read!(script, certificates::attachments(HERE, one.number));
    script.expect(attached, (false, false));
    let mut stale = Batch::new();
    let other_version = Certificate {
        customer_version: 2,
        ..one.clone()
    };
    step!(script, stale, certificates::delete(HERE, &other_version));
    assert_eq!(script.commit(stale).await, Outcome::Guard(0));
    assert_eq!(script.commit(delete.clone()).await, Outcome::Done);
    assert_eq!(script.commit(delete).await, Outcome::Guard(0));
    let gone = read!(script, certificates::find(HERE, &one.id));
    script.expect(gone, None);
    // The registration in another realm is untouched.
    let twin = read!(script, certificates::find(ELSEWHERE, &one.id)).unwrap();
    script.expect(twin.number, 21);
}

async fn by_ca(script: &mut Script) {
    let (ca, other) = (certificate(901, STATUSES[0]).id, certificate(902, STATUSES[0]).id);
    let mut batch = Batch::new();
    for (number, ca) in [(31, Some(ca)), (32, Some(other)), (33, Some(ca)), (34, None)] {
        let new = Certificate {
            ca,
            previous_owner: (number == 33).then(|| "123456789012".parse().unwrap()),
            created_at: Timestamp::from_millis(number),
            ..certificate(number, CertificateStatus::Active)
        };
        step!(script, batch, certificates::insert(HERE, &new));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (realm, after, limit, expected) in [
        (HERE, None, 10, vec![31, 33]),
        (HERE, Some((31, 31)), 10, vec![33]),
        (ELSEWHERE, None, 10, vec![]),
    ] {
        let page = read!(
            script,
            certificates::page_by_ca_ascending(realm, &ca, after, limit)
        );
        assert_eq!(numbers(&page), expected);
        script.note(page);
    }
    for (after, limit, expected) in [(None, 1, vec![33]), (Some((33, 33)), 10, vec![31])] {
        let page = read!(
            script,
            certificates::page_by_ca_descending(HERE, &ca, after, limit)
        );
        assert_eq!(numbers(&page), expected);
        script.note(page);
    }
}

/// On its way a certificate is not held, and what ends its transfer changes nothing else.
async fn transfer(script: &mut Script) {
    let at = Timestamp::from_millis(1_800_000_000_001);
    let generation_id = Uuid::from_u128(78);
    let before = certificate(41, CertificateStatus::Inactive);
    let mut batch = Batch::new();
    step!(script, batch, certificates::insert(HERE, &before));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let mut send = Batch::new();
    step!(script, send, certificates::hold(HERE, 41, Hold::Exclusive));
    step!(script, send, certificates::send(HERE, &before, at, generation_id));
    for thing in [true, false] {
        let mut batch = Batch::new();
        if thing {
            things::rows::attach(&mut batch, HERE, 100, 41);
        } else {
            things::rows::detach(&mut batch, HERE, 100, 41);
            policies::rows::attach(&mut batch, HERE, 41, 200, 10);
        }
        assert_eq!(script.commit(batch).await, Outcome::Done);
        assert_eq!(script.commit(send.clone()).await, Outcome::Guard(1));
    }
    let mut batch = Batch::new();
    policies::rows::detach_all(&mut batch, HERE, 41);
    step!(
        script,
        batch,
        certificates::settle(HERE, &before.id, CertificateStatus::Active, at, generation_id)
    );
    assert_eq!(script.commit(batch).await, Outcome::Guard(1));
    let mut batch = Batch::new();
    policies::rows::detach_all(&mut batch, HERE, 41);
    step!(script, batch, certificates::give_up(HERE, &before.id));
    assert_eq!(script.commit(batch).await, Outcome::Guard(1));
    let mut batch = Batch::new();
    policies::rows::detach_all(&mut batch, HERE, 41);
    assert_eq!(script.commit(batch).await, Outcome::Done);
    assert_eq!(script.commit(send.clone()).await, Outcome::Done);
    assert_eq!(script.commit(send.clone()).await, Outcome::Guard(0));
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        certificates::settle(HERE, &before.id, CertificateStatus::Inactive, at, generation_id)
    );
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let back = read!(script, certificates::find(HERE, &before.id)).unwrap();
    script.expect(
        (back.status, back.customer_version),
        (CertificateStatus::Inactive, 3),
    );
    let mut batch = Batch::new();
    step!(script, batch, certificates::hold(HERE, 41, Hold::Exclusive));
    step!(script, batch, certificates::send(HERE, &back, at, generation_id));
    step!(script, batch, certificates::give_up(HERE, &before.id));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let gone = read!(script, certificates::find(HERE, &before.id));
    script.expect(gone, None);
}

/// How holding a certificate ends that must be active.
async fn is_active(script: &mut Script, certificate: &Certificate) -> Outcome {
    let found = read!(script, certificates::find(HERE, &certificate.id));
    match found.is_some_and(|found| found.status == CertificateStatus::Active) {
        true => Outcome::Done,
        false => Outcome::Guard(0),
    }
}
