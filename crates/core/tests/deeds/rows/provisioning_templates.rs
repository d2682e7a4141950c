use thingsmith_core::ca_certificates::{self, CaCertificate, RegistrationConfig};
use thingsmith_core::claims::rows::Guards;
use thingsmith_core::claims::{self, ClaimLimit};
use thingsmith_core::provisioning_templates::{
    self, Hook, ProvisioningTemplate, TemplateKind, TemplateVersion,
};
use thingsmith_core::realms::RealmRecord;
use thingsmith_model::{
    Account, AutoRegistrationStatus, CaCertificateStatus, CertificateId, CertificateMode, CertificateStatus,
    Realm, Timestamp,
};
use thingsmith_ports::{Batch, Hold};

use super::script::{Outcome, Script, read, step};
use crate::objects::certificate;

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

pub(super) fn template(number: i64, name: &str) -> ProvisioningTemplate {
    let odd = number % 2 == 1;
    ProvisioningTemplate {
        number,
        name: name.parse().unwrap(),
        kind: if odd {
            TemplateKind::Jitp
        } else {
            TemplateKind::FleetProvisioning
        },
        description: odd.then(|| "für alle".to_owned()),
        enabled: odd,
        role_arn: "arn:aws:iam::000000000000:role/r".into(),
        hook: (!odd).then(|| Hook {
            target_arn: "arn:aws:lambda:us-east-1:000000000000:function:f".into(),
            payload_version: (number == 2).then(|| "2020-04-01".to_owned()),
        }),
        default_version: 1,
        newest_version: 1,
        created_at: Timestamp::from_millis(number),
        modified_at: Timestamp::from_millis(number),
        revision: 1,
    }
}

fn version(number: i64) -> TemplateVersion {
    TemplateVersion {
        version: number,
        created_at: Timestamp::from_millis(number),
    }
}

fn names(all: &[ProvisioningTemplate]) -> Vec<&str> {
    all.iter().map(|one| one.name.as_str()).collect()
}

pub(super) async fn play(script: &mut Script) {
    insert_and_find(script).await;
    guarded(script).await;
    counts(script).await;
    versions(script).await;
    update(script).await;
    delete(script).await;
}

async fn insert_and_find(script: &mut Script) {
    let mut batch = Batch::new();
    for (realm, new) in [
        (HERE, template(1, "b")),
        (HERE, template(2, "B")),
        (HERE, template(4, "a_-")),
        (ELSEWHERE, template(5, "b")),
    ] {
        step!(script, batch, provisioning_templates::insert(realm, &new));
        let (number, at) = (new.number, Timestamp::from_millis(1));
        step!(
            script,
            batch,
            provisioning_templates::insert_version(realm, number, 1, "{}", at)
        );
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        provisioning_templates::insert(HERE, &template(9, "b"))
    );
    assert_eq!(script.commit(batch).await, Outcome::Duplicate(0));
    for (realm, name, expected) in [
        (HERE, "b", Some(template(1, "b"))),
        (HERE, "B", Some(template(2, "B"))),
        (HERE, "a_-", Some(template(4, "a_-"))),
        (ELSEWHERE, "B", None),
    ] {
        let name = name.parse().unwrap();
        let found = read!(script, provisioning_templates::find(realm, &name));
        script.expect(found, expected.clone());
        let found = read!(script, provisioning_templates::find_with_body(realm, &name));
        script.expect(found, expected.map(|template| (template, "{}".to_owned())));
    }
    for (after, limit, expected) in [
        ("", 9, vec!["B", "a_-", "b"]),
        ("B", 1, vec!["a_-"]),
        ("b", 9, vec![]),
    ] {
        let page = read!(script, provisioning_templates::page(HERE, after, limit));
        script.expect(names(&page), expected);
    }
}

