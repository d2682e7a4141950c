//! Ports 8443 and 443: HTTPS publish with a client certificate, and MQTT by ALPN.

use bytes::BytesMut;
use serde_json::{Value, json};
use thingsmith_model::CertificateStatus::Inactive;
use thingsmith_mqtt::Grant::Granted;
use thingsmith_mqtt::Qos::{AtLeastOnce, AtMostOnce};
use tokio::io::AsyncReadExt;

use super::lab::{Device, EVERYTHING, Lab, PATIENCE, allow, policy};
use super::wire::{Dial, Wire};

/// A connection for HTTP.
pub(super) struct Http(Wire);

impl Http {
    pub(super) async fn connect(dial: Dial<'_>) -> Self {
        Self(dial.tls().await.unwrap())
    }

    /// Sends a request; the status, the exception, the body.
    async fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[&str],
        body: &[u8],
    ) -> (u16, String, Value) {
        let mut head = format!(
            "{method} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n",
            body.len()
        );
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        self.0.bytes(head.as_bytes()).await;
        self.0.bytes(body).await;
        let mut answer = BytesMut::new();
        loop {
            if let Some(at) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8(answer[..at].to_vec()).unwrap().to_lowercase();
                let header = |name: &str| {
                    let line = head
                        .lines()
                        .find_map(|line| line.strip_prefix(&format!("{name}: ")));
                    line.unwrap_or_default().to_owned()
                };
                let length: usize = header("content-length").parse().unwrap();
                if answer.len() >= at + 4 + length {
                    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
                    let body = serde_json::from_slice(&answer[at + 4..at + 4 + length]).unwrap();
                    return (status, header("x-amzn-errortype"), body);
                }
            }
            let read = tokio::time::timeout(PATIENCE, self.0.stream.read_buf(&mut answer)).await;
            assert_ne!(
                read.unwrap().unwrap(),
                0,
                "the server closed instead of answering"
            );
        }
    }

    pub(super) async fn publish(&mut self, target: &str, body: &[u8]) -> (u16, String) {
        let (status, exception, _) = self.send("POST", target, &[], body).await;
        (status, exception)
    }
}

fn https<'a>(lab: &'a Lab, device: &'a Device) -> Dial<'a> {
    lab.dial(device).at(lab.https)
}

const OK: (u16, String) = (200, String::new());

fn refused(status: u16, exception: &str) -> (u16, String) {
    (status, exception.to_lowercase())
}

#[tokio::test]
async fn a_device_publishes_over_https_with_and_without_alpn() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut listener = lab.dial(&device).connect("listener").await;
    assert_eq!(listener.subscribe("#", AtLeastOnce).await, Granted(AtLeastOnce));
    for protocol in [None, Some("x-amzn-http-ca"), Some("http/1.1")] {
        let dial = https(&lab, &device);
        let dial = match protocol {
            Some(protocol) => dial.protocol(protocol),
            None => dial,
        };
        let mut http = Http::connect(dial).await;
        let (status, _, body) = http
            .send("POST", "/topics/plant/1/a%20b%2Fc?qos=1", &[], b"one")
            .await;
        assert_eq!((status, &body["message"]), (200, &json!("OK")), "{protocol:?}");
        assert_eq!(body["traceId"].as_str().unwrap().len(), 36);
        assert_eq!(
            listener.message().await,
            ("plant/1/a b/c".into(), b"one".to_vec(), AtLeastOnce)
        );
        // The connection goes on.
        assert_eq!(http.publish("/topics/plant", b"").await, OK);
        assert_eq!(listener.message().await, ("plant".into(), Vec::new(), AtMostOnce));
    }
}

