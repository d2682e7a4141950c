//! What changes in the registry ends connections that nothing passes through, within a second, on every node.
//!
//! The lab's clock stands still, so that nothing is found out because time has passed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use thingsmith_core::{certificates, policies, reset, things};
use thingsmith_gateway::Config;
use thingsmith_model::CertificateStatus::{Inactive, Revoked};
use thingsmith_mqtt::Grant::Granted;
use thingsmith_mqtt::Qos::AtMostOnce;
use thingsmith_mqtt::{Packet, ReasonCode};
use thingsmith_testkit::Engine;
use tokio::task::JoinHandle;

use super::group_policies::{group, join, leave, rule};
use super::lab::{Device, EVERYTHING, Lab, allow, policy};
use super::wire::{Wire, connect_5};

/// The promise.
const BOUND: Duration = Duration::from_secs(1);

/// How late this machine is meanwhile, which is no delay of the server's: it runs all tests at once.
struct Lateness {
    sum: Arc<AtomicU64>,
    measuring: JoinHandle<()>,
}

impl Lateness {
    const STEP: Duration = Duration::from_millis(20);

    fn measure() -> Self {
        let sum = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&sum);
        let measuring = tokio::spawn(async move {
            loop {
                let begun = Instant::now();
                tokio::time::sleep(Self::STEP).await;
                let late = begun.elapsed().saturating_sub(Self::STEP);
                // A timer's own grain is no lateness.
                if late > Duration::from_millis(2) {
                    seen.fetch_add(u64::try_from(late.as_micros()).unwrap(), Ordering::Relaxed);
                }
            }
        });
        Self { sum, measuring }
    }

    fn so_far(&self) -> Duration {
        Duration::from_micros(self.sum.load(Ordering::Relaxed))
    }
}

impl Drop for Lateness {
    fn drop(&mut self) {
        self.measuring.abort();
    }
}

/// Measures what follows a deed's answer.
struct Stopwatch {
    begun: Instant,
    lateness: Lateness,
}

impl Stopwatch {
    fn start() -> Self {
        Self {
            begun: Instant::now(),
            lateness: Lateness::measure(),
        }
    }

