//! Lifecycle events, and which reserved topics a client may subscribe to.

use std::time::Duration;

use serde_json::{Value, json};
use thingsmith_model::CertificateStatus::{self, Inactive};
use thingsmith_mqtt::Grant::Granted;
use thingsmith_mqtt::Qos::{AtLeastOnce, AtMostOnce};
use thingsmith_mqtt::{Disconnect, Packet};

use super::lab::{EVERYTHING, Lab, allow};
use super::wire::Wire;

/// The next event: its topic, and its body without what differs each time, which is looked at here.
async fn event(wire: &mut Wire) -> (String, Value) {
    let (topic, payload, qos) = wire.message().await;
    assert_eq!(qos, AtLeastOnce);
    let mut body: Value = serde_json::from_slice(&payload).unwrap();
    let members = body.as_object_mut().unwrap();
    let session = members.remove("sessionIdentifier").unwrap();
    assert_eq!(session.as_str().unwrap().len(), 36);
    assert!(members.remove("timestamp").unwrap().as_i64().unwrap() > 1_700_000_000_000);
    (topic, body)
}

async fn watcher(lab: &Lab, filters: &[&str]) -> Wire {
    let operator = lab.device(EVERYTHING).await;
    let mut watcher = lab.dial(&operator).connect("watcher").await;
    for filter in filters {
        assert_eq!(watcher.subscribe(filter, AtLeastOnce).await, Granted(AtLeastOnce));
    }
    watcher
}

#[tokio::test]
async fn a_connection_is_told_from_its_beginning_to_its_end() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let id = device.certificate.id.to_string();
    let filters = ["$aws/events/presence/+/pump", "$aws/events/subscriptions/+/pump"];
    let mut watcher = watcher(&lab, &filters).await;

    let mut pump = lab.dial(&device).connect("pump").await;
    let connected = |version: u64| {
        json!({
            "clientId": "pump", "eventType": "connected", "principalIdentifier": id,
            "ipAddress": "127.0.0.1", "versionNumber": version,
        })
    };
    let disconnected = |version: u64, by_client: bool, reason: &str| {
        json!({
            "clientId": "pump", "eventType": "disconnected", "principalIdentifier": id,
            "clientInitiatedDisconnect": by_client, "disconnectReason": reason, "versionNumber": version,
        })
    };
    let presence = |kind: &str| format!("$aws/events/presence/{kind}/pump");
    assert_eq!(event(&mut watcher).await, (presence("connected"), connected(0)));

    pump.subscribe_all(&[
        ("a/#", AtMostOnce),
        ("b", AtMostOnce),
        ("$aws/rules/x", AtMostOnce),
    ])
    .await;
    let subscriptions = |kind: &str, topics: Value| {
        let topic = format!("$aws/events/subscriptions/{kind}/pump");
        let body = json!({
            "clientId": "pump", "eventType": kind, "principalIdentifier": id, "topics": topics,
        });
        (topic, body)
    };
    assert_eq!(
        event(&mut watcher).await,
        subscriptions("subscribed", json!(["a/#", "b"]))
    );
    pump.unsubscribe("b").await;
    assert_eq!(
        event(&mut watcher).await,
        subscriptions("unsubscribed", json!(["b"]))
    );

    pump.send(&Packet::Disconnect(Disconnect::default())).await;
    assert_eq!(
        event(&mut watcher).await,
        (
            presence("disconnected"),
            disconnected(0, true, "CLIENT_INITIATED_DISCONNECT")
        )
    );

    let pump = lab.dial(&device).connect("pump").await;
    assert_eq!(event(&mut watcher).await.1, connected(1));
    drop(pump);
    assert_eq!(
        event(&mut watcher).await.1,
        disconnected(1, false, "CONNECTION_LOST")
    );

    let mut pump = lab.dial(&device).connect("pump").await;
    assert_eq!(event(&mut watcher).await.1, connected(2));
    lab.set_status(&device, Inactive).await;
    pump.ends().await;
    assert_eq!(
        event(&mut watcher).await.1,
        disconnected(2, false, "FORBIDDEN_ACCESS")
    );
    lab.set_status(&device, CertificateStatus::Active).await;

    lab.advance(Duration::from_secs(3601));
    let _pump = lab.dial(&device).connect("pump").await;
    assert_eq!(
        event(&mut watcher).await.1,
        connected(0),
        "it was away for an hour"
    );
}

