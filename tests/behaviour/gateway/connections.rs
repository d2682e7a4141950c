//! What operators see of the connections of clients, and do with them: `iot-data` GetConnection, DeleteConnection and
//! ListSubscriptions.

use std::time::Duration;

use serde_json::{Value, json};
use thingsmith_gateway::Config;
use thingsmith_mqtt::Grant::Granted;
use thingsmith_mqtt::Qos::{AtLeastOnce, AtMostOnce};
use thingsmith_mqtt::{Connect, Disconnect, Packet, ReasonCode, Will};
use thingsmith_testkit::{ACCOUNT, Client, Engine, Reply, TestServer};

use super::lab::{Device, EVERYTHING, Lab};
use super::wire::{Wire, connect, connect_5, message, persistent};

const OTHER: &str = "210987654321";
const ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
/// What the clock of a test's server says when it starts, in milliseconds.
const START: i64 = 1_795_291_200_123;

fn operator(lab: &Lab) -> Client {
    lab.server.administrator().service("iotdata")
}

pub(super) fn refused(reply: &Reply, status: u16, exception: &str) {
    assert_eq!((reply.status, reply.exception()), (status, exception), "{reply}");
}

async fn found(client: &Client, target: &str) -> Value {
    let reply = client.call("GET", target).await;
    assert_eq!(reply.status, 200, "{reply}");
    reply.json()
}

async fn filters(client: &Client, target: &str) -> Value {
    found(client, target).await["subscriptions"].clone()
}

async fn delete(client: &Client, target: &str) {
    let reply = client.call("DELETE", target).await;
    assert_eq!(reply.status, 200, "{reply}");
}

async fn open(lab: &Lab, device: &Device, connect: Connect) -> Wire {
    lab.dial(device).open(connect).await.unwrap().0
}

async fn say_goodbye(wire: &mut Wire) {
    wire.send(&Packet::Disconnect(Disconnect::default())).await;
    wire.ends().await;
}

#[tokio::test]
async fn a_client_is_known_while_it_is_connected_and_for_half_an_hour() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let data = operator(&lab);
        let device = lab.device(EVERYTHING).await;
        lab.thing("pump", &[]).await;
        lab.attach_to_thing(&device, "pump").await;
        refused(
            &data.call("GET", "/connections/pump").await,
            404,
            "ResourceNotFoundException",
        );

        let mut pump = open(&lab, &device, connect("pump")).await;
        let connected = json!({
            "clientId": "pump", "connected": true, "thingName": "pump", "cleanSession": true,
            "keepAliveDuration": 60, "connectedSince": START, "sessionExpiry": 0,
        });
        assert_eq!(found(&data, "/connections/pump").await, connected);
        let target = "/connections/pump?includeSocketInformation=false";
        assert_eq!(found(&data, target).await, connected);
        let sockets = found(&data, "/connections/pump?includeSocketInformation=true").await;
        let mut expected = connected.clone();
        for (member, value) in [
            ("sourceIp", json!("127.0.0.1")),
            (
                "sourcePort",
                json!(pump.stream.get_ref().0.local_addr().unwrap().port()),
            ),
            ("targetIp", json!("127.0.0.1")),
            ("targetPort", json!(lab.address.port())),
        ] {
            expected[member] = value;
        }
        assert_eq!(sockets, expected);
        refused(
            &data.call("GET", "/connections/Pump").await,
            404,
            "ResourceNotFoundException",
        );

        lab.advance(Duration::from_secs(5));
        say_goodbye(&mut pump).await;
        lab.until_connected(0).await;
        let gone = json!({
            "clientId": "pump", "connected": false, "thingName": "pump", "cleanSession": true,
            "keepAliveDuration": 60, "disconnectedSince": START + 5_000,
            "disconnectReason": "CLIENT_INITIATED_DISCONNECT", "sessionExpiry": 0,
        });
        lab.advance(Duration::from_secs(1_799));
        assert_eq!(found(&data, "/connections/pump").await, gone);
        lab.advance(Duration::from_secs(1));
        refused(
            &data.call("GET", "/connections/pump").await,
            404,
            "ResourceNotFoundException",
        );
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_session_is_known_for_as_long_as_it_lives() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let data = operator(&lab);
        let device = lab.device(EVERYTHING).await;
        let mut odd = connect_5("a/b c");
        odd.properties.session_expiry_seconds = 7_200;
        odd.keep_alive_seconds = 0;
        let odd = open(&lab, &device, odd).await;
        let target = "/connections/a%2Fb%20c";
        let connected = json!({
            "clientId": "a/b c", "connected": true, "cleanSession": false, "keepAliveDuration": 0,
            "connectedSince": START, "sessionExpiry": 7_200,
        });
        assert_eq!(found(&data, target).await, connected);
        drop(odd);
        lab.until_connected(0).await;
        let mut gone = json!({
            "clientId": "a/b c", "connected": false, "cleanSession": false, "keepAliveDuration": 0,
            "disconnectedSince": START, "disconnectReason": "CONNECTION_LOST", "sessionExpiry": 7_200,
        });
        assert_eq!(found(&data, target).await, gone);
        lab.advance(Duration::from_secs(1_800));
        for member in ["disconnectedSince", "disconnectReason", "keepAliveDuration"] {
            gone.as_object_mut().unwrap().remove(member);
        }
        assert_eq!(found(&data, target).await, gone);
        lab.advance(Duration::from_secs(5_400));
        refused(&data.call("GET", target).await, 404, "ResourceNotFoundException");
        lab.stop().await;
    }
}

