//! Many devices at once, and one device by many connections: each is provisioned once.

use std::num::NonZeroUsize;
use std::time::Duration;

use rustls::version::{TLS12, TLS13};
use serde_json::json;
use thingsmith_core::connections::FirstConnection;
use thingsmith_gateway::Config;
use thingsmith_testkit::Engine;

use super::factory::{Factory, described};
use super::jitp::{by_body, device, done, prepare, template};
use super::jitr::futures_of;
use super::lab::Lab;

/// Devices that arrive at once.
const CROWD: usize = 200;

fn config(first_connection: FirstConnection) -> Config {
    Config {
        handshakes_per_address: NonZeroUsize::new(1024).unwrap(),
        first_connection,
        ..Config::default()
    }
}

#[tokio::test]
async fn two_hundred_at_once_are_provisioned_and_none_twice() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, config(FirstConnection::Refused)).await;
        let admin = lab.server.administrator();
        let role = prepare(&lab).await;
        let factory = Factory::new("factory");
        factory
            .register_with(&admin, by_body(&template(json!({})), &role))
            .await;
        let devices: Vec<_> = (0..CROWD)
            .map(|number| device(&factory, &format!("pump-{number}")))
            .collect();
        // Each by two connections at the same moment.
        let dials = || devices.iter().flat_map(|device| [device, device]);
        let connected = futures_of(dials().map(|device| lab.dial(device).try_connect("pump"))).await;
        // Whoever comes just after its twin has done it may come in at once.
        assert!(connected.iter().filter(|wire| wire.is_none()).count() >= CROWD);
        drop(connected);
        let things = done(&admin, "ListThings", json!({"maxResults": 250})).await;
        let things = things["things"].as_array().unwrap();
        assert_eq!(things.len(), CROWD);
        assert!(
            things.iter().all(|thing| thing["version"] == 1),
            "none was touched twice"
        );
        for (number, device) in devices.iter().enumerate() {
            let shown = described(&lab, device).await;
            assert_eq!(
                (&shown["status"], &shown["customerVersion"]),
                (&json!("ACTIVE"), &json!(1))
            );
            let name = json!({"thingName": format!("pump-{number}")});
            let principals = done(&admin, "ListThingPrincipals", name).await;
            assert_eq!(principals["principals"], json!([shown["certificateArn"]]));
        }
        let second = devices.iter().enumerate();
        let second = second.map(|(number, device)| {
            let name = format!("pump-{number}");
            let dial = lab.dial(device);
            async move { dial.try_connect(&name).await }
        });
        assert!(futures_of(second).await.iter().all(Option::is_some));
        lab.stop().await;
    }
}

#[tokio::test]
async fn two_nodes_provision_one_device_once() {
    let lab = Lab::on(
        Engine::available().pop().unwrap(),
        config(FirstConnection::Refused),
    )
    .await;
    let Some(node) = lab.another_node().await else {
        return;
    };
    let admin = lab.server.administrator();
    let role = prepare(&lab).await;
    let factory = Factory::new("factory");
    factory
        .register_with(&admin, by_body(&template(json!({})), &role))
        .await;
    for number in 0..10 {
        let pump = device(&factory, &format!("pump-{number}"));
        let here = lab.dial(&pump).try_connect("pump");
        let there = lab.dial(&pump).at(node.address).try_connect("pump");
        tokio::join!(here, there);
        let shown = described(&lab, &pump).await;
        assert_eq!(
            (&shown["status"], &shown["customerVersion"]),
            (&json!("ACTIVE"), &json!(1))
        );
        lab.dial(&pump).at(node.address).connect("pump").await;
    }
    let things = done(&admin, "ListThings", json!({})).await;
    let things = things["things"].as_array().unwrap();
    assert_eq!(things.len(), 10);
    assert!(things.iter().all(|thing| thing["version"] == 1));
    lab.stop().await;
}

#[tokio::test]
async fn a_first_connection_that_is_held_comes_in_and_so_do_those_beside_it() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, config(FirstConnection::Held(Duration::from_secs(9)))).await;
        let admin = lab.server.administrator();
        let role = prepare(&lab).await;
        let factory = Factory::new("factory");
        factory
            .register_with(&admin, by_body(&template(json!({})), &role))
            .await;
        for (number, version) in [&TLS12, &TLS13].into_iter().enumerate() {
            let pump = device(&factory, &format!("pump-{number}"));
            let dials = (0..5).map(|client| {
                let dial = lab.dial(&pump).version(version);
                async move { dial.try_connect(&format!("client-{client}")).await }
            });
            assert!(futures_of(dials).await.iter().all(Option::is_some));
            assert_eq!(described(&lab, &pump).await["customerVersion"], 1);
        }
        // Status INACTIVE is what the template says, and nobody comes in.
        let mut inactive = template(json!({}));
        inactive["Resources"]["certificate"]["Properties"]["Status"] = "INACTIVE".into();
        let other = Factory::new("other");
        other.register_with(&admin, by_body(&inactive, &role)).await;
        let pump = device(&other, "pump-9");
        assert!(lab.dial(&pump).try_connect("pump").await.is_none());
        assert_eq!(described(&lab, &pump).await["status"], "INACTIVE");
        lab.stop().await;
    }
}
