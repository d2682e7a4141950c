//! What changes in the registry ends connections that nothing passes through, within a second, on every node.
//!
//! The lab's clock stands still, so that nothing is found out because time has passed.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::Value;
use thingsmith_core::{certificates, reset, things};
use thingsmith_gateway::Config;
use thingsmith_model::CertificateStatus::{Inactive, Revoked};
use thingsmith_mqtt::Grant::Granted;
use thingsmith_mqtt::Qos::AtMostOnce;
use thingsmith_testkit::Engine;

use super::lab::{Device, EVERYTHING, Lab, allow, policy};
use super::wire::Wire;

/// The promise is a second; a machine that runs all tests at once may be late.
const BOUND: Duration = Duration::from_secs(5);

/// A lab, the addresses of its gateways, and what is measured there.
struct Nodes {
    lab: Lab,
    engine: Engine,
    addresses: Vec<SocketAddr>,
    _other: Option<super::lab::Node>,
}

impl Nodes {
    async fn start(engine: Engine) -> Self {
        let lab = Lab::on(engine, Config::default()).await;
        let other = lab.another_node().await;
        assert_eq!(other.is_some(), engine == Engine::Postgres);
        let addresses = std::iter::once(lab.address)
            .chain(other.iter().map(|node| node.address))
            .collect();
        Self {
            lab,
            engine,
            addresses,
            _other: other,
        }
    }

    /// One idle connection of the device on every node.
    async fn connect(&self, device: &Device, filters: &[&str]) -> Vec<Wire> {
        self.connect_as(device, "pump", filters).await
    }

    async fn connect_as(&self, device: &Device, client_id: &str, filters: &[&str]) -> Vec<Wire> {
        let mut wires = Vec::new();
        for address in &self.addresses {
            let mut wire = self.lab.dial(device).at(*address).connect(client_id).await;
            for filter in filters {
                assert_eq!(wire.subscribe(filter, AtMostOnce).await, Granted(AtMostOnce));
            }
            wires.push(wire);
        }
        wires
    }

    /// All of these end because of what is done.
    async fn end(&self, what: &str, wires: Vec<Wire>, deed: impl Future<Output = ()>) {
        deed.await;
        let done = Instant::now();
        for (node, mut wire) in wires.into_iter().enumerate() {
            wire.ends().await;
            let after = done.elapsed();
            println!(
                "{:?}, node {node}: {what} ended an idle connection after {after:?}",
                self.engine
            );
            assert!(after < BOUND, "{what}: {after:?}");
        }
    }
}

#[tokio::test]
async fn a_certificate_that_is_no_longer_active_loses_idle_connections() {
    for engine in Engine::available() {
        let nodes = Nodes::start(engine).await;
        for status in [Inactive, Revoked] {
            let (device, bystander) = (
                nodes.lab.device(EVERYTHING).await,
                nodes.lab.device(EVERYTHING).await,
            );
            let mut stays = nodes.lab.dial(&bystander).connect("bystander").await;
            let wires = nodes.connect(&device, &["a"]).await;
            let deed = nodes.lab.set_status(&device, status);
            nodes.end(&format!("{status}"), wires, deed).await;
            assert!(nodes.lab.dial(&device).try_connect("pump").await.is_none());
            assert!(stays.is_alive().await, "another certificate's connection stays");
        }
    }
}

#[tokio::test]
async fn a_registry_that_is_emptied_has_no_connections() {
    for engine in Engine::available() {
        let nodes = Nodes::start(engine).await;
        // A reset is heard of from the outbox alone, so that somebody must read it.
        let deeds = std::sync::Arc::clone(&nodes.lab.server.deeds);
        let following = tokio::spawn(async move { match thingsmith_core::outbox::follow(&deeds).await {} });
        let device = nodes.lab.device(EVERYTHING).await;
        let wires = nodes.connect(&device, &[]).await;
        let deed = async { reset::reset(&nodes.lab.server.deeds).await.unwrap() };
        nodes.end("reset", wires, deed).await;
        following.abort();
    }
}