#[tokio::test]
async fn subscriptions_are_listed_by_filter_and_page() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let data = operator(&lab);
        let device = lab.device(EVERYTHING).await;
        let mut pump = open(&lab, &device, persistent("pump")).await;
        let target = "/connections/pump/subscriptions";
        assert_eq!(found(&data, target).await, json!({"subscriptions": []}));
        for (filter, qos) in [
            ("b/#", AtLeastOnce),
            ("$share/g/a/+", AtMostOnce),
            ("c", AtLeastOnce),
            ("a", AtMostOnce),
        ] {
            assert_eq!(pump.subscribe(filter, qos).await, Granted(qos));
        }
        pump.unsubscribe("c").await;
        let all = json!([
            {"topicFilter": "$share/g/a/+", "qos": 0},
            {"topicFilter": "a", "qos": 0},
            {"topicFilter": "b/#", "qos": 1},
        ]);
        assert_eq!(filters(&data, target).await, all);
        say_goodbye(&mut pump).await;
        lab.until_connected(0).await;
        assert_eq!(filters(&data, target).await, all, "its session has them still");

        let first = found(&data, &format!("{target}?maxResults=2")).await;
        assert_eq!(first["subscriptions"], json!([all[0], all[1]]));
        let token = first["nextToken"].as_str().unwrap();
        let token = token.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let next = found(&data, &format!("{target}?maxResults=2&nextToken={token}")).await;
        assert_eq!(next, json!({"subscriptions": [all[2]]}));
        for query in ["maxResults=0", "maxResults=201", "nextToken=forged"] {
            let reply = data.call("GET", &format!("{target}?{query}")).await;
            refused(&reply, 400, "InvalidRequestException");
        }
        let _valve = open(&lab, &device, connect("valve")).await;
        let reply = data
            .call(
                "GET",
                &format!("/connections/valve/subscriptions?nextToken={token}"),
            )
            .await;
        refused(&reply, 400, "InvalidRequestException");
        let mut many = open(&lab, &device, connect("many")).await;
        for number in 0..21 {
            many.subscribe(&format!("{number:02}"), AtMostOnce).await;
        }
        let page = found(&data, "/connections/many/subscriptions").await;
        assert_eq!(page["subscriptions"].as_array().unwrap().len(), 20);
        assert!(page["nextToken"].is_string());

        lab.advance(Duration::from_secs(3_600));
        for client_id in ["pump", "nobody"] {
            let target = format!("/connections/{client_id}/subscriptions");
            refused(&data.call("GET", &target).await, 404, "ResourceNotFoundException");
        }
        lab.stop().await;
    }
}

fn with_will(connect: Connect) -> Connect {
    Connect {
        will: Some(Will {
            message: message("wills/pump", b"gone"),
            qos: AtLeastOnce,
            delay_seconds: 0,
        }),
        ..connect
    }
}

