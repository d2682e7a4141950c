//! MQTT in a WebSocket, and HTTPS publish, for those who sign with an access key.

use std::time::Duration;

use bytes::BytesMut;
use serde_json::json;
use thingsmith_core::identity_policies::{Holder, put_inline};
use thingsmith_core::{user_keys, users};
use thingsmith_mqtt::Grant::Granted;
use thingsmith_mqtt::Qos::AtMostOnce;
use thingsmith_mqtt::{Codec, Connect, Limits, Packet, Version};
use thingsmith_ports::Clock;
use thingsmith_sigv4::{PayloadHash, Request, Signer, presign, sign};
use thingsmith_testkit::{ACCOUNT, Engine, REGION, TestServer};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use super::lab::{EVERYTHING, Lab, PATIENCE, allow, config, endpoint};
use super::wire::{Dial, Wire, connect, id, publish, subscription};

const OTHER: &str = "210987654321";

/// A lab with a user of the configuration and one of another account; each may do what `policy` says.
pub(super) async fn lab(engine: Engine, policy: &str) -> Lab {
    let server = TestServer::builder()
        .engine(engine)
        .key("AKUSER", ACCOUNT, &[policy])
        .key("AKOTHER", OTHER, &[policy]);
    Lab::of(server.start().await, config()).await
}

pub(super) fn signer(lab: &Lab, key: &str) -> Signer {
    let mut signer = lab.server.client(key).signer;
    signer.service = "iotdevicegateway".into();
    signer
}

/// The target of a WebSocket's request, signed as the device SDKs do.
pub(super) fn url(lab: &Lab, signer: &Signer, expires_seconds: Option<u32>) -> String {
    let request = Request {
        method: "GET",
        target: b"/mqtt",
        headers: &[("host", b"localhost")],
    };
    let now = lab.server.clock.now();
    presign(signer, &request, PayloadHash::of(b""), now, expires_seconds).unwrap()
}

/// Where somebody without a certificate comes in.
pub(super) fn nobody(lab: &Lab) -> Dial<'_> {
    Dial::new(lab, None).at(lab.https)
}

/// Asks for a WebSocket; the status of the answer.
pub(super) async fn ask(wire: &mut Wire, target: &str, more: &str) -> u16 {
    let head = format!(
        "GET {target} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    );
    wire.bytes(head.as_bytes()).await;
    status(wire).await
}

async fn status(wire: &mut Wire) -> u16 {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = timeout(PATIENCE, wire.stream.read_u8()).await.unwrap();
        head.push(byte.expect("the server answers"));
    }
    let head = String::from_utf8(head).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    if status == 101 {
        let head = head.to_lowercase();
        assert!(head.contains("sec-websocket-protocol: mqtt"), "{head}");
        assert!(
            head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="),
            "{head}"
        );
    }
    status
}

pub(super) const MQTT: &str = "Sec-WebSocket-Protocol: mqtt\r\n";

/// A WebSocket that is open.
pub(super) struct Socket {
    wire: Wire,
    codec: Codec,
    input: BytesMut,
}

impl Socket {
    pub(super) async fn open(dial: Dial<'_>, target: &str) -> Self {
        let mut wire = dial.tls().await.unwrap();
        assert_eq!(ask(&mut wire, target, MQTT).await, 101);
        Self {
            wire,
            codec: Codec::speaking(Version::V3_1_1),
            input: BytesMut::new(),
        }
    }

    async fn frame(&mut self, first: u8, masked: bool, payload: &[u8]) {
        let mut bytes = vec![first];
        let mask = if masked { 0x80 } else { 0 };
        match u8::try_from(payload.len()) {
            Ok(length @ ..126) => bytes.push(mask | length),
            _ => {
                bytes.push(mask | 126);
                bytes.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
            }
        }
        let key = if masked { [1_u8, 2, 3, 4] } else { [0; 4] };
        if masked {
            bytes.extend(key);
        }
        bytes.extend(
            payload
                .iter()
                .zip(key.iter().cycle())
                .map(|(byte, key)| byte ^ key),
        );
        self.wire.bytes(&bytes).await;
    }

