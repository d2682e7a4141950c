//! Fleet provisioning by claim: a device with a certificate that it shares asks for one of its own and registers.

use std::time::Duration;

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};
use rcgen::KeyPair;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Map, Value, json};
use thingsmith_core::fleet_provisioning;
use thingsmith_gateway::Config;
use thingsmith_model::CertificateStatus;
use thingsmith_mqtt::Grant::Granted;
use thingsmith_mqtt::Qos::{self, AtLeastOnce, AtMostOnce};
use thingsmith_testkit::{ACCOUNT, Engine, REGION};

use super::factory::{described, registered};
use super::jitp::{done, prepare};
use super::lab::{Device, EVERYTHING, Lab, params};
use super::wire::{Wire, connect, connect_5, persistent};

/// How payloads are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Cbor,
}

impl Format {
    pub(super) const ALL: [Self; 2] = [Self::Json, Self::Cbor];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Cbor => "cbor",
        }
    }

    pub(super) fn write(self, value: &Value) -> Vec<u8> {
        match self {
            Self::Json => value.to_string().into_bytes(),
            Self::Cbor => {
                let mut bytes = Vec::new();
                encode(&mut Encoder::new(&mut bytes), value);
                bytes
            }
        }
    }

    pub(super) fn read(self, payload: &[u8]) -> Value {
        match self {
            Self::Json => serde_json::from_slice(payload).unwrap(),
            Self::Cbor => {
                let mut decoder = Decoder::new(payload);
                let value = decode(&mut decoder);
                assert_eq!(decoder.position(), payload.len());
                value
            }
        }
    }
}

fn encode(encoder: &mut Encoder<&mut Vec<u8>>, value: &Value) {
    match value {
        Value::String(text) => drop(encoder.str(text).unwrap()),
        Value::Number(number) => drop(encoder.u64(number.as_u64().unwrap()).unwrap()),
        Value::Null => drop(encoder.null().unwrap()),
        Value::Bool(value) => drop(encoder.bool(*value).unwrap()),
        Value::Array(values) => {
            encoder.array(values.len() as u64).unwrap();
            values.iter().for_each(|value| encode(encoder, value));
        }
        Value::Object(members) => {
            encoder.map(members.len() as u64).unwrap();
            for (name, value) in members {
                encoder.str(name).unwrap();
                encode(encoder, value);
            }
        }
    }
}

fn decode(decoder: &mut Decoder<'_>) -> Value {
    match decoder.datatype().unwrap() {
        Type::String => decoder.str().unwrap().into(),
        Type::Map => {
            let members = decoder.map().unwrap().unwrap();
            let mut map = Map::new();
            for _ in 0..members {
                let name = decoder.str().unwrap().to_owned();
                map.insert(name, decode(decoder));
            }
            map.into()
        }
        _ => decoder.u64().unwrap().into(),
    }
}

/// The policy of a claim, as AWS's guide has it.
pub(super) fn claim_policy() -> String {
    let arn = |rest: &str| format!("arn:aws:iot:{REGION}:{ACCOUNT}:{rest}");
    let topics = [
        "$aws/certificates/create/*",
        "$aws/certificates/create-from-csr/*",
        "$aws/provisioning-templates/*",
    ];
    let of = |kind: &str| -> Vec<String> {
        topics
            .iter()
            .map(|topic| arn(&format!("{kind}/{topic}")))
            .collect()
    };
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"},
        {"Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"], "Resource": of("topic")},
        {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": of("topicfilter")},
    ]})
    .to_string()
}

/// A template that names a thing after the device's serial number.
pub(super) fn template() -> Value {
    json!({
        "Parameters": {
            "SerialNumber": {"Type": "String"},
            "Site": {"Type": "String", "Default": "nowhere"},
            "AWS::IoT::Certificate::Id": {"Type": "String"},
        },
        "Mappings": {"Sites": {"north": {"Url": "https://north.example"}, "nowhere": {"Url": "https://example"}}},
        "Resources": {
            "thing": {
                "Type": "AWS::IoT::Thing",
                "Properties": {
                    "ThingName": {"Fn::Join": ["", ["pump-", {"Ref": "SerialNumber"}]]},
                    "AttributePayload": {"site": {"Ref": "Site"}},
                },
            },
            "certificate": {
                "Type": "AWS::IoT::Certificate",
                "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"},
            },
            "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "devices"}},
        },
        "DeviceConfiguration": {"url": {"Fn::FindInMap": ["Sites", {"Ref": "Site"}, "Url"]}},
    })
}

