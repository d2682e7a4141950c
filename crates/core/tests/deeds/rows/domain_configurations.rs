use thingsmith_core::domain_configurations::{self, DATA_ATS, DomainConfiguration, Settings};
use thingsmith_core::realms::{self, RealmRecord};
use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, Hold};

use super::script::{Outcome, Script, read, step};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

fn configuration(number: i64, name: &str, domain: &str) -> DomainConfiguration {
    DomainConfiguration {
        number,
        name: name.into(),
        domain: domain.into(),
        settings: Settings {
            customer_domain: Some(domain.to_uppercase()),
            ..Settings::default()
        },
        enabled: true,
        changed_at: Timestamp::from_millis(number),
        revision: 1,
    }
}

async fn insert(script: &mut Script, realm: Realm, new: &DomainConfiguration, limit: i64) -> Outcome {
    let mut batch = Batch::new();
    step!(script, batch, domain_configurations::hold_realm(realm));
    step!(
        script,
        batch,
        domain_configurations::insert(realm, new, (DATA_ATS, limit))
    )
    .unwrap();
    script.commit(batch).await
}

pub(super) async fn play(script: &mut Script) {
    let mut batch = Batch::new();
    for (realm, account) in [(HERE, "123456789012"), (ELSEWHERE, "210987654321")] {
        let record = RealmRecord {
            realm,
            account: account.parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            endpoint_prefix: format!("p{account}"),
        };
        realms::rows::insert(&mut batch, &record);
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (realm, new, limit, expected) in [
        (HERE, configuration(1, "b", "b.example"), 2, Outcome::Done),
        (
            HERE,
            configuration(2, DATA_ATS, "iot:Data-ATS 1"),
            2,
            Outcome::Done,
        ),
        (HERE, configuration(3, "B", "c.example"), 2, Outcome::Done),
        (HERE, configuration(4, "d", "d.example"), 2, Outcome::Guard(1)),
        (HERE, configuration(4, "b", "d.example"), 9, Outcome::Duplicate(1)),
        (
            ELSEWHERE,
            configuration(4, "b", "b.example"),
            9,
            Outcome::Duplicate(1),
        ),
        (ELSEWHERE, configuration(4, "b", "d.example"), 9, Outcome::Done),
        (Realm(3), configuration(5, "b", "e.example"), 9, Outcome::Guard(0)),
    ] {
        assert_eq!(insert(script, realm, &new, limit).await, expected);
    }
    for (realm, name, expected) in [
        (HERE, "B", Some(configuration(3, "B", "c.example"))),
        (HERE, "d", None),
        (ELSEWHERE, "b", Some(configuration(4, "b", "d.example"))),
    ] {
        let found = read!(script, domain_configurations::find(realm, name));
        script.expect(found, expected);
    }
    for (domain, expected) in [
        ("d.example", Some((ELSEWHERE, configuration(4, "b", "d.example")))),
        ("D.example", None),
    ] {
        let found = read!(script, domain_configurations::by_domain(domain));
        script.expect(found, expected);
    }
    for (realm, expected) in [(HERE, 2), (ELSEWHERE, 1), (Realm(3), 0)] {
        let count = read!(script, domain_configurations::count(realm, DATA_ATS));
        script.expect(count, expected);
    }
    for (after, limit, expected) in [
        ("", 9, vec!["B", "b", DATA_ATS]),
        ("B", 1, vec!["b"]),
        ("z", 9, vec![]),
    ] {
        let page = read!(script, domain_configurations::page(HERE, after, limit));
        script.expect(page, expected.into_iter().map(str::to_owned).collect());
    }
    let mut after = configuration(1, "b", "b.example");
    after.enabled = false;
    after.settings.customer_domain = None;
    after.changed_at = Timestamp::from_millis(99);
    after.revision = 2;
    for (realm, expected) in [
        (ELSEWHERE, Outcome::Guard(0)),
        (HERE, Outcome::Done),
        (HERE, Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, domain_configurations::update(realm, &after)).unwrap();
        assert_eq!(script.commit(batch).await, expected);
    }
    let found = read!(script, domain_configurations::find(HERE, "b"));
    script.expect(found, Some(after));
    for (realm, number, revision, expected) in [
        (HERE, 1, 1, Outcome::Guard(1)),
        (ELSEWHERE, 1, 2, Outcome::Guard(0)),
        (HERE, 3, 1, Outcome::Guard(1)),
        (HERE, 1, 2, Outcome::Done),
        (HERE, 1, 2, Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        step!(
            script,
            batch,
            domain_configurations::delete(realm, number, revision)
        );
        assert_eq!(script.commit(batch).await, expected);
    }
    let mut batch = Batch::new();
    step!(script, batch, domain_configurations::hold(HERE, 3, Hold::Shared));
    assert_eq!(script.commit(batch).await, Outcome::Done);
}