    pub(super) async fn send(&mut self, packet: &Packet) {
        let mut bytes = BytesMut::new();
        self.codec.write(packet, &mut bytes).unwrap();
        self.frame(0x82, true, &bytes).await;
    }

    /// The next frame: its first byte and its payload; none when the server has closed.
    async fn next_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let reading = async {
            let first = self.wire.stream.read_u8().await.ok()?;
            let length = match self.wire.stream.read_u8().await.ok()? {
                126 => self.wire.stream.read_u16().await.ok()?.into(),
                127 => self.wire.stream.read_u64().await.ok()?,
                short => u64::from(short),
            };
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            self.wire.stream.read_exact(&mut payload).await.ok()?;
            Some((first, payload))
        };
        timeout(PATIENCE, reading)
            .await
            .expect("the server sends or closes")
    }

    /// The next packet; none when the server closes.
    pub(super) async fn next(&mut self) -> Option<Packet> {
        loop {
            if let Some(packet) = self.codec.read(&mut self.input, &Limits::default()).unwrap() {
                return Some(packet);
            }
            match self.next_frame().await? {
                (0x82, payload) => self.input.extend_from_slice(&payload),
                (0x88, _) => return None,
                other => panic!("{other:?} is no MQTT"),
            }
        }
    }

    /// Connects; false when the server closes.
    pub(super) async fn introduce(&mut self, connect: Connect) -> bool {
        self.send(&Packet::Connect(Box::new(connect))).await;
        matches!(self.next().await, Some(Packet::ConnAck(_)))
    }

    pub(super) async fn subscribe(&mut self, filter: &str) -> bool {
        self.send(&subscription(filter)).await;
        match self.next().await {
            Some(Packet::SubAck(answer)) => answer.grants == [Granted(AtMostOnce)],
            other => panic!("{other:?} is no answer to SUBSCRIBE"),
        }
    }

    /// Publishes with QoS 1; false when the server closes.
    pub(super) async fn publish(&mut self, topic: &str) -> bool {
        let qos = thingsmith_mqtt::PublishQos::AtLeastOnce(id(9));
        self.send(&publish(topic, b"x", qos)).await;
        matches!(self.next().await, Some(Packet::PubAck(_)))
    }

    pub(super) async fn message(&mut self) -> String {
        match self.next().await {
            Some(Packet::Publish(publish)) => publish.message.topic.to_string(),
            other => panic!("{other:?} is no message"),
        }
    }

    /// Asserts that the server closes with this code.
    async fn is_closed_with(&mut self, code: u16) {
        assert_eq!(self.next_frame().await, Some((0x88, code.to_be_bytes().to_vec())));
        assert_eq!(self.next_frame().await, None);
    }
}