/// Makes an enabled template of fleet provisioning, with further members, and what it needs.
pub(super) async fn fleet(lab: &Lab, template: &Value, more: Value) {
    let role = prepare(lab).await;
    add_template(lab, "fleet", template, &role, more).await;
}

pub(super) async fn add_template(lab: &Lab, name: &str, template: &Value, role: &str, more: Value) {
    let mut input = json!({
        "templateName": name, "templateBody": template.to_string(), "enabled": true,
        "provisioningRoleArn": role,
    });
    input
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    done(&lab.server.administrator(), "CreateProvisioningTemplate", input).await;
}

pub(super) const CREATE: &str = "$aws/certificates/create";
pub(super) const FROM_CSR: &str = "$aws/certificates/create-from-csr";
pub(super) const REGISTER: &str = "$aws/provisioning-templates/fleet/provision";

/// Asks and waits for the answer: whether it was accepted, and what it says.
pub(super) async fn ask(wire: &mut Wire, topic: &str, format: Format, payload: &[u8]) -> (bool, Value, Qos) {
    let topic = format!("{topic}/{}", format.name());
    assert!(wire.publish(&topic, payload).await, "it may publish");
    let (on, payload, qos) = wire.message().await;
    let accepted = match on.strip_prefix(&topic).unwrap() {
        "/accepted" => true,
        "/rejected" => false,
        other => panic!("{other}"),
    };
    (accepted, format.read(&payload), qos)
}

/// What was accepted.
pub(super) async fn granted(wire: &mut Wire, topic: &str, format: Format, request: Value) -> Value {
    let (accepted, answer, _) = ask(wire, topic, format, &format.write(&request)).await;
    assert!(accepted, "{answer}");
    answer
}

/// The status and the code with which it was rejected, and the message.
pub(super) async fn rejected(
    wire: &mut Wire,
    topic: &str,
    format: Format,
    request: Value,
) -> (u64, String, String) {
    let (accepted, answer, _) = ask(wire, topic, format, &format.write(&request)).await;
    assert!(!accepted, "{answer}");
    assert_eq!(answer.as_object().unwrap().len(), 3);
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    (
        answer["statusCode"].as_u64().unwrap(),
        text("errorCode"),
        text("errorMessage"),
    )
}

pub(super) fn csr(key: &KeyPair) -> String {
    params("device").serialize_request(key).unwrap().pem().unwrap()
}

/// A certificate that a device was given.
pub(super) struct Given {
    pub(super) device: Device,
    pub(super) token: String,
}

/// A certificate for a CSR.
pub(super) async fn give(lab: &Lab, wire: &mut Wire) -> Given {
    let key = KeyPair::generate().unwrap();
    let answer = granted(
        wire,
        FROM_CSR,
        Format::Json,
        json!({"certificateSigningRequest": csr(&key)}),
    )
    .await;
    given(lab, &answer, &key.serialize_pem()).await
}

pub(super) async fn given(lab: &Lab, answer: &Value, key: &str) -> Given {
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    let id = text("certificateId").parse().unwrap();
    let store = lab.server.deeds.store();
    let found = thingsmith_core::certificates::rows::find(store, lab.realm.realm, &id).await;
    let certificate = found.unwrap().unwrap();
    assert_eq!(certificate.pem(), text("certificatePem"));
    assert_eq!(certificate.status, CertificateStatus::PendingActivation);
    Given {
        device: Device {
            chain: vec![CertificateDer::from(certificate.der.clone())],
            key: PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            arn: certificate.arn(&lab.realm),
            certificate,
        },
        token: text("certificateOwnershipToken"),
    }
}

/// A request to register with a token as the device of a serial number.
pub(super) fn registration(token: &str, serial: &str) -> Value {
    json!({"certificateOwnershipToken": token, "parameters": {"SerialNumber": serial}})
}