#[tokio::test]
async fn a_connection_ends_with_its_will_and_without_as_the_operator_says() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let data = operator(&lab);
        let device = lab.device(EVERYTHING).await;
        let mut witness = open(&lab, &device, connect("witness")).await;
        for filter in ["wills/#", "$aws/events/presence/disconnected/pump"] {
            witness.subscribe(filter, AtLeastOnce).await;
        }
        for (query, willed) in [
            ("", true),
            ("?preventWillMessage=false", true),
            ("?preventWillMessage=true", false),
            ("?cleanSession=true", true),
        ] {
            let mut pump = open(&lab, &device, with_will(connect_5("pump"))).await;
            let mut valve = open(&lab, &device, connect("valve")).await;
            delete(&data, &format!("/connections/pump{query}")).await;
            assert!(lab.clients.len() == 2, "the client is gone when the answer comes");
            match pump.next().await {
                Some(Packet::Disconnect(told)) => assert_eq!(told.code, ReasonCode::AdministrativeAction),
                other => panic!("{other:?} is no goodbye"),
            }
            pump.ends().await;
            let event: Value = serde_json::from_slice(&witness.message().await.1).unwrap();
            assert_eq!(
                (&event["disconnectReason"], &event["clientInitiatedDisconnect"]),
                (&json!("API_INITIATED_DISCONNECT"), &json!(false))
            );
            if willed {
                assert_eq!(witness.text().await, "gone");
            }
            witness.publish_qos_0("wills/none", b"none").await;
            assert_eq!(witness.text().await, "none", "nothing else came");
            assert!(valve.is_alive().await, "another client stays");
            let gone = found(&data, "/connections/pump").await;
            assert_eq!(gone["disconnectReason"], "API_INITIATED_DISCONNECT");
            refused(
                &data.call("DELETE", "/connections/pump").await,
                404,
                "ResourceNotFoundException",
            );
            say_goodbye(&mut valve).await;
        }
        // Nothing keeps it from coming back, and MQTT 3.1.1 is told nothing.
        let mut pump = open(&lab, &device, connect("pump")).await;
        assert!(pump.is_alive().await);
        delete(&data, "/connections/pump").await;
        pump.ends().await;
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_session_stays_or_ends_as_the_operator_says() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let data = operator(&lab);
        let device = lab.device(EVERYTHING).await;
        let mut sender = open(&lab, &device, connect("sender")).await;
        for (query, stays, is_connected) in [
            ("", true, true),
            ("?cleanSession=false", true, true),
            ("?cleanSession=true", false, true),
            ("?cleanSession=true", false, false),
        ] {
            let (mut pump, _) = lab.dial(&device).open(persistent("pump")).await.unwrap();
            pump.subscribe("a", AtLeastOnce).await;
            if !is_connected {
                say_goodbye(&mut pump).await;
                lab.until_connected(1).await;
                refused(
                    &data.call("DELETE", "/connections/pump").await,
                    404,
                    "ResourceNotFoundException",
                );
            }
            delete(&data, &format!("/connections/pump{query}")).await;
            assert!(sender.publish("a", b"waits").await);
            let (mut pump, present) = lab.dial(&device).open(persistent("pump")).await.unwrap();
            assert_eq!(present, stays, "{query}");
            if stays {
                assert_eq!(pump.text().await, "waits");
            }
            assert!(pump.is_alive().await, "{query}: nothing else waited");
            delete(&data, "/connections/pump?cleanSession=true").await;
            refused(
                &data.call("DELETE", "/connections/pump?cleanSession=true").await,
                404,
                "ResourceNotFoundException",
            );
        }
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_is_known_and_can_be_ended() {
    let config = Config {
        write_patience: Duration::from_secs(600),
        ..Config::default()
    };
    let lab = Lab::with(config).await;
    let data = operator(&lab);
    let device = lab.device(EVERYTHING).await;
    let _clients = super::slow::stuck(&lab, &device).await;
    assert_eq!(found(&data, "/connections/stuck").await["connected"], true);
    delete(&data, "/connections/stuck").await;
    lab.until_connected(1).await;
    lab.stop().await;
}