    /// Prints how long it took, and holds it against the promise.
    fn stop(&self, what: &str) {
        let (after, late) = (self.begun.elapsed(), self.lateness.so_far());
        println!("{what} after {after:?} (the machine itself was {late:?} late)");
        assert!(
            after.saturating_sub(late) < BOUND,
            "{what} after {after:?}, late {late:?}"
        );
    }
}

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
        let clock = Stopwatch::start();
        for (node, mut wire) in wires.into_iter().enumerate() {
            wire.ends().await;
            clock.stop(&format!(
                "{:?}, node {node}: {what} ended an idle connection",
                self.engine
            ));
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
        let deeds = Arc::clone(&nodes.lab.server.deeds);
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

#[tokio::test]
async fn another_default_version_of_a_policy_ends_what_the_old_one_allowed() {
    for engine in Engine::available() {
        let nodes = Nodes::start(engine).await;
        let lab = &nodes.lab;
        let (deeds, realm) = (&lab.server.deeds, &lab.realm);
        let device = lab.stranger("device").await;
        let name = lab.attach(&device, EVERYTHING).await;
        let narrower = allow(&[("Connect", "client/other")]);

        let wires = nodes.connect(&device, &[]).await;
        let deed = async {
            policies::create_policy_version(deeds, realm, &name, &narrower, true)
                .await
                .unwrap();
        };
        nodes.end("a new version as the default", wires, deed).await;
        assert!(lab.dial(&device).try_connect("pump").await.is_none());

        // Back to the first one, and from it to the second by its number.
        policies::set_default_policy_version(deeds, realm, &name, "1")
            .await
            .unwrap();
        let wires = nodes.connect(&device, &[]).await;
        let deed = async {
            policies::set_default_policy_version(deeds, realm, &name, "2")
                .await
                .unwrap();
        };
        nodes.end("SetDefaultPolicyVersion", wires, deed).await;
        let other = lab.dial(&device).try_connect("other").await;
        assert!(other.is_some(), "what the second version allows");
    }
}

#[tokio::test]
async fn a_wider_default_version_lets_a_live_connection_do_more() {
    for engine in Engine::available() {
        let nodes = Nodes::start(engine).await;
        let lab = &nodes.lab;
        let device = lab.stranger("device").await;
        let narrow = allow(&[("Connect", "client/*"), ("Subscribe", "topicfilter/#")]);
        let name = lab.attach(&device, &narrow).await;
        let witness = lab.device(EVERYTHING).await;
        let mut wires = nodes.connect(&device, &["#"]).await;
        let mut witnesses = nodes.connect_as(&witness, "witness", &[]).await;
        for (wire, witness) in wires.iter_mut().zip(&mut witnesses) {
            assert!(witness.publish("a", b"before").await);
            assert!(wire.is_alive().await, "it receives nothing");
        }
        policies::create_policy_version(&lab.server.deeds, &lab.realm, &name, EVERYTHING, true)
            .await
            .unwrap();
        let clock = Stopwatch::start();
        for (node, (wire, witness)) in wires.iter_mut().zip(&mut witnesses).enumerate() {
            // Until one gets through: what is not permitted yet is not delivered.
            let mut sent = 0;
            let delivered = loop {
                sent += 1;
                assert!(witness.publish("a", sent.to_string().as_bytes()).await);
                wire.send(&Packet::PingReq).await;
                match wire.next().await.expect("it stays connected") {
                    Packet::PingResp => {}
                    Packet::Publish(publish) => break publish,
                    other => panic!("{other:?}"),
                }
            };
            assert_eq!(delivered.message.topic.as_str(), "a");
            clock.stop(&format!(
                "{engine:?}, node {node}: a wider version allowed a delivery"
            ));
        }
    }
}

#[tokio::test]
async fn a_thing_that_leaves_or_joins_a_group_takes_the_groups_policies_along() {
    for engine in Engine::available() {
        let nodes = Nodes::start(engine).await;
        let lab = &nodes.lab;
        for (name, parent) in [("top", None), ("leaf", Some("top")), ("barred", None)] {
            group(lab, name, parent).await;
        }
        rule(lab, "connect", &allow(&[("Connect", "client/*")]), "top").await;
        let deny = policy(&[("Deny", "Connect", "client/*", Value::Null)]);
        rule(lab, "deny", &deny, "barred").await;
        lab.thing("pump", &[]).await;
        let device = lab.stranger("device").await;
        lab.attach_to_thing(&device, "pump").await;

        join(lab, "pump", "leaf").await;
        let wires = nodes.connect(&device, &[]).await;
        nodes
            .end("leaving the group", wires, leave(lab, "pump", "leaf"))
            .await;

        join(lab, "pump", "leaf").await;
        let wires = nodes.connect(&device, &[]).await;
        nodes
            .end("joining a group that denies", wires, join(lab, "pump", "barred"))
            .await;
        leave(lab, "pump", "barred").await;

        let wires = nodes.connect(&device, &[]).await;
        let deed = async {
            let top = "arn:aws:iot:us-east-1:123456789012:thinggroup/top";
            policies::detach_policy(&lab.server.deeds, &lab.realm, &"connect".parse().unwrap(), top)
                .await
                .unwrap();
        };
        nodes.end("detaching from the group above", wires, deed).await;
    }
}

#[tokio::test]
async fn a_client_of_mqtt_5_is_told_why() {
    for engine in Engine::available() {
        let nodes = Nodes::start(engine).await;
        let lab = &nodes.lab;
        for status in [None, Some(Inactive), Some(Revoked)] {
            let device = lab.stranger("device").await;
            let name = lab.attach(&device, EVERYTHING).await;
            let mut wires = Vec::new();
            for address in &nodes.addresses {
                let dial = lab.dial(&device).at(*address);
                wires.push(dial.try_connect_as(connect_5("pump")).await.unwrap());
            }
            match status {
                None => lab.detach(&device, &name).await,
                Some(status) => lab.set_status(&device, status).await,
            }
            let clock = Stopwatch::start();
            for (node, mut wire) in wires.into_iter().enumerate() {
                match wire.next().await {
                    Some(Packet::Disconnect(told)) => assert_eq!(told.code, ReasonCode::NotAuthorized),
                    other => panic!("{status:?}: {other:?}"),
                }
                wire.ends().await;
                clock.stop(&format!("{engine:?}, node {node}: DISCONNECT for {status:?}"));
            }
        }
    }
}