#[tokio::test]
async fn a_device_gets_its_own_certificate_by_a_claim_in_every_way() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let admin = lab.server.administrator();
        fleet(&lab, &template(), json!({})).await;
        let claim = lab.device(&claim_policy()).await;
        let mut serials = 0..;
        for format in Format::ALL {
            for hello in [connect("claim"), connect_5("claim")] {
                for with_keys in [true, false] {
                    for subscribed in [true, false] {
                        let case = format!("{format:?} {:?} {with_keys} {subscribed}", hello.version);
                        let mut wire = lab.dial(&claim).try_connect_as(hello.clone()).await.unwrap();
                        let name = format.name();
                        if subscribed {
                            for filter in [
                                format!("{CREATE}/{name}/accepted"),
                                format!("{FROM_CSR}/{name}/+"),
                                format!("{REGISTER}/{name}/accepted"),
                            ] {
                                let grant = wire.subscribe(&filter, AtLeastOnce).await;
                                assert_eq!(grant, Granted(AtLeastOnce));
                            }
                        }
                        let key = KeyPair::generate().unwrap();
                        let (topic, request) = match with_keys {
                            true => (CREATE, Vec::new()),
                            false => (
                                FROM_CSR,
                                format.write(&json!({"certificateSigningRequest": csr(&key)})),
                            ),
                        };
                        let (accepted, answer, qos) = ask(&mut wire, topic, format, &request).await;
                        assert!(accepted, "{case}: {answer}");
                        let members: Vec<&String> = answer.as_object().unwrap().keys().collect();
                        let key = match with_keys {
                            true => {
                                assert_eq!(members.len(), 4);
                                let key = answer["privateKey"].as_str().unwrap().to_owned();
                                assert!(key.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
                                key
                            }
                            false => {
                                assert_eq!(members.len(), 3);
                                key.serialize_pem()
                            }
                        };
                        assert_eq!(qos, if subscribed { AtLeastOnce } else { AtMostOnce }, "{case}");
                        let given = given(&lab, &answer, &key).await;
                        assert!(lab.dial(&given.device).try_connect("early").await.is_none());

                        let serial = serials.next().unwrap().to_string();
                        let mut request = registration(&given.token, &serial);
                        request["parameters"]["Site"] = "north".into();
                        let answer = granted(&mut wire, REGISTER, format, request).await;
                        let thing = format!("pump-{serial}");
                        let expected = json!({
                            "deviceConfiguration": {"url": "https://north.example"}, "thingName": thing,
                        });
                        assert_eq!(answer, expected, "{case}");

                        let mut own = lab.dial(&given.device).connect(&thing).await;
                        assert!(own.publish("pumps/1", b"up").await);
                        assert_eq!(described(&lab, &given.device).await["status"], "ACTIVE");
                        let found = done(&admin, "DescribeThing", json!({"thingName": thing})).await;
                        assert_eq!(found["attributes"], json!({"site": "north"}));
                        let principals =
                            done(&admin, "ListThingPrincipals", json!({"thingName": thing})).await;
                        assert_eq!(principals["principals"], json!([given.device.arn]));
                        assert!(wire.is_alive().await, "the claim stays connected");
                    }
                }
            }
        }
        lab.stop().await;
    }
}

#[tokio::test]
async fn an_answer_goes_to_who_asked_and_nowhere_else() {
    let lab = Lab::start().await;
    fleet(&lab, &template(), json!({})).await;
    let claim = lab.device(&claim_policy()).await;
    let boss = lab.device(EVERYTHING).await;
    let mut sibling = lab.dial(&claim).connect("sibling").await;
    let mut spy = lab.dial(&boss).connect("spy").await;
    for topic in [CREATE, FROM_CSR, REGISTER] {
        for wire in [&mut sibling, &mut spy] {
            wire.subscribe(&format!("{topic}/json/accepted"), AtLeastOnce)
                .await;
            wire.subscribe(&format!("{topic}/json/rejected"), AtLeastOnce)
                .await;
        }
    }
    spy.subscribe("#", AtLeastOnce).await;
    // A session that outlives its connection is no place for keys either.
    let (mut wire, _) = lab.dial(&claim).open(persistent("claim")).await.unwrap();
    wire.subscribe(&format!("{CREATE}/json/accepted"), AtLeastOnce)
        .await;
    let (accepted, answer, qos) = ask(&mut wire, CREATE, Format::Json, b"{}").await;
    assert!(accepted && qos == AtLeastOnce);
    let token = answer["certificateOwnershipToken"].as_str().unwrap();
    granted(&mut wire, REGISTER, Format::Json, registration(token, "1")).await;
    rejected(&mut wire, REGISTER, Format::Json, registration(token, "1")).await;
    assert!(sibling.is_alive().await, "and has received nothing");
    assert!(spy.is_alive().await, "and has received nothing");
    drop(wire);
    lab.until_connected(2).await;
    let (mut wire, present) = lab.dial(&claim).open(persistent("claim")).await.unwrap();
    assert!(present);
    assert!(wire.is_alive().await, "nothing has waited");
    lab.stop().await;
}