async fn guarded(script: &mut Script) {
    let claim = |number| CertificateId::from_sha256([number; 32]);
    let limit = |number, batch: Option<&str>| ClaimLimit {
        claim: claim(number),
        devices: 9,
        batch: batch.map(str::to_owned),
        refuse: batch.is_some(),
    };
    let mut batch = Batch::new();
    for (realm, template, parameter) in [(HERE, 1, "S"), (ELSEWHERE, 2, "T")] {
        step!(script, batch, claims::set_allow_list(realm, template, parameter));
    }
    for (realm, new) in [
        (HERE, limit(1, Some("x"))),
        (HERE, limit(2, None)),
        (ELSEWHERE, limit(3, None)),
    ] {
        step!(script, batch, claims::set_limit(realm, &new));
    }
    let at = Timestamp::from_millis(1);
    for (realm, number, stripe) in [
        (HERE, 1, 0),
        (HERE, 1, 0),
        (HERE, 1, 3),
        (HERE, 3, 0),
        (ELSEWHERE, 2, 0),
    ] {
        step!(script, batch, claims::count(realm, &claim(number), stripe, at));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (realm, name, number, expected) in [
        (HERE, "b", 1, Some((1, Some("S"), Some((limit(1, Some("x")), 3))))),
        (HERE, "b", 3, Some((1, Some("S"), None))),
        (HERE, "B", 2, Some((2, None, Some((limit(2, None), 0))))),
        (HERE, "B", 9, Some((2, None, None))),
        (HERE, "c", 1, None),
        (ELSEWHERE, "b", 1, Some((5, None, None))),
        (ELSEWHERE, "B", 3, None),
    ] {
        let parsed = name.parse().unwrap();
        let found = read!(
            script,
            provisioning_templates::find_guarded(realm, &parsed, &claim(number))
        );
        let expected = expected.map(|(template_number, parameter, limited)| {
            let parameter = parameter.map(str::to_owned);
            (template(template_number, name), Guards { parameter, limited })
        });
        script.expect(found, expected);
    }
}

async fn counts(script: &mut Script) {
    for (realm, outcome) in [
        (HERE, Outcome::Done),
        (HERE, Outcome::Done),
        (HERE, Outcome::Guard(0)),
        (ELSEWHERE, Outcome::Done),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, provisioning_templates::count_up(realm, 2));
        assert_eq!(script.commit(batch).await, outcome);
    }
    for (realm, expected) in [(HERE, 2), (ELSEWHERE, 1), (Realm(3), 0)] {
        let count = read!(script, provisioning_templates::count(realm));
        script.expect(count, expected);
    }
    for outcome in [Outcome::Done, Outcome::Guard(0)] {
        let mut batch = Batch::new();
        step!(script, batch, provisioning_templates::count_down(ELSEWHERE));
        assert_eq!(script.commit(batch).await, outcome);
    }
}

async fn versions(script: &mut Script) {
    for (number, outcome) in [(2, Outcome::Done), (3, Outcome::Done), (4, Outcome::Guard(1))] {
        let mut batch = Batch::new();
        step!(
            script,
            batch,
            provisioning_templates::hold(HERE, 1, Hold::Exclusive)
        );
        let at = Timestamp::from_millis(number);
        step!(
            script,
            batch,
            provisioning_templates::add_version(HERE, 1, number, "{\"ü\":1}", at, 3)
        );
        assert_eq!(script.commit(batch).await, outcome);
    }
    for (template, expected) in [(1, 3), (2, 1), (3, 0)] {
        let count = read!(script, provisioning_templates::count_versions(HERE, template));
        script.expect(count, expected);
    }
    for (realm, number, expected) in [
        (HERE, 3, Some((version(3), "{\"ü\":1}".to_owned()))),
        (HERE, 4, None),
        (ELSEWHERE, 3, None),
    ] {
        let found = read!(script, provisioning_templates::version(realm, 1, number));
        script.expect(found, expected);
    }
    for (after, limit, expected) in [
        (0, 2, vec![version(1), version(2)]),
        (2, 9, vec![version(3)]),
        (3, 9, vec![]),
    ] {
        let page = read!(
            script,
            provisioning_templates::page_of_versions(HERE, 1, after, limit)
        );
        script.expect(page, expected);
    }
    for (number, outcome) in [(1, Outcome::Guard(0)), (2, Outcome::Done), (2, Outcome::Guard(0))] {
        let mut batch = Batch::new();
        step!(
            script,
            batch,
            provisioning_templates::delete_version(HERE, 1, number)
        );
        assert_eq!(script.commit(batch).await, outcome);
    }
}

