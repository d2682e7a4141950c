use thingsmith_core::billing_groups::{self, BillingGroup};
use thingsmith_core::events::{self, EventType};
use thingsmith_core::outbox::{self, Change, Mark};
use thingsmith_core::provisioning_templates::{self, ProvisioningTemplate, TemplateKind};
use thingsmith_core::thing_types::{self, ThingType};
use thingsmith_core::things::{self, Thing};
use thingsmith_core::topic_rules::{self, Settings, TopicRule};
use thingsmith_core::{certificates, policies, reset, tags, thing_groups};
use thingsmith_model::{CertificateStatus, Realm, Timestamp};
use thingsmith_ports::Batch;
use uuid::Uuid;

use super::script::{Outcome, Script, step};
use crate::objects::{attributes, certificate, thing_group, thing_name};

const HERE: Realm = Realm(1);
const THE_BEGINNING: Mark = Mark {
    at: Timestamp::from_millis(0),
    number: 0,
};

/// A thing with an attribute, a certificate, and an attachment between them and to a policy that is not there.
fn fill(batch: &mut Batch, number: i64) {
    let thing = Thing {
        number,
        name: thing_name(&format!("t{number}")),
        thing_id: Uuid::from_u128(1),
        version: 1,
        attributes: attributes([("colour", "red")]),
        thing_type: None,
        billing_group: None,
    };
    things::rows::insert(batch, HERE, &thing).unwrap();
    let certificate = certificate(number + 1, CertificateStatus::Active);
    certificates::rows::insert(batch, HERE, &certificate);
    things::rows::attach(batch, HERE, number, number + 1);
    policies::rows::attach(batch, HERE, number + 1, number + 2, 10);
    tags::rows::insert(batch, HERE, number + 2, &[("a".into(), "b".into())].into());
    events::rows::set(batch, HERE, EventType::Thing, true, Timestamp::from_millis(1));
    thing_types::rows::insert(batch, HERE, &thing_type(number + 3)).unwrap();
    tags::rows::insert(batch, HERE, number + 3, &[("a".into(), "b".into())].into());
    billing_groups::rows::insert(batch, HERE, &billing_group(number + 4));
    tags::rows::insert(batch, HERE, number + 4, &[("a".into(), "b".into())].into());
    policies::rows::insert_version(batch, HERE, number + 2, 1, "{}", Timestamp::from_millis(1));
    let group = thing_group(number + 1000, &format!("g{number}"), None);
    thing_groups::rows::insert(batch, HERE, &group, 9).unwrap();
    thing_groups::rows::join(batch, HERE, number, &group, 9);
    policies::rows::attach(batch, HERE, number + 1000, number + 2, 9);
    provisioning_templates::rows::count_up(batch, HERE, 9);
    provisioning_templates::rows::insert(batch, HERE, &template(number + 2000));
    provisioning_templates::rows::insert_version(
        batch,
        HERE,
        number + 2000,
        1,
        "{}",
        Timestamp::from_millis(1),
    );
    tags::rows::insert(batch, HERE, number + 2000, &[("a".into(), "b".into())].into());
    let rule = topic_rule(number + 3000);
    topic_rules::rows::insert(
        batch,
        HERE,
        &rule,
        &serde_json::to_string(&rule.settings).unwrap(),
    );
}

fn template(number: i64) -> ProvisioningTemplate {
    ProvisioningTemplate {
        number,
        name: format!("t{number}").parse().unwrap(),
        kind: TemplateKind::Jitp,
        description: None,
        enabled: true,
        role_arn: "r".into(),
        hook: None,
        default_version: 1,
        newest_version: 1,
        created_at: Timestamp::from_millis(1),
        modified_at: Timestamp::from_millis(1),
        revision: 1,
    }
}

fn topic_rule(number: i64) -> TopicRule {
    TopicRule {
        number,
        name: format!("r{number}"),
        settings: Settings::new("SELECT *".into(), None, vec![], None, None),
        filter: None,
        disabled: false,
        revision: 1,
        created_at: Timestamp::from_millis(1),
    }
}