#[tokio::test]
async fn policies_decide_without_a_client_id_and_a_thing() {
    let lab = Lab::start().await;
    lab.thing("pump", &[]).await;
    let device = lab
        .device(&policy(&[
            ("Allow", "Publish", "topic/open/*", Value::Null),
            ("Allow", "Publish", "topic/${iot:ClientId}/*", Value::Null),
            (
                "Allow",
                "Publish",
                "topic/${iot:Connection.Thing.ThingName}/*",
                Value::Null,
            ),
            ("Deny", "Publish", "topic/open/denied", Value::Null),
        ]))
        .await;
    lab.attach_to_thing(&device, "pump").await;
    let mut http = Http::connect(https(&lab, &device)).await;
    assert_eq!(http.publish("/topics/open/x", b"").await, OK);
    let forbidden = refused(403, "ForbiddenException");
    for topic in [
        "open",
        "open/denied",
        "pump/x",
        "/x",
        "other",
        "$aws/rules/x",
        "$aws/things/pump/shadow/update",
    ] {
        let target = format!("/topics/{}", topic.replace('$', "%24"));
        assert_eq!(http.publish(&target, b"").await, forbidden, "{topic}");
    }
    // What changes is felt by the next request of the same connection.
    lab.attach(&device, &allow(&[("Publish", "topic/other")])).await;
    assert_eq!(http.publish("/topics/other", b"").await, OK);
    lab.set_status(&device, Inactive).await;
    assert_eq!(http.publish("/topics/other", b"").await, forbidden);
    assert!(
        https(&lab, &device).tls().await.is_err() || {
            // In TLS 1.3 the client learns of the verdict with its first read.
            let mut wire = https(&lab, &device).tls().await.unwrap();
            wire.bytes(b"GET / HTTP/1.1\r\n\r\n").await;
            wire.rest().await.is_empty()
        }
    );
}

#[tokio::test]
async fn what_cannot_be_published_is_said() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut http = Http::connect(https(&lab, &device)).await;
    let invalid = refused(400, "InvalidRequestException");
    for target in [
        "/topics/a?qos=2",
        "/topics/a?qos=x",
        "/topics/",
        "/topics/a%2B",
        "/topics/a/%23",
        "/topics/a%ff",
        "/topics/1/2/3/4/5/6/7/8/9",
        "/topics/a?messageExpiry=soon",
        "/topics/a?messageExpiry=-1",
        "/topics/a?contentType=a%00b",
        "/topics/a?responseTopic=%23",
        "/topics/a?retain=maybe",
    ] {
        assert_eq!(http.publish(target, b"").await, invalid, "{target}");
    }
    for headers in [
        ["x-amz-mqtt5-user-properties: not base64"],
        ["x-amz-mqtt5-user-properties: e30="],
        // [{"a":"\u0000"}]
        ["x-amz-mqtt5-user-properties: W3siYSI6Ilx1MDAwMCJ9XQ=="],
        ["x-amz-mqtt5-correlation-data: *"],
        ["x-amz-mqtt5-payload-format-indicator: TEXT"],
    ] {
        let (status, exception, _) = http.send("POST", "/topics/a", &headers, b"").await;
        assert_eq!((status, exception), invalid, "{headers:?}");
    }
    let (status, exception, _) = http.send("GET", "/topics/a", &[], b"").await;
    assert_eq!((status, exception), refused(405, "MethodNotAllowedException"));
    assert_eq!(
        http.publish("/other", b"").await,
        refused(404, "ResourceNotFoundException")
    );
    assert_eq!(http.publish("/topics/a", &[b'x'; 128 * 1024]).await, OK);
    let too_large = http.publish("/topics/a", &vec![b'x'; 128 * 1024 + 1]).await;
    assert_eq!(too_large, refused(413, "RequestEntityTooLargeException"));
}

#[tokio::test]
async fn without_a_certificate_there_is_an_answer_and_no_message() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut listener = lab.dial(&device).connect("listener").await;
    listener.subscribe("#", AtMostOnce).await;
    let nobody = || Dial::new(&lab, None).at(lab.https);
    let mut http = Http::connect(nobody()).await;
    assert_eq!(
        http.publish("/topics/a", b"").await,
        refused(403, "ForbiddenException")
    );
    // MQTT without a certificate ends, whether ALPN or the first byte says that it is MQTT.
    for dial in [nobody(), nobody().protocol("x-amzn-mqtt-ca")] {
        assert!(dial.try_connect("nobody").await.is_none());
    }
    assert!(listener.is_alive().await, "nothing came before the answer");
    let seen = lab.server.deeds.decisions().about("127.0.0.1");
    assert!(
        seen.iter()
            .any(|it| it.reason == "MQTT needs a client certificate here")
    );
}

