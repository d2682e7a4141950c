//! Policies of thing groups, and things to which a certificate is attached exclusively.

use std::time::Duration;

use serde_json::{Value, json};
use thingsmith_core::policies;
use thingsmith_core::tags::Tags;
use thingsmith_core::thing_groups::{self, MembershipUpdate, NewThingGroup};
use thingsmith_core::thing_types::{self, NewThingType};
use thingsmith_core::things::{self, Attributes, PrincipalType, ThingUpdate};
use thingsmith_gateway::Config;
use thingsmith_testkit::Engine;

use super::lab::{Device, Lab, allow, policy};

const SECOND: Duration = Duration::from_secs(1);

/// Makes a group.
pub(super) async fn group(lab: &Lab, name: &str, parent: Option<&str>) {
    let new = NewThingGroup {
        name: name.parse().unwrap(),
        parent: parent.map(|parent| parent.parse().unwrap()),
        description: None,
        attributes: Attributes::new(),
        tags: Tags::new(),
    };
    thing_groups::create_thing_group(&lab.server.deeds, &lab.realm, new)
        .await
        .unwrap();
}

/// Makes a policy and attaches it to a group.
pub(super) async fn rule(lab: &Lab, name: &str, document: &str, group: &str) {
    let (deeds, realm) = (&lab.server.deeds, &lab.realm);
    let name = name.parse().unwrap();
    let target = format!("arn:aws:iot:us-east-1:123456789012:thinggroup/{group}");
    policies::create_policy(deeds, realm, Clone::clone(&name), document)
        .await
        .unwrap();
    policies::attach_policy(deeds, realm, &name, &target)
        .await
        .unwrap();
}

fn membership(thing: &str, group: &str) -> MembershipUpdate {
    MembershipUpdate {
        thing_name: Some(thing.parse().unwrap()),
        group_name: Some(group.parse().unwrap()),
        ..MembershipUpdate::default()
    }
}

pub(super) async fn join(lab: &Lab, thing: &str, group: &str) {
    thing_groups::add_thing_to_thing_group(&lab.server.deeds, &lab.realm, membership(thing, group))
        .await
        .unwrap();
}

pub(super) async fn leave(lab: &Lab, thing: &str, group: &str) {
    thing_groups::remove_thing_from_thing_group(&lab.server.deeds, &lab.realm, membership(thing, group))
        .await
        .unwrap();
}

async fn may(lab: &Lab, device: &Device, client_id: &str) -> bool {
    lab.dial(device).try_connect(client_id).await.is_some()
}

#[tokio::test]
async fn a_things_groups_and_those_above_them_speak_for_it() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        for (name, parent) in [
            ("top", None),
            ("middle", Some("top")),
            ("leaf", Some("middle")),
            ("beside", Some("top")),
        ] {
            group(&lab, name, parent).await;
        }
        lab.thing("pump", &[]).await;
        lab.thing("valve", &[]).await;
        let device = lab.stranger("device").await;
        lab.attach_to_thing(&device, "pump").await;
        rule(&lab, "connect", &allow(&[("Connect", "client/*")]), "top").await;
        assert!(!may(&lab, &device, "pump").await, "it is in no group");
        for within in ["top", "middle", "leaf", "beside"] {
            join(&lab, "pump", within).await;
            assert!(may(&lab, &device, "pump").await, "it is in {within}");
            // Only as its thing.
            assert!(!may(&lab, &device, "valve").await);
            assert!(!may(&lab, &device, "stranger").await);
            leave(&lab, "pump", within).await;
            assert!(!may(&lab, &device, "pump").await, "it left {within}");
        }
        // A thing in the group is not enough: the certificate must be attached to it.
        join(&lab, "valve", "leaf").await;
        assert!(!may(&lab, &device, "valve").await);
        lab.attach_to_thing(&device, "valve").await;
        assert!(may(&lab, &device, "valve").await);
        assert!(!may(&lab, &device, "pump").await);
        // What stands below or beside does not speak for it.
        leave(&lab, "valve", "leaf").await;
        join(&lab, "valve", "beside").await;
        let deny = policy(&[("Deny", "Connect", "client/*", Value::Null)]);
        rule(&lab, "deny", &deny, "middle").await;
        assert!(may(&lab, &device, "valve").await);
        leave(&lab, "valve", "beside").await;
        join(&lab, "valve", "leaf").await;
        assert!(!may(&lab, &device, "valve").await, "a Deny above it counts");
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_policy_on_the_certificate_and_on_a_group_counts_from_either() {
    let lab = Lab::start().await;
    group(&lab, "g", None).await;
    lab.thing("pump", &[]).await;
    let device = lab.stranger("device").await;
    lab.attach_to_thing(&device, "pump").await;
    join(&lab, "pump", "g").await;
    rule(&lab, "connect", &allow(&[("Connect", "client/*")]), "g").await;
    let (deeds, realm) = (&lab.server.deeds, &lab.realm);
    let connect = "connect".parse().unwrap();
    policies::attach_policy(deeds, realm, &connect, &device.arn)
        .await
        .unwrap();
    assert!(may(&lab, &device, "pump").await);
    assert!(may(&lab, &device, "other").await, "by the certificate's own");
    lab.detach(&device, &connect).await;
    assert!(may(&lab, &device, "pump").await, "by the group's");
    assert!(!may(&lab, &device, "other").await);
}