#[tokio::test]
async fn only_the_request_topics_may_be_published_on() {
    let lab = Lab::start().await;
    fleet(&lab, &template(), json!({})).await;
    let device = lab.device(EVERYTHING).await;
    for topic in [
        "$aws/certificates/create/json/accepted",
        "$aws/certificates/create-from-csr/cbor/rejected",
        "$aws/provisioning-templates/fleet/provision/json/accepted",
        "$aws/certificates/create",
        "$aws/certificates/create/xml",
        "$aws/provisioning-templates/fl eet/provision/json",
    ] {
        let mut wire = lab.dial(&device).connect("forger").await;
        assert!(!wire.publish(topic, b"{}").await, "{topic}");
    }
    // And those only with a policy for them.
    let policy = super::lab::allow(&[
        ("Connect", "client/*"),
        ("Publish", "topic/$aws/certificates/create/json"),
    ]);
    let claim = lab.device(&policy).await;
    let mut wire = lab.dial(&claim).connect("claim").await;
    // Without iot:Receive it is attended to, and not told.
    assert!(wire.publish(&format!("{CREATE}/json"), b"").await);
    assert!(!wire.publish(&format!("{CREATE}/cbor"), b"").await);
    lab.stop().await;
}

#[tokio::test]
async fn a_claim_that_is_turned_off_registers_nothing_more_and_its_devices_stay() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        fleet(&lab, &template(), json!({})).await;
        let claim = lab.device(&claim_policy()).await;
        let mut wire = lab.dial(&claim).connect("claim").await;
        let (first, second) = (give(&lab, &mut wire).await, give(&lab, &mut wire).await);
        granted(&mut wire, REGISTER, Format::Json, registration(&first.token, "1")).await;
        let mut own = lab.dial(&first.device).connect("pump-1").await;
        lab.set_status(&claim, CertificateStatus::Inactive).await;
        wire.ends().await;
        assert!(lab.dial(&claim).try_connect("claim").await.is_none());
        assert!(own.is_alive().await);
        assert!(own.publish("a", b"b").await);
        assert!(lab.dial(&first.device).try_connect("pump-1").await.is_some());
        // What was begun goes on once the claim is turned on again.
        lab.set_status(&claim, CertificateStatus::Active).await;
        let mut wire = lab.dial(&claim).connect("claim").await;
        granted(
            &mut wire,
            REGISTER,
            Format::Json,
            registration(&second.token, "2"),
        )
        .await;
        lab.stop().await;
    }
}

#[tokio::test]
async fn what_nobody_registers_with_is_deleted_after_an_hour() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        fleet(&lab, &template(), json!({})).await;
        let claim = lab.device(&claim_policy()).await;
        let mut wire = lab.dial(&claim).connect("claim").await;
        let (registers, activated, attached, left) = (
            give(&lab, &mut wire).await,
            give(&lab, &mut wire).await,
            give(&lab, &mut wire).await,
            give(&lab, &mut wire).await,
        );
        granted(
            &mut wire,
            REGISTER,
            Format::Json,
            registration(&registers.token, "1"),
        )
        .await;
        lab.set_status(&activated.device, CertificateStatus::Active).await;
        lab.attach(&attached.device, EVERYTHING).await;
        assert_eq!(registered(&lab).await, 5);
        lab.advance(Duration::from_secs(3599));
        fleet_provisioning::sweep(&lab.server.deeds).await.unwrap();
        assert_eq!(registered(&lab).await, 5, "in time");
        lab.advance(Duration::from_secs(1));
        let mut wire = lab.dial(&claim).connect("claim").await;
        let (status, code, message) =
            rejected(&mut wire, REGISTER, Format::Json, registration(&left.token, "2")).await;
        assert_eq!((status, code.as_str()), (400, "InvalidCertificateOwnershipToken"));
        assert!(message.contains("expired"), "{message}");
        fleet_provisioning::sweep(&lab.server.deeds).await.unwrap();
        assert_eq!(registered(&lab).await, 4);
        assert_eq!(described(&lab, &left.device).await, Value::Null);
        for kept in [&registers, &activated, &attached] {
            assert!(!described(&lab, &kept.device).await.is_null());
        }
        fleet_provisioning::sweep(&lab.server.deeds).await.unwrap();
        lab.stop().await;
    }
}
