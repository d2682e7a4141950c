use thingsmith_core::certificate_providers::{self, CertificateProvider};
use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, Hold};

use super::script::{Outcome, Script, read, step};

const HERE: Realm = Realm(1);
const ELSEWHERE: Realm = Realm(2);

fn provider(number: i64, name: &str) -> CertificateProvider {
    CertificateProvider {
        number,
        name: name.into(),
        function_arn: "arn:aws:lambda:us-east-1:123456789012:function:sign".into(),
        operation: "CreateCertificateFromCsr".into(),
        client_token: (number == 1).then(|| "token".into()),
        created_at: Timestamp::from_millis(number),
        modified_at: Timestamp::from_millis(number),
    }
}

pub(super) async fn play(script: &mut Script) {
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        certificate_providers::insert(HERE, &provider(1, "a"))
    );
    step!(
        script,
        batch,
        certificate_providers::insert(ELSEWHERE, &provider(2, "a"))
    );
    assert_eq!(script.commit(batch).await, Outcome::Done);
    // A realm has one.
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        certificate_providers::insert(HERE, &provider(3, "b"))
    );
    assert_eq!(script.commit(batch).await, Outcome::Duplicate(0));
    for (realm, name, expected) in [
        (HERE, "a", Some(provider(1, "a"))),
        (HERE, "A", None),
        (ELSEWHERE, "a", Some(provider(2, "a"))),
        (Realm(3), "a", None),
    ] {
        let found = read!(script, certificate_providers::find(realm, name));
        script.expect(found, expected);
    }
    let found = read!(script, certificate_providers::of_realm(ELSEWHERE));
    script.expect(found, Some(provider(2, "a")));

    let later = Timestamp::from_millis(99);
    for (settings, expected) in [
        ((Some("other"), None), ("other", "CreateCertificateFromCsr")),
        ((None, Some("Other")), ("other", "Other")),
        ((None, None), ("other", "Other")),
    ] {
        let mut batch = Batch::new();
        step!(
            script,
            batch,
            certificate_providers::update(HERE, 1, settings, later)
        );
        assert_eq!(script.commit(batch).await, Outcome::Done);
        let found = read!(script, certificate_providers::of_realm(HERE)).unwrap();
        assert_eq!((found.function_arn.as_str(), found.operation.as_str()), expected);
        assert_eq!(found.modified_at, later);
    }
    let mut batch = Batch::new();
    step!(
        script,
        batch,
        certificate_providers::update(ELSEWHERE, 1, (None, None), later)
    );
    assert_eq!(script.commit(batch).await, Outcome::Guard(0));

    for (realm, outcome) in [
        (ELSEWHERE, Outcome::Guard(0)),
        (HERE, Outcome::Done),
        (HERE, Outcome::Guard(0)),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, certificate_providers::hold(realm, 1, Hold::Shared));
        step!(script, batch, certificate_providers::delete(realm, 1));
        assert_eq!(script.commit(batch).await, outcome);
    }
    let found = read!(script, certificate_providers::of_realm(HERE));
    script.expect(found, None);
    let found = read!(script, certificate_providers::of_realm(ELSEWHERE));
    script.expect(found, Some(provider(2, "a")));
}
