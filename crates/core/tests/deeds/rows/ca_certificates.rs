use std::sync::Arc;

use thingsmith_core::ca_certificates::{self, CaCertificate, RegistrationConfig};
use thingsmith_core::realms::RealmRecord;
use thingsmith_model::{
    Account, AutoRegistrationStatus, CaCertificateStatus, CertificateMode, CertificateStatus, Realm,
    Timestamp,
};
use thingsmith_ports::{Batch, Hold};
use uuid::Uuid;

use super::script::{Outcome, Script, read, step};
use crate::objects::certificate;

const HERE: Realm = Realm(1);

fn realm(number: i64, region: &str) -> RealmRecord {
    RealmRecord {
        realm: Realm(number),
        account: Account::development(),
        region: region.parse().unwrap(),
        endpoint_prefix: format!("p{number}"),
    }
}

/// A CA certificate as rows know it: its number makes its id, its subject is one of two.
fn ca(number: i64, mode: CertificateMode) -> CaCertificate {
    let like = certificate(number, CertificateStatus::Active);
    CaCertificate {
        number,
        id: like.id,
        subject: [u8::try_from(number % 2).unwrap(); 32],
        status: CaCertificateStatus::Inactive,
        auto_registration: AutoRegistrationStatus::Disable,
        mode,
        der: like.der,
        not_before: like.not_before,
        not_after: like.not_after,
        created_at: Timestamp::from_millis(if number == 3 { -1 } else { 1_767_225_600_123 }),
        modified_at: like.modified_at,
        customer_version: 1,
        generation_id: like.generation_id,
        registration_config: RegistrationConfig {
            template_body: (number == 1).then(|| "{}".to_owned()),
            role_arn: (number == 1).then(|| "arn:aws:iam::000000000000:role/r".to_owned()),
            template_name: (number == 2).then(|| "T".to_owned()),
        },
    }
}

fn numbers(all: &[CaCertificate]) -> Vec<i64> {
    all.iter().map(|one| one.number).collect()
}

pub(super) async fn play(script: &mut Script) {
    insert_and_find(script).await;
    claims(script).await;
    pages(script).await;
    counts(script).await;
    update_and_delete(script).await;
}