async fn update(script: &mut Script) {
    let after = ProvisioningTemplate {
        description: None,
        enabled: false,
        role_arn: "another".into(),
        hook: template(2, "B").hook,
        default_version: 3,
        newest_version: 3,
        modified_at: Timestamp::from_millis(99),
        revision: 2,
        ..template(1, "b")
    };
    let no_version = ProvisioningTemplate {
        default_version: 2,
        ..after.clone()
    };
    for (realm, after, outcome) in [
        (ELSEWHERE, &after, Outcome::Guard(0)),
        (HERE, &no_version, Outcome::Guard(0)),
        (HERE, &after, Outcome::Done),
        (HERE, &after, Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, provisioning_templates::update(realm, after));
        assert_eq!(script.commit(batch).await, outcome);
    }
    let found = read!(script, provisioning_templates::find_with_body(HERE, &after.name));
    script.expect(found, Some((after, "{\"ü\":1}".to_owned())));
}

/// A CA certificate that names the template `b`.
fn naming() -> CaCertificate {
    let like = certificate(50, CertificateStatus::Active);
    CaCertificate {
        number: 50,
        id: like.id,
        subject: [1; 32],
        status: CaCertificateStatus::Active,
        auto_registration: AutoRegistrationStatus::Enable,
        mode: CertificateMode::SniOnly,
        der: like.der,
        not_before: like.not_before,
        not_after: like.not_after,
        created_at: like.created_at,
        modified_at: like.modified_at,
        customer_version: 1,
        generation_id: like.generation_id,
        registration_config: RegistrationConfig {
            template_name: Some("b".into()),
            ..RegistrationConfig::default()
        },
    }
}

async fn delete(script: &mut Script) {
    let here = RealmRecord {
        realm: HERE,
        account: Account::development(),
        region: "us-east-1".parse().unwrap(),
        endpoint_prefix: "p".into(),
    };
    let mut batch = Batch::new();
    ca_certificates::rows::insert(&mut batch, &here, &naming());
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (realm, name, expected) in [(HERE, "b", true), (HERE, "B", false), (ELSEWHERE, "b", false)] {
        let name = name.parse().unwrap();
        let named = read!(script, provisioning_templates::is_named_by_a_ca(realm, &name));
        script.expect(named, expected);
    }
    let current = ProvisioningTemplate {
        revision: 2,
        ..template(1, "b")
    };
    for (realm, before, outcome) in [
        (HERE, &current, Outcome::Guard(0)),
        (HERE, &template(2, "B"), Outcome::Done),
        (HERE, &template(2, "B"), Outcome::Guard(0)),
        (ELSEWHERE, &template(4, "a_-"), Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, provisioning_templates::delete(realm, before));
        assert_eq!(script.commit(batch).await, outcome);
    }
    let mut batch = Batch::new();
    ca_certificates::rows::delete(&mut batch, HERE, &naming());
    step!(
        script,
        batch,
        provisioning_templates::delete(HERE, &template(1, "b"))
    );
    assert_eq!(script.commit(batch).await, Outcome::Guard(1));
    let mut batch = Batch::new();
    ca_certificates::rows::delete(&mut batch, HERE, &naming());
    step!(script, batch, provisioning_templates::delete(HERE, &current));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (template, expected) in [(1, 0), (2, 0), (4, 1)] {
        let count = read!(script, provisioning_templates::count_versions(HERE, template));
        script.expect(count, expected);
    }
    let page = read!(script, provisioning_templates::page(HERE, "", 9));
    script.expect(names(&page), vec!["a_-"]);
}