#[tokio::test]
async fn what_changes_in_groups_and_versions_is_felt_at_the_next_step() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let (deeds, realm) = (&lab.server.deeds, &lab.realm);
        group(&lab, "top", None).await;
        group(&lab, "leaf", Some("top")).await;
        lab.thing("pump", &[]).await;
        let device = lab.device(&allow(&[("Connect", "client/*")])).await;
        lab.attach_to_thing(&device, "pump").await;
        rule(&lab, "publish", &allow(&[("Publish", "topic/a")]), "top").await;
        join(&lab, "pump", "leaf").await;
        let mut wire = lab.dial(&device).connect("pump").await;
        assert!(wire.publish("a", b"").await);
        leave(&lab, "pump", "leaf").await;
        lab.advance(SECOND);
        assert!(!wire.publish("a", b"").await, "it left the group");

        join(&lab, "pump", "leaf").await;
        let mut wire = lab.dial(&device).connect("pump").await;
        assert!(wire.publish("a", b"").await);
        let name = "publish".parse().unwrap();
        let other = allow(&[("Publish", "topic/b")]);
        policies::create_policy_version(deeds, realm, &name, &other, false)
            .await
            .unwrap();
        lab.advance(SECOND);
        assert!(wire.publish("a", b"").await, "the new version is not the default");
        policies::set_default_policy_version(deeds, realm, &name, "2")
            .await
            .unwrap();
        lab.advance(SECOND);
        assert!(wire.publish("b", b"").await);
        assert!(!wire.publish("a", b"").await, "another version counts");

        let mut wire = lab.dial(&device).connect("pump").await;
        assert!(wire.publish("b", b"").await);
        thing_groups::delete_thing_group(deeds, realm, &"leaf".parse().unwrap(), None)
            .await
            .unwrap();
        lab.advance(SECOND);
        assert!(!wire.publish("b", b"").await, "the group is no more");
        lab.stop().await;
    }
}

#[tokio::test]
async fn an_exclusive_thing_is_the_thing_under_any_client_id() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let (deeds, realm) = (&lab.server.deeds, &lab.realm);
        let pump_type = NewThingType {
            name: "Pump".parse().unwrap(),
            properties: thing_types::Properties::default(),
            tags: Tags::new(),
        };
        thing_types::create_thing_type(deeds, realm, pump_type)
            .await
            .unwrap();
        for name in ["pump", "valve"] {
            lab.thing(name, &[("hall", "north")]).await;
        }
        let pump = "pump".parse().unwrap();
        let typed = ThingUpdate {
            thing_type: Some("Pump".parse().unwrap()),
            ..ThingUpdate::default()
        };
        things::update_thing(deeds, realm, &pump, typed).await.unwrap();
        group(&lab, "g", None).await;
        join(&lab, "pump", "g").await;
        rule(&lab, "publish", &allow(&[("Publish", "topic/group")]), "g").await;
        let document = policy(&[
            (
                "Allow",
                "Connect",
                "client/*",
                json!({"Bool": {"iot:Connection.Thing.IsAttached": ["true"]}}),
            ),
            (
                "Allow",
                "Publish",
                "topic/${iot:Connection.Thing.ThingTypeName}/${iot:Connection.Thing.ThingName}/${iot:Connection.Thing.Attributes[hall]}",
                Value::Null,
            ),
        ]);
        let device = lab.device(&document).await;
        assert!(!may(&lab, &device, "pump").await, "it has no thing");
        lab.attach_to_thing(&device, "pump").await;
        assert!(may(&lab, &device, "pump").await);
        assert!(
            !may(&lab, &device, "anything").await,
            "the client id is not the thing's name"
        );
        things::detach_thing_principal(deeds, realm, &pump, &device.arn)
            .await
            .unwrap();
        let exclusive = Some(PrincipalType::Exclusive);
        things::attach_thing_principal_as(deeds, realm, &pump, &device.arn, exclusive)
            .await
            .unwrap();
        for client_id in ["pump", "anything", "valve"] {
            for topic in ["Pump/pump/north", "group"] {
                let mut wire = lab.dial(&device).connect(client_id).await;
                assert!(wire.publish(topic, b"").await, "{client_id} {topic}");
                // The same after it was read anew.
                lab.advance(SECOND);
                assert!(wire.publish(topic, b"").await, "{client_id} {topic}");
            }
            let mut wire = lab.dial(&device).connect(client_id).await;
            assert!(!wire.publish("Pump/valve/north", b"").await);
        }
        lab.stop().await;
    }
}