#[tokio::test]
async fn a_policy_taken_away_ends_what_it_allowed() {
    for engine in Engine::available() {
        let nodes = Nodes::start(engine).await;
        let lab = &nodes.lab;
        let device = lab.stranger("device").await;
        let everything = lab.attach(&device, EVERYTHING).await;
        let wires = nodes.connect(&device, &[]).await;
        nodes
            .end("detaching iot:Connect", wires, lab.detach(&device, &everything))
            .await;

        lab.attach(&device, &allow(&[("Connect", "client/*")])).await;
        let listens = lab
            .attach(&device, &allow(&[("Subscribe", "topicfilter/a")]))
            .await;
        let wires = nodes.connect(&device, &["a"]).await;
        nodes
            .end("detaching iot:Subscribe", wires, lab.detach(&device, &listens))
            .await;

        let wires = nodes.connect(&device, &[]).await;
        let denies = policy(&[("Deny", "Connect", "client/pump", Value::Null)]);
        let deed = async {
            lab.attach(&device, &denies).await;
        };
        nodes.end("attaching a Deny", wires, deed).await;
    }
}

#[tokio::test]
async fn a_policy_taken_away_that_nothing_hangs_on_ends_nothing() {
    for engine in Engine::available() {
        let nodes = Nodes::start(engine).await;
        let lab = &nodes.lab;
        let device = lab
            .device(&allow(&[("Connect", "client/*"), ("Subscribe", "topicfilter/a")]))
            .await;
        let publishes = lab.attach(&device, &allow(&[("Publish", "topic/b")])).await;
        let mut wires = nodes.connect(&device, &["a"]).await;
        for wire in &mut wires {
            assert!(wire.publish("b", b"").await);
        }
        lab.detach(&device, &publishes).await;
        // What was told after it has been heard after it.
        let other = lab.device(EVERYTHING).await;
        let witness = nodes.connect_as(&other, "witness", &[]).await;
        nodes
            .end("(the witness)", witness, lab.set_status(&other, Inactive))
            .await;
        for wire in &mut wires {
            assert!(wire.is_alive().await);
            assert!(
                !wire.publish("b", b"").await,
                "what it may publish has changed at once"
            );
        }
    }
}

#[tokio::test]
async fn a_thing_that_changes_ends_what_its_attributes_allowed() {
    for engine in Engine::available() {
        let nodes = Nodes::start(engine).await;
        let lab = &nodes.lab;
        lab.thing("pump", &[("site", "north")]).await;
        let device = lab
            .device(&allow(&[
                ("Connect", "client/*"),
                (
                    "Subscribe",
                    "topicfilter/${iot:Connection.Thing.Attributes[site]}",
                ),
            ]))
            .await;
        lab.attach_to_thing(&device, "pump").await;
        let wires = nodes.connect(&device, &["north"]).await;
        let deed = async {
            let site = ("site".parse().unwrap(), "south".parse().unwrap());
            let update = things::ThingUpdate {
                attributes: Some([site].into_iter().collect()),
                ..things::ThingUpdate::default()
            };
            things::update_thing(&lab.server.deeds, &lab.realm, &"pump".parse().unwrap(), update)
                .await
                .unwrap();
        };
        nodes.end("another attribute", wires, deed).await;

        let wires = nodes.connect(&device, &["south"]).await;
        let deed = async {
            let thing = "pump".parse().unwrap();
            things::detach_thing_principal(&lab.server.deeds, &lab.realm, &thing, &device.arn)
                .await
                .unwrap();
        };
        nodes.end("detaching the thing", wires, deed).await;
    }
}

#[tokio::test]
async fn a_certificate_that_is_deleted_by_force_ends_its_connections() {
    for engine in Engine::available() {
        let nodes = Nodes::start(engine).await;
        let device = nodes.lab.device(EVERYTHING).await;
        let wires = nodes.connect(&device, &["a/#"]).await;
        let deed = async {
            nodes.lab.set_status(&device, Inactive).await;
            let id = &device.certificate.id;
            certificates::delete_certificate(&nodes.lab.server.deeds, &nodes.lab.realm, id, true)
                .await
                .unwrap();
        };
        nodes.end("deletion", wires, deed).await;
    }
}