#[tokio::test]
async fn a_takeover_and_a_refusal_are_told() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let stranger = lab.stranger("stranger").await;
    let mut watcher = watcher(&lab, &["$aws/events/presence/#"]).await;
    let _first = lab.dial(&device).connect("pump").await;
    assert_eq!(event(&mut watcher).await.1["versionNumber"], 0);
    let _second = lab.dial(&device).connect("pump").await;
    let mut both = [event(&mut watcher).await.1, event(&mut watcher).await.1];
    both.sort_by_key(|body| body["eventType"].as_str().unwrap().to_owned());
    assert_eq!(
        (&both[0]["eventType"], &both[0]["versionNumber"]),
        (&json!("connected"), &json!(1))
    );
    assert_eq!(
        (&both[1]["disconnectReason"], &both[1]["versionNumber"]),
        (&json!("DUPLICATE_CLIENTID"), &json!(0))
    );

    assert!(lab.dial(&stranger).try_connect("stranger").await.is_none());
    let (topic, body) = event(&mut watcher).await;
    assert_eq!(topic, "$aws/events/presence/connect_failed/stranger");
    assert_eq!(
        body,
        json!({
            "clientId": "stranger", "eventType": "connect_failed", "ipAddress": "127.0.0.1",
            "connectFailureReason": "AUTHORIZATION_FAILED",
            "principalIdentifier": stranger.certificate.id.to_string(),
        })
    );
}

#[tokio::test]
async fn events_stay_in_their_realm_and_need_leave() {
    let lab = Lab::start().await;
    let mut watcher = watcher(&lab, &["$aws/events/presence/connected/+"]).await;
    let deaf = allow(&[
        ("Connect", "client/*"),
        ("Subscribe", "topicfilter/$aws/events/*"),
    ]);
    let deaf = lab.device(&deaf).await;
    let mut deaf = lab.dial(&deaf).connect("deaf").await;
    assert_eq!(event(&mut watcher).await.1["clientId"], "deaf");
    assert_eq!(
        deaf.subscribe("$aws/events/#", AtMostOnce).await,
        Granted(AtMostOnce)
    );
    let mute = lab
        .device(&allow(&[("Connect", "client/*"), ("Subscribe", "topicfilter/a")]))
        .await;
    let mut mute = lab.dial(&mute).connect("mute").await;
    assert_eq!(event(&mut watcher).await.1["clientId"], "mute");
    assert_ne!(
        mute.subscribe("$aws/events/#", AtMostOnce).await,
        Granted(AtMostOnce)
    );

    let elsewhere = lab.realm_of("999999999999", thingsmith_testkit::REGION).await;
    let key = rcgen::KeyPair::generate().unwrap();
    let foreign = lab
        .register(&elsewhere, super::lab::params("foreign"), &key)
        .await;
    lab.attach_in(&elsewhere, &foreign, EVERYTHING).await;
    let name = super::lab::endpoint(&elsewhere);
    let _foreign = lab.dial(&foreign).server_name(&name).connect("foreign").await;
    // A client id that would be a wildcard has no events.
    let device = lab.device(EVERYTHING).await;
    let _odd = lab.dial(&device).connect("odd+").await;
    let _last = lab.dial(&device).connect("last").await;
    assert_eq!(event(&mut watcher).await.1["clientId"], "last");
    assert!(
        deaf.is_alive().await,
        "nothing came to the one that may not receive"
    );
}

#[tokio::test]
async fn wildcards_do_not_match_topics_of_the_server() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut nosy = lab.dial(&device).connect("nosy").await;
    for filter in ["#", "+/events/#", "+/events/presence/connected/+"] {
        assert_eq!(nosy.subscribe(filter, AtMostOnce).await, Granted(AtMostOnce));
    }
    let mut watcher = watcher(&lab, &["$aws/events/presence/connected/pump"]).await;
    let mut pump = lab.dial(&device).connect("pump").await;
    assert_eq!(event(&mut watcher).await.1["clientId"], "pump");
    assert!(nosy.is_alive().await, "nothing came before the answer");
    assert!(
        !pump
            .publish("$aws/events/presence/connected/pump", b"forged")
            .await
    );
    assert!(watcher.is_alive().await, "and nothing forged came");
}

#[tokio::test]
async fn the_thing_of_an_exclusive_certificate_is_named() {
    let lab = Lab::start().await;
    lab.thing("pump", &[]).await;
    let device = lab.device(EVERYTHING).await;
    lab.attach_to_thing(&device, "pump").await;
    let mut watcher = watcher(&lab, &["$aws/events/presence/connected/+"]).await;
    let _pump = lab.dial(&device).connect("pump").await;
    let (_, body) = event(&mut watcher).await;
    assert_eq!(body["clientId"], "pump");
    assert!(body.get("thingName").is_none(), "it is not attached exclusively");
}