fn thing_type(number: i64) -> ThingType {
    ThingType {
        number,
        name: format!("t{number}").parse().unwrap(),
        thing_type_id: Uuid::from_u128(1),
        properties: thing_types::Properties::default(),
        created_at: Timestamp::from_millis(1),
        deprecated_at: None,
        revision: 1,
    }
}

fn billing_group(number: i64) -> BillingGroup {
    BillingGroup {
        number,
        name: format!("t{number}").parse().unwrap(),
        billing_group_id: Uuid::from_u128(1),
        description: None,
        version: 1,
        created_at: Timestamp::from_millis(1),
    }
}

pub(super) async fn play(script: &mut Script) {
    for at in [5, 6, 6] {
        let mut batch = Batch::new();
        fill(&mut batch, at * 10);
        fill(&mut batch, at * 10 + 5);
        assert_eq!(script.commit(batch.clone()).await, Outcome::Done);
        let mut empty = Batch::new();
        let now = Timestamp::from_millis(at + script_time(script).await);
        step!(script, empty, reset::delete_certificates(now));
        step!(script, empty, reset::delete_topic_rules(now));
        step!(script, empty, reset::delete_the_rest());
        assert_eq!(script.commit(empty).await, Outcome::Done);
        let store = script.store.as_ref();
        let left = (
            events::rows::all(store, HERE).await.unwrap(),
            thing_types::rows::page(store, HERE, "", 10).await.unwrap(),
            billing_groups::rows::page(store, HERE, "", "", 10).await.unwrap(),
            topic_rules::rows::realms(store).await.unwrap(),
        );
        script.expect(left, (vec![], vec![], vec![], vec![]));
        for number in [at * 10, at * 10 + 5] {
            let store = script.store.as_ref();
            let left = (
                things::rows::has_principals(store, HERE, number).await.unwrap(),
                certificates::rows::attachments(store, HERE, number + 1)
                    .await
                    .unwrap(),
                policies::rows::document(store, HERE, number + 2, 1)
                    .await
                    .unwrap(),
            );
            let groups = (
                thing_groups::rows::line(store, HERE, number + 1000)
                    .await
                    .unwrap()
                    .len(),
                thing_groups::rows::memberships(store, HERE, number)
                    .await
                    .unwrap()
                    .len(),
                policies::rows::attached(store, HERE, number + 1000, number + 2)
                    .await
                    .unwrap(),
            );
            let templates = (
                provisioning_templates::rows::page(store, HERE, "", 9)
                    .await
                    .unwrap(),
                provisioning_templates::rows::count(store, HERE).await.unwrap(),
                provisioning_templates::rows::count_versions(store, HERE, number + 2000)
                    .await
                    .unwrap(),
            );
            script.expect(left, (false, (false, false), None));
            script.expect(groups, (0, 0, (0, false)));
            script.expect(templates, (vec![], 0, 0));
            for tagged in [2, 3, 4, 2000] {
                let tags = tags::rows::page(script.store.as_ref(), HERE, number + tagged, "", 10).await;
                script.expect(tags.unwrap(), vec![]);
            }
        }
    }
    let announced = outbox::rows::since(script.store.as_ref(), THE_BEGINNING, 100)
        .await
        .unwrap();
    let changes: Vec<_> = announced.iter().map(|changed| changed.change).collect();
    let expected = [50, 60, 60].map(|number| {
        [
            Change::Certificate(number + 1),
            Change::Certificate(number + 6),
            Change::TopicRule(number + 3000),
            Change::TopicRule(number + 3005),
        ]
    });
    script.expect(changes, expected.concat());
    script.note(announced);
}

/// How many changes there are: a later reset is at a later time.
async fn script_time(script: &Script) -> i64 {
    let announced = outbox::rows::since(script.store.as_ref(), THE_BEGINNING, 100);
    i64::try_from(announced.await.unwrap().len()).unwrap()
}