async fn insert_and_find(script: &mut Script) {
    let here = realm(1, "us-east-1");
    let mut batch = Batch::new();
    for number in 1..=3 {
        let new = ca(number, CertificateMode::SniOnly);
        step!(script, batch, ca_certificates::insert(&here, &new));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let one = ca(1, CertificateMode::SniOnly);
    let again = CaCertificate {
        number: 9,
        ..one.clone()
    };
    let mut batch = Batch::new();
    step!(script, batch, ca_certificates::insert(&here, &again));
    assert_eq!(script.commit(batch).await, Outcome::Duplicate(0));
    for number in 1..=3 {
        let expected = ca(number, CertificateMode::SniOnly);
        let found = read!(script, ca_certificates::find(HERE, &expected.id));
        script.expect(found, Some(expected));
    }
    let found = read!(script, ca_certificates::find(Realm(2), &one.id));
    script.expect(found, None);
    for (subject, expected) in [(0, vec![2]), (1, vec![1, 3]), (2, vec![])] {
        let found = read!(script, ca_certificates::by_subject(HERE, &[subject; 32]));
        script.expect(numbers(&found), expected);
    }
}

/// In the mode DEFAULT one realm of a region has a CA certificate, in SNI_ONLY any number.
async fn claims(script: &mut Script) {
    let id = ca(10, CertificateMode::Default).id;
    for (number, at, region, mode, outcome) in [
        (10, 11, "us-east-1", CertificateMode::Default, Outcome::Done),
        (
            11,
            12,
            "us-east-1",
            CertificateMode::Default,
            Outcome::Duplicate(0),
        ),
        (12, 12, "us-east-1", CertificateMode::SniOnly, Outcome::Done),
        (13, 13, "us-east-1", CertificateMode::SniOnly, Outcome::Done),
        (14, 14, "eu-west-1", CertificateMode::Default, Outcome::Done),
    ] {
        let mut batch = Batch::new();
        let new = CaCertificate {
            id,
            ..ca(number, mode)
        };
        let there = realm(at, region);
        step!(script, batch, ca_certificates::insert(&there, &new));
        assert_eq!(script.commit(batch).await, outcome, "{number}");
    }
    let other = ca(1, CertificateMode::SniOnly).id;
    for (region, id, expected) in [
        ("us-east-1", &id, true),
        ("eu-west-1", &id, true),
        ("eu-central-1", &id, false),
        ("us-east-1", &other, false),
    ] {
        let region = region.parse().unwrap();
        let claimed = read!(script, ca_certificates::is_claimed(&region, id));
        script.expect(claimed, expected);
    }
    for (id, expected) in [(&id, vec![(Realm(11), 10), (Realm(14), 14)]), (&other, vec![])] {
        let found = read!(script, ca_certificates::claims(id));
        let found: Vec<_> = found.iter().map(|(realm, ca)| (*realm, ca.number)).collect();
        script.expect(found, expected);
    }
}

async fn pages(script: &mut Script) {
    let made = 1_767_225_600_123;
    for (template, after, limit, expected) in [
        (None, None, 10, vec![3, 1, 2]),
        (None, None, 1, vec![3]),
        (None, Some((made, 1)), 10, vec![2]),
        (Some("T"), None, 10, vec![2]),
        (Some("t"), None, 10, vec![]),
    ] {
        let page = read!(
            script,
            ca_certificates::page_ascending(HERE, template, after, limit)
        );
        script.expect(numbers(&page), expected);
    }
    for (template, after, limit, expected) in [
        (None, None, 10, vec![2, 1, 3]),
        (None, Some((made, 2)), 1, vec![1]),
        (Some("T"), Some((made, 3)), 10, vec![2]),
        (Some("T"), Some((made, 2)), 10, vec![]),
    ] {
        let page = read!(
            script,
            ca_certificates::page_descending(HERE, template, after, limit)
        );
        script.expect(numbers(&page), expected);
    }
}

async fn counts(script: &mut Script) {
    let subject = Arc::new([7; 32]);
    for (up, outcome, holders) in [
        (false, Outcome::Guard(0), 0),
        (true, Outcome::Done, 1),
        (true, Outcome::Done, 2),
        (true, Outcome::Guard(0), 2),
        (false, Outcome::Done, 1),
        (true, Outcome::Done, 2),
        (false, Outcome::Done, 1),
        (false, Outcome::Done, 0),
        (false, Outcome::Guard(0), 0),
        (true, Outcome::Done, 1),
    ] {
        let mut batch = Batch::new();
        if up {
            step!(script, batch, ca_certificates::count_up(HERE, &subject, 2));
        } else {
            step!(script, batch, ca_certificates::count_down(HERE, &subject));
        }
        assert_eq!(script.commit(batch).await, outcome);
        let counted = read!(script, ca_certificates::holders(HERE, &subject));
        script.expect(counted, holders);
    }
    let elsewhere = read!(script, ca_certificates::holders(Realm(2), &subject));
    script.expect(elsewhere, 0);
}

async fn update_and_delete(script: &mut Script) {
    let before = ca(1, CertificateMode::SniOnly);
    let after = CaCertificate {
        status: CaCertificateStatus::Active,
        auto_registration: AutoRegistrationStatus::Enable,
        modified_at: Timestamp::from_millis(1_800_000_000_001),
        generation_id: Uuid::from_u128(77),
        registration_config: RegistrationConfig::default(),
        ..before.clone()
    };
    let mut use_it = Batch::new();
    step!(script, use_it, ca_certificates::hold_active(HERE, 1));
    assert_eq!(script.commit(use_it.clone()).await, Outcome::Guard(0));
    let mut arrive = Batch::new();
    step!(script, arrive, ca_certificates::hold_auto_registering(HERE, 1));
    assert_eq!(script.commit(arrive.clone()).await, Outcome::Guard(0));
    let mut batch = Batch::new();
    step!(script, batch, ca_certificates::hold(HERE, 1, Hold::Exclusive));
    step!(script, batch, ca_certificates::update(HERE, &after));
    assert_eq!(script.commit(batch.clone()).await, Outcome::Done);
    assert_eq!(script.commit(batch).await, Outcome::Guard(1));
    assert_eq!(script.commit(use_it.clone()).await, Outcome::Done);
    assert_eq!(script.commit(arrive.clone()).await, Outcome::Done);
    let found = read!(script, ca_certificates::find(HERE, &before.id)).unwrap();
    let expected = CaCertificate {
        customer_version: 2,
        ..after
    };
    script.expect(&found, &expected);
    for (realm, of, outcome) in [
        (HERE, &before, Outcome::Guard(0)),
        (Realm(2), &found, Outcome::Guard(0)),
        (HERE, &found, Outcome::Done),
        (HERE, &found, Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, ca_certificates::delete(realm, of));
        assert_eq!(script.commit(batch).await, outcome);
    }
}
