//! Messages to one client that need no subscription: `iot-data` SendDirectMessage.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thingsmith_core::decisions::Stage;
use thingsmith_gateway::Config;
use thingsmith_mqtt::Qos::{AtLeastOnce, AtMostOnce};
use thingsmith_mqtt::{Packet, PublishQos};
use thingsmith_testkit::{Client, Engine, Reply};

use super::connections::refused;
use super::lab::{EVERYTHING, Lab, allow};
use super::wire::{connect, connect_5, persistent};

async fn send(client: &Client, query: &str, payload: &[u8]) -> Reply {
    let target = format!("/connections/pump/messages?{query}");
    client.send("POST", &target, &[], payload).await
}

fn sent(reply: &Reply) {
    assert_eq!(reply.status, 200, "{reply}");
    assert_eq!(reply.text("message"), "OK");
    assert_eq!(reply.text("traceId").len(), 36);
}

#[tokio::test]
async fn it_reaches_its_client_alone_with_the_quality_that_was_asked_for() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let data = lab.server.administrator().service("iotdata");
        let device = lab.device(EVERYTHING).await;
        let mut witness = lab.dial(&device).connect("witness").await;
        witness.subscribe("#", AtLeastOnce).await;
        for connect in [connect("pump"), connect_5("pump"), persistent("pump")] {
            let (mut pump, _) = lab.dial(&device).open(connect).await.unwrap();
            for (query, qos) in [
                ("topic=a%2Fb", AtMostOnce),
                ("topic=a/b&confirmation=false&timeout=99", AtMostOnce),
                ("topic=a%2Fb&confirmation=true", AtLeastOnce),
                ("topic=a%2Fb&confirmation=true&timeout=15", AtLeastOnce),
            ] {
                let (reply, message) = tokio::join!(send(&data, query, b"\0\xff"), pump.message());
                sent(&reply);
                assert_eq!(message, ("a/b".to_owned(), b"\0\xff".to_vec(), qos), "{query}");
            }
            let (reply, message) = tokio::join!(send(&data, "topic=empty", b""), pump.message());
            sent(&reply);
            assert_eq!(message.1, b"");
            assert!(pump.is_alive().await, "each came once");
        }
        witness.publish_qos_0("own", b"own").await;
        assert_eq!(witness.text().await, "own", "nobody else heard of it");
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_client_of_mqtt_5_sees_its_properties() {
    let lab = Lab::start().await;
    let data = lab.server.administrator().service("iotdata");
    let device = lab.device(EVERYTHING).await;
    let (mut pump, _) = lab.dial(&device).open(connect_5("pump")).await.unwrap();
    let user = STANDARD.encode(r#"[{"deviceName":"alpha"},{"deviceName":"beta"}]"#);
    let headers = [
        ("x-amz-mqtt5-user-properties", user.as_str()),
        ("x-amz-mqtt5-payload-format-indicator", "UTF8_DATA"),
        ("x-amz-mqtt5-correlation-data", "AAE="),
    ];
    let target = "/connections/pump/messages?topic=a&contentType=text%2Fplain&responseTopic=re%2Fply";
    let (reply, came) = tokio::join!(data.send("POST", target, &headers, b"x"), pump.delivery());
    sent(&reply);
    assert_eq!(came.qos, PublishQos::AtMostOnce);
    let properties = came.message.properties.unwrap();
    assert!(properties.payload_is_utf8);
    assert_eq!(properties.content_type.as_deref(), Some("text/plain"));
    assert_eq!(properties.response_topic.as_ref().unwrap().as_str(), "re/ply");
    assert_eq!(properties.correlation_data.as_deref(), Some(&b"\0\x01"[..]));
    let pairs = [("deviceName", "alpha"), ("deviceName", "beta")];
    assert_eq!(
        properties.user_properties,
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    lab.stop().await;
}

#[tokio::test]
async fn one_that_is_not_confirmed_in_time_says_so() {
    let lab = Lab::start().await;
    let data = lab.server.administrator().service("iotdata");
    let device = lab.device(EVERYTHING).await;
    let (mut pump, _) = lab.dial(&device).open(connect("pump")).await.unwrap();
    let query = "topic=a&confirmation=true&timeout=1";
    let (reply, came) = tokio::join!(send(&data, query, b"silence"), pump.delivery());
    refused(&reply, 504, "GatewayTimeoutException");
    assert!(matches!(came.qos, PublishQos::AtLeastOnce(_)));
    // Nor is one whose client leaves instead.
    let leaving = async {
        pump.delivery().await;
        drop(pump);
    };
    let query = "topic=a&confirmation=true&timeout=15";
    let (reply, ()) = tokio::join!(send(&data, query, b"leaving"), leaving);
    refused(&reply, 504, "GatewayTimeoutException");
    lab.stop().await;
}

#[tokio::test]
async fn a_client_gets_what_its_policies_let_it_receive() {
    let lab = Lab::start().await;
    let data = lab.server.administrator().service("iotdata");
    let document = allow(&[("Connect", "client/*"), ("Receive", "topic/to/${iot:ClientId}")]);
    let device = lab.device(&document).await;
    let mut pump = lab.dial(&device).connect("pump").await;
    for query in ["topic=to/valve", "topic=to/valve&confirmation=true"] {
        refused(&send(&data, query, b"x").await, 403, "ForbiddenException");
    }
    let (reply, message) = tokio::join!(
        send(&data, "topic=to/pump&confirmation=true", b"x"),
        pump.message()
    );
    sent(&reply);
    assert_eq!(message.0, "to/pump", "and nothing came before it");
    let seen = lab.server.deeds.decisions().about("pump");
    assert!(seen.iter().any(|decision| decision.stage == Stage::Receive));
    lab.stop().await;
}

#[tokio::test]
async fn what_is_no_message_or_has_no_client_goes_nowhere() {
    let lab = Lab::start().await;
    let data = lab.server.administrator().service("iotdata");
    let device = lab.device(EVERYTHING).await;
    let not_found = |reply: &Reply| refused(reply, 404, "ResourceNotFoundException");
    for query in ["topic=a", "topic=a&confirmation=true"] {
        not_found(&send(&data, query, b"x").await);
    }
    // A session is no client: nothing is stored for it.
    let (pump, _) = lab.dial(&device).open(persistent("pump")).await.unwrap();
    drop(pump);
    lab.until_connected(0).await;
    not_found(&send(&data, "topic=a&confirmation=true", b"x").await);
    let (mut pump, present) = lab.dial(&device).open(persistent("pump")).await.unwrap();
    assert!(present);
    let long = format!("topic=a&contentType={}", "x".repeat(257));
    for query in [
        "",
        "topic=",
        "topic=a%2B",
        "topic=a%2F%23",
        "topic=%24aws%2Fthings%2Fpump%2Fshadow%2Fget%2Faccepted",
        "topic=%24x",
        "topic=1/2/3/4/5/6/7/8/9",
        "topic=a&responseTopic=%23",
        "topic=a&confirmation=true&timeout=0",
        "topic=a&confirmation=true&timeout=16",
        "topic=a&confirmation=true&timeout=-1",
        &long,
    ] {
        refused(&send(&data, query, b"x").await, 400, "InvalidRequestException");
    }
    for query in [
        "topic=a&confirmation=yes",
        "topic=a&confirmation=true&timeout=soon",
    ] {
        refused(&send(&data, query, b"x").await, 400, "SerializationException");
    }
    let largest = vec![b'x'; 128 * 1024 + 1];
    refused(
        &send(&data, "topic=a", &largest).await,
        413,
        "RequestEntityTooLargeException",
    );
    assert!(pump.is_alive().await, "nothing came");
    let (reply, message) = tokio::join!(send(&data, "topic=a", &largest[1..]), pump.message());
    sent(&reply);
    assert!(message.1 == largest[1..]);
    lab.stop().await;
}

#[tokio::test]
async fn a_client_that_takes_nothing_more_is_not_waited_for() {
    let mut config = Config {
        write_patience: Duration::from_secs(600),
        ..Config::default()
    };
    config.delivery_queue.messages = 1;
    let lab = Lab::with(config).await;
    let data = lab.server.administrator().service("iotdata");
    let device = lab.device(EVERYTHING).await;
    let _clients = super::slow::stuck(&lab, &device).await;
    let target = "/connections/stuck/messages?topic=b&confirmation=true&timeout=1";
    // What was published to it may have left room for one.
    let mut last = data.send("POST", target, &[], b"x").await;
    if last.status == 504 {
        last = data.send("POST", target, &[], b"x").await;
    }
    refused(&last, 429, "ThrottlingException");
    lab.stop().await;
}

#[tokio::test]
async fn one_in_many_is_confirmed_by_its_own_acknowledgement() {
    let lab = Lab::start().await;
    let data = lab.server.administrator().service("iotdata");
    let device = lab.device(EVERYTHING).await;
    let mut pump = lab.dial(&device).connect("pump").await;
    let patient = "topic=a&confirmation=true&timeout=15";
    let reading = async {
        let (first, second) = (pump.delivery().await, pump.delivery().await);
        let (PublishQos::AtLeastOnce(one), PublishQos::AtLeastOnce(other)) = (first.qos, second.qos) else {
            panic!("both are to be confirmed");
        };
        // The later one alone.
        let later = match &second.message.payload[..] {
            b"confirmed" => other,
            _ => one,
        };
        pump.send(&Packet::PubAck(thingsmith_mqtt::PubAck::success(later)))
            .await;
        pump
    };
    let never = "topic=a&confirmation=true&timeout=2";
    let (confirmed, unconfirmed, _pump) = tokio::join!(
        send(&data, patient, b"confirmed"),
        send(&data, never, b"unconfirmed"),
        reading
    );
    sent(&confirmed);
    refused(&unconfirmed, 504, "GatewayTimeoutException");
    lab.stop().await;
}