#[tokio::test]
async fn who_signs_speaks_mqtt_as_iam_policies_allow() {
    for engine in Engine::available() {
        let policy = allow(&[
            ("Connect", "client/web-*"),
            ("Subscribe", "topicfilter/plant/*"),
            ("Receive", "topic/plant/in"),
            ("Publish", "topic/plant/in"),
            ("Publish", "topic/plant/other"),
            ("Publish", "topic/${iot:ClientId}/x"),
            ("Publish", "topic/${iot:Certificate.Subject.CommonName}/y"),
        ]);
        let lab = lab(engine, &policy).await;
        let target = url(&lab, &signer(&lab, "AKUSER"), None);
        for dial in [
            nobody(&lab),
            nobody(&lab).protocol("http/1.1"),
            nobody(&lab).at(lab.browsers),
        ] {
            let mut socket = Socket::open(dial, &target).await;
            assert!(socket.introduce(connect("web-1")).await);
            assert!(socket.subscribe("plant/#").await);
            assert!(!socket.subscribe("other/#").await);
            assert!(socket.publish("web-1/x").await);
            socket
                .send(&publish(
                    "plant/other",
                    b"",
                    thingsmith_mqtt::PublishQos::AtMostOnce,
                ))
                .await;
            socket
                .send(&publish("plant/in", b"", thingsmith_mqtt::PublishQos::AtMostOnce))
                .await;
            assert_eq!(socket.message().await, "plant/in", "it may not receive the other");
            socket.frame(0x89, true, b"still there?").await;
            assert_eq!(socket.next_frame().await, Some((0x8a, b"still there?".to_vec())));
            assert!(!socket.publish("web-2/x").await);
        }
        let mut socket = Socket::open(nobody(&lab), &target).await;
        assert!(!socket.introduce(connect("app-1")).await);
        let seen = lab.server.deeds.decisions().about("AKUSER");
        assert!(seen.iter().any(|it| it.client_id.as_deref() == Some("app-1")));
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_signature_that_is_not_good_opens_nothing() {
    let lab = lab(Engine::Sqlite, EVERYTHING).await;
    let user = signer(&lab, "AKUSER");
    let good = url(&lab, &user, None);
    let with = |change: &dyn Fn(&mut Signer)| {
        let mut other = user.clone();
        change(&mut other);
        url(&lab, &other, None)
    };
    let region = with(&|signer| signer.region = "eu-central-1".into());
    let service = with(&|signer| signer.service = "lambda".into());
    let key = with(&|signer| signer.access_key_id = "AKNOBODY".into());
    let account = with(&|signer| signer.access_key_id = "AKOTHER".into());
    let secret = with(&|signer| signer.secret_access_key = thingsmith_model::Secret::new("wrong".into()));
    let token = with(&|signer| signer.session_token = Some("token".into()));
    for target in [
        &region,
        &service,
        &key,
        &account,
        &secret,
        &token,
        "/mqtt",
        "/mqtt?X-Amz-Signature=00",
    ] {
        let mut wire = nobody(&lab).tls().await.unwrap();
        let status = ask(&mut wire, target, MQTT).await;
        assert!([400, 403].contains(&status), "{target}: {status}");
    }
    for (more, expected) in [
        ("", 400),
        ("Sec-WebSocket-Protocol: wamp\r\n", 400),
        ("Sec-WebSocket-Protocol: mqttv3.1, mqtt\r\n", 101),
    ] {
        let mut wire = nobody(&lab).tls().await.unwrap();
        assert_eq!(ask(&mut wire, &good, more).await, expected, "{more}");
    }
    // Another account's endpoint is no place for this key; without a name the key itself says where.
    let other = lab.realm_of(OTHER, REGION).await;
    let mut wire = nobody(&lab).server_name(&endpoint(&other)).tls().await.unwrap();
    assert_eq!(ask(&mut wire, &good, MQTT).await, 403);
    let mut wire = nobody(&lab).server_name(&endpoint(&other)).tls().await.unwrap();
    assert_eq!(ask(&mut wire, &account, MQTT).await, 101);
    let mut wire = nobody(&lab).no_server_name().tls().await.unwrap();
    assert_eq!(ask(&mut wire, &account, MQTT).await, 101);
    let short = url(&lab, &user, Some(60));
    lab.advance(Duration::from_secs(61));
    let mut wire = nobody(&lab).tls().await.unwrap();
    assert_eq!(ask(&mut wire, &short, MQTT).await, 403);
    lab.stop().await;
}

#[tokio::test]
async fn frames_that_must_not_be_end_the_connection_with_their_code() {
    let lab = lab(Engine::Sqlite, EVERYTHING).await;
    let target = url(&lab, &signer(&lab, "AKUSER"), None);
    for (first, masked, code) in [
        (0x81, true, 1003),
        (0x82, false, 1002),
        (0xc2, true, 1002),
        (0x80, true, 1002),
    ] {
        let mut socket = Socket::open(nobody(&lab), &target).await;
        assert!(socket.introduce(connect("web")).await);
        socket.frame(first, masked, b"x").await;
        socket.is_closed_with(code).await;
    }
    let mut socket = Socket::open(nobody(&lab), &target).await;
    assert!(socket.introduce(connect("web")).await);
    socket
        .wire
        .bytes(&[0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 1, 0, 0, 0, 0])
        .await;
    socket.is_closed_with(1009).await;
    let mut socket = Socket::open(nobody(&lab), &target).await;
    assert!(socket.introduce(connect("web")).await);
    socket.frame(0x88, true, &1001_u16.to_be_bytes()).await;
    socket.is_closed_with(1001).await;
    lab.stop().await;
}

#[tokio::test]
async fn what_changes_for_a_user_ends_its_connections() {
    for engine in Engine::available() {
        let lab = lab(engine, EVERYTHING).await;
        let deeds = &lab.server.deeds;
        let iam = lab.realm_of(ACCOUNT, "aws-global").await;
        let user = Holder::User("ann");
        for change in ["policy", "key", "life"] {
            if change == "policy" {
                users::create_user(deeds, &iam, "ann", "/").await.unwrap();
            }
            put_inline(deeds, &iam, user, "p", EVERYTHING).await.unwrap();
            let made = user_keys::create_access_key(deeds, &iam, "ann").await.unwrap();
            let key = made.key;
            let mut ann = signer(&lab, "AKUSER");
            ann.access_key_id.clone_from(&key.access_key_id);
            ann.secret_access_key = made.secret;
            let mut socket = Socket::open(nobody(&lab), &url(&lab, &ann, None)).await;
            assert!(socket.introduce(connect("ann")).await);
            match change {
                "policy" => {
                    let nothing = allow(&[("Connect", "client/bob")]);
                    put_inline(deeds, &iam, user, "p", &nothing).await.unwrap();
                }
                "key" => user_keys::delete_access_key(deeds, &iam, "ann", &key.access_key_id)
                    .await
                    .unwrap(),
                _ => lab.advance(Duration::from_secs(24 * 3600)),
            }
            assert_eq!(socket.next().await, None, "{change}");
        }
        lab.stop().await;
    }
}

#[tokio::test]
async fn who_signs_publishes_over_https() {
    let lab = lab(Engine::Sqlite, &allow(&[("Publish", "topic/plant/1")])).await;
    let listener = lab.device(EVERYTHING).await;
    let mut listener = lab.dial(&listener).connect("listener").await;
    listener.subscribe("#", AtMostOnce).await;
    let user = signer(&lab, "AKUSER");
    let post = async |signer: &Signer, topic: &str, signed: &[u8], sent: &[u8]| {
        let target = format!("/topics/{topic}?qos=1");
        let request = Request {
            method: "POST",
            target: target.as_bytes(),
            headers: &[("host", b"localhost")],
        };
        let added = sign(signer, &request, PayloadHash::of(signed), lab.server.clock.now()).unwrap();
        let mut head = format!(
            "POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n",
            sent.len()
        );
        for (name, value) in added {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut wire = nobody(&lab).tls().await.unwrap();
        wire.bytes(&[head.as_bytes(), sent].concat()).await;
        status(&mut wire).await
    };
    assert_eq!(post(&user, "plant/1", b"one", b"one").await, 200);
    assert_eq!(listener.message().await.0, "plant/1");
    assert_eq!(post(&user, "plant/2", b"one", b"one").await, 403);
    assert_eq!(post(&user, "plant/1", b"one", b"two").await, 403, "another body");
    let mut data = user.clone();
    data.service = "iotdata".into();
    assert_eq!(post(&data, "plant/1", b"", b"").await, 200);
    assert_eq!(listener.message().await.0, "plant/1");
    let other = signer(&lab, "AKOTHER");
    assert_eq!(post(&other, "plant/1", b"", b"").await, 403);
    let seen = lab.server.deeds.decisions().about("AKUSER");
    let last = serde_json::to_value(seen.last().unwrap().as_ref()).unwrap();
    assert_eq!(last["accessKeyId"], json!("AKUSER"));
    lab.stop().await;
}
