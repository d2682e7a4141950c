//! What changes in the registry is felt on connections that are open.

use std::time::Duration;

use serde_json::{Value, json};
use thingsmith_core::certificates;
use thingsmith_model::CertificateStatus::{Active, Inactive, Revoked};
use thingsmith_mqtt::Grant::Granted;
use thingsmith_mqtt::Qos::AtMostOnce;

use super::lab::{Device, EVERYTHING, Lab, allow, policy};
use super::wire::{REFUSED, Wire, subscription};

const SECOND: Duration = Duration::from_secs(1);

async fn connected<'a>(lab: &'a Lab, device: &'a Device) -> (Wire, Wire, Wire) {
    let (mut publisher, mut subscriber, mut receiver) = (
        lab.dial(device).connect("publisher").await,
        lab.dial(device).connect("subscriber").await,
        lab.dial(device).connect("receiver").await,
    );
    assert!(publisher.publish("before", b"").await);
    assert_eq!(
        subscriber.subscribe("before", AtMostOnce).await,
        Granted(AtMostOnce)
    );
    assert_eq!(receiver.subscribe("#", AtMostOnce).await, Granted(AtMostOnce));
    (publisher, subscriber, receiver)
}

#[tokio::test]
async fn a_policy_taken_away_is_felt_at_the_next_step() {
    let lab = Lab::start().await;
    let witness = lab.device(EVERYTHING).await;
    let mut witness = lab.dial(&witness).connect("witness").await;
    let may_stay = [
        ("Connect", "client/*"),
        ("Subscribe", "topicfilter/before"),
        ("Subscribe", "topicfilter/#"),
    ];
    let device = lab.device(&allow(&may_stay)).await;
    let everything = lab.attach(&device, EVERYTHING).await;
    let (mut publisher, mut subscriber, mut receiver) = connected(&lab, &device).await;
    witness.publish_qos_0("a", b"1").await;
    assert_eq!(receiver.text().await, "1");
    lab.detach(&device, &everything).await;
    assert_eq!(subscriber.subscribe("after", AtMostOnce).await, REFUSED);
    witness.publish_qos_0("a", b"2").await;
    assert!(witness.is_alive().await);
    assert!(receiver.is_alive().await, "no message came before the answer");
    assert!(!publisher.publish("after", b"").await);

    // And given again.
    lab.attach(&device, EVERYTHING).await;
    assert_eq!(
        subscriber.subscribe("after", AtMostOnce).await,
        Granted(AtMostOnce)
    );
    witness.publish_qos_0("a", b"3").await;
    assert_eq!(receiver.text().await, "3");
}

#[tokio::test]
async fn a_certificate_that_is_not_active_any_more_loses_its_connections() {
    let lab = Lab::start().await;
    let witness = lab.device(EVERYTHING).await;
    let mut witness = lab.dial(&witness).connect("witness").await;
    for status in [Inactive, Revoked] {
        let device = lab.device(EVERYTHING).await;
        let (mut publisher, mut subscriber, mut receiver) = connected(&lab, &device).await;
        lab.set_status(&device, status).await;
        lab.advance(SECOND);
        assert!(!publisher.publish("a", b"forged").await);
        subscriber.send(&subscription("after")).await;
        subscriber.ends().await;
        assert!(witness.publish("a", b"secret").await);
        receiver.ends().await;
        lab.until_connected(1).await;
    }
    let device = lab.device(EVERYTHING).await;
    lab.set_status(&device, Inactive).await;
    lab.set_status(&device, Active).await;
    let (mut publisher, _, _) = connected(&lab, &device).await;
    assert!(publisher.publish("a", b"").await, "it is active");
}

#[tokio::test]
async fn a_certificate_that_was_deleted_is_not_the_one_that_has_its_name_now() {
    let lab = Lab::start().await;
    let key = rcgen::KeyPair::generate().unwrap();
    let pem = super::lab::params("device").self_signed(&key).unwrap().pem();
    let device = lab.register_pem(&lab.realm, &pem, &key, Active).await;
    lab.attach(&device, EVERYTHING).await;
    let mut wire = lab.dial(&device).connect("pump").await;
    assert!(wire.publish("a", b"").await);
    lab.set_status(&device, Inactive).await;
    let id = &device.certificate.id;
    certificates::delete_certificate(&lab.server.deeds, &lab.realm, id, true)
        .await
        .unwrap();
    let again = lab.register_pem(&lab.realm, &pem, &key, Active).await;
    lab.attach(&again, EVERYTHING).await;
    lab.advance(SECOND);
    assert!(!wire.publish("a", b"").await);
    assert!(lab.dial(&again).try_connect("pump").await.is_some());
}

#[tokio::test]
async fn a_thing_that_changes_is_another_thing() {
    let lab = Lab::start().await;
    lab.thing("pump", &[]).await;
    let attached = json!({"Bool": {"iot:Connection.Thing.IsAttached": ["true"]}});
    let device = lab
        .device(&policy(&[
            ("Allow", "Connect", "client/*", Value::Null),
            ("Allow", "Publish", "topic/*", attached),
        ]))
        .await;
    let mut wire = lab.dial(&device).connect("pump").await;
    lab.attach_to_thing(&device, "pump").await;
    lab.advance(SECOND);
    assert!(wire.publish("a", b"").await);
    let (deeds, thing) = (&lab.server.deeds, "pump".parse().unwrap());
    thingsmith_core::things::detach_thing_principal(deeds, &lab.realm, &thing, &device.arn)
        .await
        .unwrap();
    lab.advance(SECOND);
    assert!(!wire.publish("a", b"").await);
}