#[tokio::test]
async fn mqtt_is_found_by_alpn_or_by_its_first_byte_and_what_is_not_spoken_is_refused() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    for (client_id, dial) in [
        ("alpn", https(&lab, &device).protocol("x-amzn-mqtt-ca")),
        ("first-byte", https(&lab, &device)),
    ] {
        let mut wire = dial.connect(client_id).await;
        assert!(wire.publish("a", b"").await);
        lab.set_status(&device, Inactive).await;
        wire.ends().await;
        lab.set_status(&device, thingsmith_model::CertificateStatus::Active)
            .await;
    }
    for protocol in ["mqtt", "h2", "x-amzn-other"] {
        let refused = https(&lab, &device).protocol(protocol).tls().await;
        let said = refused.err().expect("TLS refuses it").to_string();
        assert!(said.contains("NoApplicationProtocol"), "{protocol}: {said}");
    }
    // HTTP on a connection that said MQTT is no MQTT.
    let mut wire = https(&lab, &device)
        .protocol("x-amzn-mqtt-ca")
        .tls()
        .await
        .unwrap();
    wire.bytes(b"POST /topics/a HTTP/1.1\r\n\r\n").await;
    wire.ends().await;
    // On 8883 there is no HTTP.
    let mut wire = lab.dial(&device).tls().await.unwrap();
    wire.bytes(b"POST /topics/a HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(wire.rest().await.is_empty());
    let silent = https(&lab, &device).tls().await.unwrap();
    lab.stop().await;
    drop(silent);
}

#[tokio::test]
async fn properties_of_mqtt_5_come_from_the_query_and_the_headers() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let router = lab.server.deeds.router();
    let (subscriber, mut queue) = router.subscriber(thingsmith_gateway::Config::default().delivery_queue);
    let filter = thingsmith_mqtt::TopicFilter::parse("a", &thingsmith_mqtt::TopicLimits::default()).unwrap();
    router.subscribe(
        lab.realm.realm,
        &subscriber,
        &filter,
        AtMostOnce,
        Default::default(),
    );
    let mut http = Http::connect(https(&lab, &device)).await;
    let headers = [
        "x-amz-mqtt5-user-properties: W3siayI6InYifV0=",
        "x-amz-mqtt5-correlation-data: AAE=",
        "x-amz-mqtt5-payload-format-indicator: UTF8_DATA",
    ];
    let target = "/topics/a?contentType=text%2Fplain&responseTopic=b%2Fc&messageExpiry=0";
    assert_eq!(http.send("POST", target, &headers, b"x").await.0, 200);
    queue.ready().await;
    let message = queue.try_next().unwrap().message;
    let properties = message.properties.unwrap();
    assert!(properties.payload_is_utf8);
    assert_eq!(properties.message_expiry_seconds, Some(1));
    assert_eq!(properties.content_type.as_deref(), Some("text/plain"));
    assert_eq!(properties.response_topic.as_ref().unwrap().as_str(), "b/c");
    assert_eq!(properties.correlation_data.as_deref(), Some(&[0_u8, 1][..]));
    assert_eq!(properties.user_properties, [("k".to_owned(), "v".to_owned())]);
}

#[tokio::test]
async fn http_1_0_is_spoken_too() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut listener = lab.dial(&device).connect("listener").await;
    listener.subscribe("#", AtMostOnce).await;
    let mut wire = https(&lab, &device).tls().await.unwrap();
    wire.bytes(b"POST /topics/a HTTP/1.0\r\nContent-Length: 3\r\n\r\none")
        .await;
    let answer = String::from_utf8(wire.rest().await).unwrap();
    assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    assert_eq!(
        listener.message().await,
        ("a".into(), b"one".to_vec(), AtMostOnce)
    );
}
