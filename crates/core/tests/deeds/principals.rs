//! What a connected principal may do, found out without waiting.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use thingsmith_core::connections::TopicAction::{Publish, Receive, RetainPublish};
use thingsmith_core::connections::{ConnectFacts, FirstConnection, Principal, Proof, Shown, admit};
use thingsmith_core::policies::{attach_policy, create_policy, create_policy_version};
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::{Deeds, certificates};
use thingsmith_model::{CertificateStatus, PolicyName};
use thingsmith_mqtt::{TopicLimits, TopicName};
use thingsmith_ports::Clock;

use crate::fleet;
use crate::stores::{Alone, alone};

fn topic(text: &str) -> TopicName {
    TopicName::parse(text, &TopicLimits::default()).unwrap()
}

/// A policy that allows publishing and receiving on topics under a prefix.
fn document(realm: &RealmRecord, prefix: &str) -> String {
    let resource = format!("arn:aws:iot:{}:{}:topic/{prefix}/*", realm.region, realm.account);
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"], "Resource": resource}
    ]})
    .to_string()
}

/// Somebody with a certificate of the policy `device`, connected, and its certificate.
async fn connected(
    deeds: &Arc<Deeds>,
    realm: &Arc<RealmRecord>,
    policy: &PolicyName,
) -> (Principal, certificates::Certificate) {
    let active = CertificateStatus::Active;
    let certificate = certificates::create_certificate_from_csr(deeds, realm, &fleet::request(), active)
        .await
        .unwrap();
    attach_policy(deeds, realm, policy, &certificate.arn(realm))
        .await
        .unwrap();
    let shown = Shown {
        certificate: &certificate.der,
        issuer: None,
    };
    let admission = admit(deeds, Some(Arc::clone(realm)), shown, FirstConnection::Refused)
        .await
        .unwrap();
    let facts = ConnectFacts {
        client_id: "pump".into(),
        ..ConnectFacts::default()
    };
    let mut proof = Proof::Certificate(admission);
    let principal = Principal::new(Arc::clone(deeds), &mut proof, facts).await;
    (principal.unwrap(), certificate)
}

#[tokio::test]
async fn what_was_permitted_is_so_until_something_changes() {
    for Alone {
        deeds, realm, clock, ..
    } in alone().await
    {
        let deeds = Arc::new(deeds);
        let policy: PolicyName = "device".parse().unwrap();
        create_policy(&deeds, &realm, policy.clone(), &document(&realm, "old"))
            .await
            .unwrap();
        let (mut principal, certificate) = connected(&deeds, &realm, &policy).await;
        let (old, new) = (topic("old/a"), topic("new/a"));
        let may = |principal: &mut Principal, action, topic: &TopicName| {
            principal.certainly_may(action, topic, clock.now())
        };
        for _ in 0..2 {
            assert!(may(&mut principal, Publish, &old) && may(&mut principal, Receive, &old));
            assert!(
                !may(&mut principal, RetainPublish, &old),
                "the policy does not say it"
            );
            assert!(!may(&mut principal, Publish, &new));
        }

        // Another policy: nothing is certain before it was read, and then the other topic is.
        create_policy_version(&deeds, &realm, &policy, &document(&realm, "new"), true)
            .await
            .unwrap();
        for topic in [&old, &new] {
            assert!(!may(&mut principal, Publish, topic) && !may(&mut principal, Receive, topic));
        }
        assert!(!principal.may_publish("old/a").await.unwrap().allowed);
        assert!(!may(&mut principal, Publish, &old) && !may(&mut principal, Receive, &old));
        assert!(may(&mut principal, Publish, &new) && may(&mut principal, Receive, &new));

        // Where nobody reads the outbox, what is known is true for a second.
        clock.advance(Duration::from_millis(999));
        assert!(may(&mut principal, Publish, &new));
        clock.advance(Duration::from_millis(1));
        assert!(!may(&mut principal, Publish, &new));
        assert!(principal.may_publish("new/a").await.unwrap().allowed);
        assert!(may(&mut principal, Publish, &new));

        // A certificate that is not active any more may nothing, read anew or not.
        let inactive = CertificateStatus::Inactive;
        certificates::update_certificate(&deeds, &realm, &certificate.id, inactive)
            .await
            .unwrap();
        assert!(!may(&mut principal, Publish, &new));
        assert!(!principal.may_publish("new/a").await.unwrap().active);
        assert!(!may(&mut principal, Publish, &new) && !may(&mut principal, Receive, &new));
    }
}
