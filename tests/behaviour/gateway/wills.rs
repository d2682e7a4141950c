//! Last wills.

use std::time::Duration;

use thingsmith_core::decisions::Stage;
use thingsmith_mqtt::Qos::{AtLeastOnce, AtMostOnce};
use thingsmith_mqtt::{Connect, Disconnect, Packet, ReasonCode, Will};

use super::lab::{EVERYTHING, Lab, allow};
use super::wire::{Wire, connect, connect_5, message};

fn with_will(connect: Connect, topic: &str, retain: bool, delay_seconds: u32) -> Connect {
    let mut message = message(topic, b"gone");
    message.retain = retain;
    Connect {
        will: Some(Will {
            message,
            qos: AtLeastOnce,
            delay_seconds,
        }),
        ..connect
    }
}

async fn witness(lab: &Lab) -> Wire {
    let device = lab.device(EVERYTHING).await;
    let mut witness = lab.dial(&device).connect("witness").await;
    witness.subscribe("wills/#", AtLeastOnce).await;
    witness
}

/// Asserts that nothing has come before an ordinary message.
async fn nothing_came(witness: &mut Wire) {
    witness.publish_qos_0("wills/none", b"none").await;
    assert_eq!(witness.text().await, "none");
}

#[tokio::test]
async fn a_will_is_published_unless_its_client_says_goodbye() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut witness = witness(&lab).await;
    let pump = || with_will(connect("pump"), "wills/pump", false, 0);

    let lost = lab.dial(&device).open(pump()).await.unwrap().0;
    drop(lost);
    assert_eq!(
        witness.message().await,
        ("wills/pump".to_owned(), b"gone".to_vec(), AtLeastOnce)
    );

    let mut polite = lab.dial(&device).open(pump()).await.unwrap().0;
    polite.send(&Packet::Disconnect(Disconnect::default())).await;
    polite.ends().await;
    nothing_came(&mut witness).await;

    let mut wrong = lab.dial(&device).open(pump()).await.unwrap().0;
    wrong.bytes(b"\0\0\0\0").await;
    wrong.ends().await;
    assert_eq!(witness.text().await, "gone");

    let mut older = lab.dial(&device).open(pump()).await.unwrap().0;
    let newer = lab.dial(&device).connect("pump").await;
    older.ends().await;
    assert_eq!(witness.text().await, "gone");
    drop(newer);
    nothing_came(&mut witness).await;
}

#[tokio::test]
async fn a_will_needs_leave_when_it_is_made_and_when_it_is_published() {
    let lab = Lab::start().await;
    let mut witness = witness(&lab).await;
    let connecting = ("Connect", "client/*");
    let publishing = ("Publish", "topic/wills/*");
    let retaining = ("RetainPublish", "topic/wills/kept");
    for (allowed, topic, retain, expected) in [
        (&[connecting][..], "wills/pump", false, false),
        (&[connecting, publishing], "wills/pump", false, true),
        (&[connecting, publishing], "other/pump", false, false),
        (&[connecting, publishing], "wills/kept", true, false),
        (&[connecting, publishing, retaining], "wills/kept", true, true),
        (&[connecting, publishing, retaining], "wills/pump", true, false),
        (&[connecting, ("Publish", "topic/*")], "$aws/wills", false, false),
    ] {
        let device = lab.device(&allow(allowed)).await;
        let connect = with_will(connect("pump"), topic, retain, 0);
        let connected = lab.dial(&device).try_connect_as(connect).await;
        assert_eq!(connected.is_some(), expected, "{topic} {retain} {allowed:?}");
        drop(connected);
        if expected {
            assert_eq!(witness.text().await, "gone");
        }
    }
    // What was retained is.
    let device = lab.device(EVERYTHING).await;
    let mut late = lab.dial(&device).connect("late").await;
    late.subscribe("wills/kept", AtMostOnce).await;
    assert!(late.delivery().await.message.retain);

    // Leave that is gone when the connection ends is no leave.
    let device = lab.stranger("device").await;
    lab.attach(&device, &allow(&[connecting])).await;
    let policy = lab.attach(&device, &allow(&[publishing])).await;
    let pump = lab
        .dial(&device)
        .open(with_will(connect("pump"), "wills/pump", false, 0))
        .await
        .unwrap()
        .0;
    lab.detach(&device, &policy).await;
    lab.advance(Duration::from_secs(2));
    drop(pump);
    lab.until_connected(2).await;
    nothing_came(&mut witness).await;
    let refused = lab.server.deeds.decisions().about("pump");
    let last = refused.last().expect("it is written down");
    assert_eq!(
        (last.stage, last.action.as_deref()),
        (Stage::Will, Some("iot:Publish"))
    );
}

#[tokio::test]
async fn a_will_of_mqtt_5_waits_for_its_delay_and_its_client() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut witness = witness(&lab).await;
    let pump = |clean_session: bool, session: u32| {
        let mut connect = with_will(connect_5("pump"), "wills/pump", false, 60);
        connect.clean_session = clean_session;
        connect.properties.session_expiry_seconds = session;
        connect
    };
    // Not longer than its session lives.
    drop(lab.dial(&device).open(pump(true, 0)).await.unwrap());
    assert_eq!(witness.text().await, "gone");

    drop(lab.dial(&device).open(pump(true, 600)).await.unwrap());
    lab.until_connected(1).await;
    lab.advance(Duration::from_secs(59));
    nothing_came(&mut witness).await;
    lab.advance(Duration::from_secs(1));
    assert_eq!(witness.text().await, "gone");

    // Who comes back in time has not gone.
    drop(lab.dial(&device).open(pump(false, 600)).await.unwrap());
    lab.until_connected(1).await;
    let (mut back, present) = lab.dial(&device).open(pump(false, 600)).await.unwrap();
    assert!(present);
    lab.advance(Duration::from_secs(61));
    nothing_came(&mut witness).await;
    // But for one who asks for it.
    back.send(&Packet::Disconnect(Disconnect::new(
        ReasonCode::DisconnectWithWill,
    )))
    .await;
    back.ends().await;
    lab.until_connected(1).await;
    nothing_came(&mut witness).await;
    // And who begins anew ends the session that the will waited for.
    let anew = lab.dial(&device).open(pump(true, 600)).await.unwrap();
    assert_eq!(witness.text().await, "gone");
    drop(anew);
}

#[tokio::test]
async fn a_will_on_a_topic_of_the_server_is_refused_with_its_code() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    for (topic, code) in [
        ("$aws/wills", ReasonCode::TopicNameInvalid),
        ("wills/pump", ReasonCode::Success),
    ] {
        let mut wire = lab.dial(&device).tls().await.unwrap();
        wire.introduce(with_will(connect_5("pump"), topic, false, 0))
            .await;
        match wire.next().await {
            Some(Packet::ConnAck(answer)) => assert_eq!(answer.code, code, "{topic}"),
            other => panic!("{other:?} is no answer to CONNECT"),
        }
    }
}