#[tokio::test]
async fn names_that_are_no_client_ids_are_refused() {
    let server = TestServer::start().await;
    let data = server.administrator().service("iotdata");
    let long = "x".repeat(129);
    for client_id in ["%24aws", "a%00", &long] {
        for (method, path) in [
            ("GET", ""),
            ("DELETE", ""),
            ("GET", "/subscriptions"),
            ("POST", "/messages?topic=a"),
        ] {
            let reply = data
                .call(method, &format!("/connections/{client_id}{path}"))
                .await;
            refused(&reply, 400, "InvalidRequestException");
        }
    }
    for target in [
        "/connections/a?includeSocketInformation=maybe",
        "/connections/a/subscriptions?maxResults=many",
    ] {
        refused(&data.call("GET", target).await, 400, "SerializationException");
    }
}

fn policy(effect: &str, action: &str, resource: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": action, "Resource": resource}})
        .to_string()
}

#[tokio::test]
async fn an_operation_needs_its_own_action_on_the_client() {
    let client_arn = "arn:aws:iot:us-east-1:123456789012:client/pump";
    let other = "arn:aws:iot:us-east-1:123456789012:client/pum";
    let operations = [
        ("iot:GetConnection", "GET", "/connections/pump"),
        ("iot:ListSubscriptions", "GET", "/connections/pump/subscriptions"),
        (
            "iot:SendDirectMessage",
            "POST",
            "/connections/pump/messages?topic=a",
        ),
        ("iot:DeleteConnection", "DELETE", "/connections/pump"),
    ];
    let mut builder = TestServer::builder().key("nothing", ACCOUNT, &[]);
    for (action, ..) in operations {
        builder = builder
            .key(
                &format!("only-{action}"),
                ACCOUNT,
                &[&policy("Allow", action, client_arn)],
            )
            .key(
                &format!("elsewhere-{action}"),
                ACCOUNT,
                &[&policy("Allow", action, other)],
            )
            .key(
                &format!("denied-{action}"),
                ACCOUNT,
                &[ALL, &policy("Deny", action, client_arn)],
            );
    }
    let lab = Lab::of(builder.start().await, Config::default()).await;
    let device = lab.device(EVERYTHING).await;
    let mut pump = open(&lab, &device, connect("pump")).await;
    let client = |key: &str| lab.server.client(key).service("iotdata");
    for (action, method, target) in operations {
        for key in [
            "nothing",
            &format!("elsewhere-{action}"),
            &format!("denied-{action}"),
        ] {
            let reply = client(key).call(method, target).await;
            refused(&reply, 403, "AccessDeniedException");
            let part = format!("is not authorized to perform: {action} on resource: {client_arn} ");
            assert!(reply.message().contains(&part), "{}", reply.message());
        }
        for (other, ..) in operations.iter().filter(|(other, ..)| *other != action) {
            let reply = client(&format!("only-{other}")).call(method, target).await;
            refused(&reply, 403, "AccessDeniedException");
        }
        assert!(pump.is_alive().await, "nothing has happened so far");
        let reply = client(&format!("only-{action}")).call(method, target).await;
        assert_eq!(reply.status, 200, "{action}: {reply}");
        if action == "iot:SendDirectMessage" {
            assert_eq!(pump.message().await.0, "a");
        }
    }
    pump.ends().await;
    lab.stop().await;
}

