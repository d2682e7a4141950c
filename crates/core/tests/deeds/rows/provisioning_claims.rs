use thingsmith_core::certificates::{self, Certificate};
use thingsmith_core::provisioning_claims::{self, ProvisioningClaim};
use thingsmith_core::provisioning_templates;
use thingsmith_model::{CertificateId, CertificateStatus, Realm, TemplateName, Timestamp};
use thingsmith_ports::Batch;

use super::provisioning_templates::template;
use super::script::{Outcome, Script, read, step};
use crate::objects::certificate;

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

fn id(number: u8) -> CertificateId {
    CertificateId::from_sha256([number; 32])
}

fn claim(number: u8, template: i64) -> ProvisioningClaim {
    ProvisioningClaim {
        number: i64::from(number),
        id: id(number),
        template,
        issued_at: Timestamp::from_millis(0),
        expires_at: Timestamp::from_millis(i64::from(number) * 1000),
    }
}

pub(super) async fn play(script: &mut Script) {
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        provisioning_templates::insert(HERE, &template(100, "one"))
    );
    step!(
        script,
        batch,
        provisioning_templates::insert(HERE, &template(101, "two"))
    );
    step!(
        script,
        batch,
        provisioning_templates::insert(ELSEWHERE, &template(102, "one"))
    );
    for (realm, new) in [
        (HERE, claim(1, 100)),
        (HERE, claim(2, 101)),
        (HERE, claim(3, 100)),
        (ELSEWHERE, claim(4, 102)),
        // Of a template that is not there.
        (HERE, claim(5, 999)),
    ] {
        step!(script, batch, provisioning_claims::insert(realm, &new));
    }
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let mut batch = Batch::new();
    let again = ProvisioningClaim {
        number: 9,
        ..claim(1, 100)
    };
    step!(script, batch, provisioning_claims::insert(HERE, &again));
    assert_eq!(script.commit(batch).await, Outcome::Duplicate(0));
    for (realm, number, expected) in [
        (HERE, 1, Some((claim(1, 100), "one".parse().unwrap()))),
        (HERE, 2, Some((claim(2, 101), "two".parse().unwrap()))),
        (HERE, 4, None),
        (HERE, 5, None),
        (ELSEWHERE, 1, None),
        (ELSEWHERE, 4, Some((claim(4, 102), "one".parse().unwrap()))),
    ] {
        let found = read!(script, provisioning_claims::find(realm, &id(number)));
        script.expect(found, expected.clone());
        let found = read!(script, provisioning_claims::find_unregistered(realm, &id(number)));
        script.expect(
            found,
            expected.map(|(claim, _): (ProvisioningClaim, TemplateName)| claim.number),
        );
    }
    let mut batch = Batch::new();
    let registered = |number: u8| Certificate {
        id: id(number),
        ..certificate(i64::from(number) + 200, CertificateStatus::Inactive)
    };
    step!(script, batch, certificates::insert(HERE, &registered(2)));
    step!(script, batch, certificates::insert(ELSEWHERE, &registered(1)));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    for (number, expected) in [(1, Some(1)), (2, None)] {
        let found = read!(script, provisioning_claims::find_unregistered(HERE, &id(number)));
        script.expect(found, expected);
    }
    let left = async |script: &mut Script| {
        let mut left = Vec::new();
        for (realm, number) in [(HERE, 1), (HERE, 2), (HERE, 3), (ELSEWHERE, 4)] {
            let found = read!(script, provisioning_claims::find(realm, &id(number)));
            left.extend(found.map(|(claim, _)| claim.number));
        }
        left
    };
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        provisioning_claims::delete_of_template(ELSEWHERE, 100)
    );
    step!(script, batch, provisioning_claims::delete_of_template(HERE, 101));
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let found = left(script).await;
    script.expect(found, vec![1, 3, 4]);
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        provisioning_claims::delete_before(Timestamp::from_millis(3000))
    );
    assert_eq!(script.commit(batch).await, Outcome::Done);
    let found = left(script).await;
    script.expect(found, vec![3, 4]);
    for (realm, number, outcome) in [
        (ELSEWHERE, 3, Outcome::Guard(0)),
        (HERE, 9, Outcome::Guard(0)),
        (HERE, 3, Outcome::Done),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, provisioning_claims::hold(realm, number));
        assert_eq!(script.commit(batch).await, outcome);
    }
}