#[tokio::test]
async fn no_operation_reaches_into_another_account_or_region() {
    for engine in Engine::available() {
        let builder = TestServer::builder().engine(engine).key("other", OTHER, &[ALL]);
        let lab = Lab::of(builder.start().await, Config::default()).await;
        let device = lab.device(EVERYTHING).await;
        let mut pump = open(&lab, &device, persistent("pump")).await;
        pump.subscribe("a", AtLeastOnce).await;
        for stranger in [
            lab.server.client("other").service("iotdata"),
            operator(&lab).region("eu-west-1"),
        ] {
            for (method, target) in [
                ("GET", "/connections/pump"),
                ("GET", "/connections/pump/subscriptions"),
                ("POST", "/connections/pump/messages?topic=a&confirmation=true"),
                ("DELETE", "/connections/pump"),
                ("DELETE", "/connections/pump?cleanSession=true"),
            ] {
                let reply = stranger.call(method, target).await;
                refused(&reply, 404, "ResourceNotFoundException");
            }
        }
        assert!(pump.is_alive().await, "nothing came");
        assert_eq!(
            filters(&operator(&lab), "/connections/pump/subscriptions").await,
            json!([{"topicFilter": "a", "qos": 1}])
        );
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_reset_forgets_who_was_connected() {
    let server = TestServer::builder().dev().start().await;
    let lab = Lab::of(server, Config::default()).await;
    let data = operator(&lab);
    let device = lab.device(EVERYTHING).await;
    let mut pump = open(&lab, &device, persistent("pump")).await;
    say_goodbye(&mut pump).await;
    lab.until_connected(0).await;
    assert_eq!(found(&data, "/connections/pump").await["connected"], false);
    thingsmith_core::reset::reset(&lab.server.deeds).await.unwrap();
    refused(
        &data.call("GET", "/connections/pump").await,
        404,
        "ResourceNotFoundException",
    );
    lab.stop().await;
}

#[tokio::test]
async fn a_client_of_another_node_is_reached_through_any() {
    let Some(engine) = Engine::available()
        .into_iter()
        .find(|engine| *engine == Engine::Postgres)
    else {
        return;
    };
    let lab = Lab::on(engine, Config::default()).await;
    let other = lab.another_node().await.unwrap();
    let data = operator(&lab);
    let device = lab.device(EVERYTHING).await;
    let dial = || lab.dial(&device).at(other.address);
    let (mut pump, _) = dial().open(connect("pump")).await.unwrap();
    pump.subscribe("a", AtLeastOnce).await;
    let known = found(&data, "/connections/pump?includeSocketInformation=true").await;
    assert_eq!(
        (&known["connected"], &known["targetPort"]),
        (&json!(true), &json!(other.address.port()))
    );
    assert_eq!(
        filters(&data, "/connections/pump/subscriptions").await,
        json!([{"topicFilter": "a", "qos": 1}])
    );
    let user = "W3siYSI6IjEifV0=";
    let headers = [("x-amz-mqtt5-user-properties", user)];
    let target = "/connections/pump/messages?topic=b&confirmation=true";
    let (reply, message) = tokio::join!(data.send("POST", target, &headers, b"\0\xff"), pump.message());
    assert_eq!(reply.status, 200, "{reply}");
    assert_eq!(message, ("b".to_owned(), b"\0\xff".to_vec(), AtLeastOnce));
    let target = "/connections/pump/messages?topic=b&confirmation=true&timeout=1";
    refused(
        &data.send("POST", target, &[], b"unconfirmed").await,
        504,
        "GatewayTimeoutException",
    );
    assert_eq!(&pump.delivery().await.message.payload[..], b"unconfirmed");

    let stranger = operator(&lab).region("eu-west-1");
    for (method, target) in [("GET", "/connections/pump"), ("DELETE", "/connections/pump")] {
        refused(
            &stranger.call(method, target).await,
            404,
            "ResourceNotFoundException",
        );
        refused(
            &data.call(method, "/connections/nobody").await,
            404,
            "ResourceNotFoundException",
        );
    }
    assert!(pump.is_alive().await);
    delete(&data, "/connections/pump").await;
    pump.ends().await;
    let gone = found(&data, "/connections/pump").await;
    assert_eq!(
        (&gone["connected"], &gone["disconnectReason"]),
        (&json!(false), &json!("API_INITIATED_DISCONNECT"))
    );
    // The session of a client of another node ends with it.
    let (mut kept, _) = dial().open(persistent("kept")).await.unwrap();
    kept.subscribe("a", AtLeastOnce).await;
    delete(&data, "/connections/kept?cleanSession=true").await;
    kept.ends().await;
    let (_kept, present) = dial().open(persistent("kept")).await.unwrap();
    assert!(!present);
    // A node that is gone is not waited for once it was not seen for a while.
    drop(other);
    lab.advance(Duration::from_secs(21));
    refused(
        &data.call("GET", "/connections/nobody").await,
        404,
        "ResourceNotFoundException",
    );
    lab.stop().await;
}
