//! What topic rules do with messages: republishing, Basic Ingest, events, and what holds a flood.

use std::time::Duration;

use serde_json::{Value, json};
use thingsmith_core::functions::{self, NewFunction, NewPermission, Permission};
use thingsmith_core::iam;
use thingsmith_core::identity_policies::{Holder, put_inline};
use thingsmith_core::metrics::Page;
use thingsmith_core::roles::{self, NewRole};
use thingsmith_mqtt::Grant::Granted;
use thingsmith_mqtt::Qos::{AtLeastOnce, AtMostOnce};
use thingsmith_mqtt::{Disconnect, MessageProperties, Packet, PublishQos};
use thingsmith_testkit::{ACCOUNT, Engine, REGION, ScriptedFunctions};

use super::lab::{EVERYTHING, Lab, allow};
use super::wire::{REFUSED, Wire, connect_5, publish};

pub(super) const ROLE: &str = "arn:aws:iam::123456789012:role/rule";
/// How long a flood may take in a build that is not optimised.
const LONG: Duration = Duration::from_secs(300);
/// The newer version of SQL.
const VERSION: &str = "2016-03-23";

/// Makes the role of rules; it may do what the policy allows.
pub(super) async fn make_role(lab: &Lab, policy: &str) {
    let deeds = &lab.server.deeds;
    let realm = iam::realm(deeds, &lab.realm.account).await.unwrap();
    let new = NewRole {
        name: "rule".into(),
        path: "/".into(),
        trust: json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"Service": "iot.amazonaws.com"}}})
        .to_string(),
        description: None,
        longest_session_seconds: 3600,
    };
    roles::create_role(deeds, &realm, new).await.unwrap();
    put_inline(deeds, &realm, Holder::Role("rule"), "rule", policy)
        .await
        .unwrap();
}

/// Makes a rule through the API.
pub(super) async fn make_rule(lab: &Lab, name: &str, sql: &str, actions: Value, error_action: Value) {
    let payload =
        json!({"sql": sql, "actions": actions, "awsIotSqlVersion": VERSION, "errorAction": error_action});
    let admin = lab.server.administrator();
    let reply = admin.call_with("POST", &format!("/rules/{name}"), payload).await;
    assert_eq!(reply.status, 200, "{reply}");
}

pub(super) fn republish(topic: &str) -> Value {
    json!({"republish": {"roleArn": ROLE, "topic": topic}})
}

/// Makes a function that AWS IoT may call for rules of this name, and gives back its ARN.
pub(super) async fn make_function(lab: &Lab, name: &str, rule: &str) -> String {
    make_function_for(lab, name, &format!("arn:aws:iot:{REGION}:{ACCOUNT}:rule/{rule}")).await
}

/// Makes a function that AWS IoT may call for the resource of this ARN.
pub(super) async fn make_function_for(lab: &Lab, name: &str, source_arn: &str) -> String {
    let deeds = &lab.server.deeds;
    let mut zip = vec![0; 22];
    zip[..12].copy_from_slice(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    let new = NewFunction {
        name: name.into(),
        role_arn: ROLE.into(),
        runtime: "python3.11".into(),
        handler: "app.handler".into(),
        description: String::new(),
        timeout_seconds: 3,
        memory_mib: 128,
        storage_mib: 512,
        architecture: "x86_64".into(),
        environment: Default::default(),
        zip: zip.into(),
        tags: Default::default(),
    };
    functions::create_function(deeds, &lab.realm, new).await.unwrap();
    let permission = Permission {
        statement_id: "rule".into(),
        action: "lambda:InvokeFunction".into(),
        principal: "iot.amazonaws.com".into(),
        source_arn: Some(source_arn.into()),
        source_account: Some(ACCOUNT.into()),
    };
    let new = NewPermission {
        permission,
        revision: None,
    };
    functions::add_permission(deeds, &lab.realm, &name.parse().unwrap(), &new)
        .await
        .unwrap();
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

/// Waits until something holds.
pub(super) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let reached = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(tokio::time::timeout(LONG, reached).await.is_ok(), "{what}");
}

/// The value of one of the server's metrics.
pub(super) fn metric(lab: &Lab, line: &str) -> f64 {
    let mut page = Page::default();
    lab.server.deeds.metrics().write(&mut page);
    let text = page.into_text();
    let found = text
        .lines()
        .find_map(|it| it.strip_prefix(&format!("thingsmith_{line} ")));
    found
        .unwrap_or_else(|| panic!("{line} in {text}"))
        .parse()
        .unwrap()
}

async fn watcher(lab: &Lab, filter: &str) -> Wire {
    let operator = lab.device(EVERYTHING).await;
    let mut watcher = lab.dial(&operator).connect("watcher").await;
    assert_eq!(watcher.subscribe(filter, AtLeastOnce).await, Granted(AtLeastOnce));
    watcher
}

#[tokio::test]
async fn rules_republish_in_a_chain_and_in_order() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, super::lab::config()).await;
        make_role(&lab, EVERYTHING).await;
        let first = "SELECT temperature AS t, clientid() AS who, topic(2) AS line, principal() AS p, sourceip() AS ip, \
            accountid() AS a FROM 'line/+/data' WHERE temperature > 20";
        let action = json!({"republish": {"roleArn": ROLE, "topic": "warm/${topic(2)}", "qos": 1}});
        make_rule(&lab, "first", first, json!([action]), Value::Null).await;
        let second = "SELECT *, topic() AS from, clientid() AS by FROM 'warm/#'";
        make_rule(&lab, "second", second, json!([republish("out")]), Value::Null).await;
        let device = lab.device(EVERYTHING).await;
        let mut watcher = watcher(&lab, "out").await;
        let mut pump = lab.dial(&device).connect("pump").await;
        for temperature in 15..40 {
            let payload = json!({"temperature": temperature}).to_string();
            assert!(pump.publish("line/4/data", payload.as_bytes()).await);
        }
        for temperature in 21..40 {
            let (topic, payload, qos) = watcher.message().await;
            assert_eq!((topic.as_str(), qos), ("out", AtMostOnce));
            let payload: Value = serde_json::from_slice(&payload).unwrap();
            assert_eq!(
                payload,
                json!({"t": temperature, "who": "pump", "line": "4", "p": device.certificate.id.to_string(),
                    "ip": "127.0.0.1", "a": ACCOUNT, "from": "warm/4", "by": "n/a"})
            );
        }
        assert!(watcher.is_alive().await, "and nothing of the cold ones");

        // A disabled rule does nothing, and an enabled one does from the next message on.
        let admin = lab.server.administrator();
        assert_eq!(admin.call("POST", "/rules/first/disable").await.status, 200);
        assert!(pump.publish("line/4/data", br#"{"temperature": 50}"#).await);
        assert_eq!(admin.call("POST", "/rules/first/enable").await.status, 200);
        assert!(pump.publish("line/4/data", br#"{"temperature": 51}"#).await);
        let text = watcher.text().await;
        assert!(text.contains("51"), "{text}");
        // What replaces a rule counts from the next message on, and a deleted one does nothing.
        let payload = json!({"sql": "SELECT 1 AS one FROM 'line/5/data'", "actions": [republish("out")]});
        let replaced = admin.call_with("PATCH", "/rules/first", payload).await;
        assert_eq!(replaced.status, 200, "{replaced}");
        for line in ["4", "5"] {
            assert!(
                pump.publish(&format!("line/{line}/data"), br#"{"temperature": 52}"#)
                    .await
            );
        }
        assert_eq!(watcher.text().await, r#"{"one":1}"#);
        for name in ["first", "second"] {
            let reply = admin.call("DELETE", &format!("/rules/{name}")).await;
            assert_eq!(reply.status, 200, "{reply}");
        }
        assert!(!lab.server.deeds.rules().has_any());
        assert!(pump.publish("line/5/data", b"{}").await);
        assert!(pump.publish("out", b"end").await);
        assert_eq!(watcher.text().await, "end");
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_rule_acts_by_its_roles_leave_alone() {
    let lab = Lab::start().await;
    make_role(
        &lab,
        &allow(&[("Publish", "topic/allowed/*"), ("Publish", "topic/errors")]),
    )
    .await;
    let to = json!([republish("${topic(2)}/x")]);
    make_rule(&lab, "rule", "SELECT * FROM 'in/#'", to, republish("errors")).await;
    let device = lab.device(EVERYTHING).await;
    let mut watcher = watcher(&lab, "#").await;
    let mut pump = lab.dial(&device).connect("pump").await;
    assert!(pump.publish("in/allowed", br#"{"a":1}"#).await);
    assert_eq!(watcher.message().await.0, "in/allowed");
    assert_eq!(watcher.message().await.0, "allowed/x");
    assert!(pump.publish("in/forbidden", br#"{"a":2}"#).await);
    assert_eq!(watcher.message().await.0, "in/forbidden");
    let (topic, report, _) = watcher.message().await;
    assert_eq!(topic, "errors");
    let mut report: Value = serde_json::from_slice(&report).unwrap();
    let trace = report
        .as_object_mut()
        .unwrap()
        .remove("cloudwatchTraceId")
        .unwrap();
    assert_eq!(trace.as_str().unwrap().len(), 36);
    assert_eq!(
        report,
        json!({"ruleName": "rule", "topic": "in/forbidden", "clientId": "pump",
            "base64OriginalPayload": "eyJhIjoyfQ==",
            "failures": [{"failedAction": "RepublishAction", "failedResource": "forbidden/x",
                "errorMessage": "User: arn:aws:sts::123456789012:assumed-role/rule/topic-rule is not authorized to \
                    perform: iot:Publish on resource: arn:aws:iot:us-east-1:123456789012:topic/forbidden/x because no \
                    identity-based policy allows the iot:Publish action"}]})
    );
    assert_eq!(metric(&lab, "rule_actions_total{outcome=\"failed\"}"), 1.0);
}

#[tokio::test]
async fn headers_become_properties_of_mqtt_5() {
    let lab = Lab::start().await;
    make_role(&lab, EVERYTHING).await;
    let action = json!({"republish": {"roleArn": ROLE, "topic": "out", "headers": {
        "payloadFormatIndicator": "UTF8_DATA", "contentType": "${get_mqtt_property('content_type')}; x",
        "responseTopic": "answers/${clientid()}", "correlationData": "${topic()}", "messageExpiry": "60",
        "userProperties": [{"key": "line", "value": "${topic(2)}"}, {"key": "b", "value": "c"}]}}});
    make_rule(&lab, "rule", "SELECT * FROM 'in/+'", json!([action]), Value::Null).await;
    let device = lab.device(EVERYTHING).await;
    let (mut watcher, _) = lab.dial(&device).open(connect_5("watcher")).await.unwrap();
    assert_eq!(watcher.subscribe("out", AtMostOnce).await, Granted(AtMostOnce));
    let (mut pump, _) = lab.dial(&device).open(connect_5("pump")).await.unwrap();
    let Packet::Publish(mut packet) = publish("in/4", b"{}", PublishQos::AtMostOnce) else {
        unreachable!()
    };
    packet.message.properties = Some(std::sync::Arc::new(MessageProperties {
        content_type: Some("text/json".into()),
        ..MessageProperties::default()
    }));
    pump.send(&Packet::Publish(packet)).await;
    let message = watcher.delivery().await.message;
    let properties = message.properties.unwrap();
    assert!(properties.payload_is_utf8);
    assert_eq!(properties.content_type.as_deref(), Some("text/json; x"));
    assert_eq!(
        properties.response_topic.as_ref().unwrap().as_str(),
        "answers/pump"
    );
    assert_eq!(properties.correlation_data.as_deref(), Some(&b"in/4"[..]));
    assert_eq!(properties.message_expiry_seconds, Some(60));
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(properties.user_properties, [pair("line", "4"), pair("b", "c")]);
}

#[tokio::test]
async fn rules_hear_events_that_nobody_subscribes_to() {
    let lab = Lab::start().await;
    make_role(&lab, EVERYTHING).await;
    let sql = "SELECT eventType AS kind, clientId AS who FROM '$aws/events/presence/+/pump'";
    make_rule(&lab, "rule", sql, json!([republish("seen")]), Value::Null).await;
    let device = lab.device(EVERYTHING).await;
    let mut watcher = watcher(&lab, "seen").await;
    let mut pump = lab.dial(&device).connect("pump").await;
    assert_eq!(watcher.text().await, r#"{"kind":"connected","who":"pump"}"#);
    pump.send(&Packet::Disconnect(Disconnect::default())).await;
    assert_eq!(watcher.text().await, r#"{"kind":"disconnected","who":"pump"}"#);
}

#[tokio::test]
async fn basic_ingest_reaches_its_rule_and_nobody_else() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, super::lab::config()).await;
        make_role(&lab, EVERYTHING).await;
        for (name, sql) in [
            ("ingest", "SELECT *, topic() AS topic, topic(1) AS first"),
            ("other", "SELECT 'other' AS rule FROM 'line/#'"),
            ("greedy", "SELECT 'greedy' AS rule FROM '$aws/rules/#'"),
        ] {
            make_rule(&lab, name, sql, json!([republish("out")]), Value::Null).await;
        }
        let rules = "topic/$aws/rules/ingest/*";
        let device = lab
            .device(&allow(&[
                ("Connect", "*"),
                ("Publish", rules),
                ("Publish", "topic/$aws/rules/none/*"),
                ("Subscribe", "*"),
                ("Receive", "*"),
            ]))
            .await;
        let mut watcher = watcher(&lab, "out").await;
        let mut pump = lab.dial(&device).connect("pump").await;
        assert!(pump.publish("$aws/rules/ingest/line/4", br#"{"a":1}"#).await);
        assert_eq!(watcher.text().await, r#"{"a":1,"topic":"line/4","first":"line"}"#);
        // AWS tells the device nothing of a rule that is not there.
        assert!(pump.publish("$aws/rules/none/line/4", b"{}").await);
        let admin = lab.server.administrator();
        assert_eq!(admin.call("POST", "/rules/ingest/disable").await.status, 200);
        assert!(pump.publish("$aws/rules/ingest/line/4", b"{}").await);
        assert_eq!(metric(&lab, "rules_not_found_total"), 2.0);
        assert_eq!(admin.call("POST", "/rules/ingest/enable").await.status, 200);
        for filter in [
            "$aws/rules/#",
            "$aws/rules/ingest/+/4",
            "$aws/rules/ingest/line/4",
        ] {
            assert_eq!(pump.subscribe(filter, AtMostOnce).await, REFUSED, "{filter}");
        }
        // Over HTTP too, by a caller's leave.
        let data = admin.clone().service("iotdata");
        let reply = data
            .send("POST", "/topics/$aws/rules/ingest/http?qos=1", &[], br#"{"b":2}"#)
            .await;
        assert_eq!(reply.status, 200, "{reply}");
        assert_eq!(watcher.text().await, r#"{"b":2,"topic":"http","first":"http"}"#);
        assert!(watcher.is_alive().await);
        // What a policy does not allow ends the connection, as on any topic.
        assert!(!pump.publish("$aws/rules/other/line/4", b"{}").await);
        let mut pump = lab.dial(&device).connect("pump").await;
        assert!(!pump.publish("$aws/events/presence/connected/pump", b"{}").await);
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_change_is_heard_on_another_node() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, super::lab::config()).await;
        let Some(node) = lab.another_node().await else {
            continue;
        };
        let there = node.deeds();
        let admin = lab.server.administrator();
        make_rule(&lab, "rule", "SELECT * FROM 'in'", json!([]), Value::Null).await;
        until("the rule is heard of", || there.rules().has_any()).await;
        assert_eq!(admin.call("POST", "/rules/rule/disable").await.status, 200);
        until("that it is disabled is heard of", || !there.rules().has_any()).await;
        assert_eq!(admin.call("POST", "/rules/rule/enable").await.status, 200);
        until("that it is enabled is heard of", || there.rules().has_any()).await;
        // A node that starts has it from the beginning.
        let third = lab.server.another_node().await.unwrap();
        assert!(third.rules().has_any());
        assert_eq!(admin.call("DELETE", "/rules/rule").await.status, 200);
        until("that it is deleted is heard of", || !there.rules().has_any()).await;
        lab.stop().await;
    }
}

#[tokio::test]
async fn rules_that_trigger_each_other_end() {
    let lab = Lab::start().await;
    make_role(&lab, EVERYTHING).await;
    // Each message leads to four, and each of these to four.
    let actions = json!([
        republish("loop"),
        republish("loop"),
        republish("loop"),
        republish("loop")
    ]);
    make_rule(&lab, "rule", "SELECT * FROM 'loop'", actions, Value::Null).await;
    let device = lab.device(EVERYTHING).await;
    let mut pump = lab.dial(&device).connect("pump").await;
    assert!(pump.publish("loop", b"{}").await);
    let settled = || {
        let done = metric(&lab, "rule_actions_total{outcome=\"done\"}");
        let failed = metric(&lab, "rule_actions_total{outcome=\"failed\"}");
        done > 0.0
            && done + failed == 4.0 * metric(&lab, "rules_evaluated_total")
            && metric(&lab, "rules_evaluated_total") == done + 1.0
    };
    until("the loop ends", settled).await;
    let done = metric(&lab, "rule_actions_total{outcome=\"done\"}");
    assert!((8.0..=256.0).contains(&done), "{done}");
    assert!(pump.is_alive().await);
}

#[tokio::test]
async fn a_flood_takes_bounded_memory_and_delays_no_publisher() {
    let lab = Lab::start().await;
    make_role(&lab, EVERYTHING).await;
    for number in 0..10 {
        let name = format!("rule{number}");
        let function = make_function(&lab, &name, &name).await;
        let actions = json!([{"lambda": {"functionArn": function}}]);
        // Every rule looks at every message, and one of them calls its function.
        let sql = format!("SELECT * FROM 'flood' WHERE n % 10 = {number}");
        make_rule(&lab, &name, &sql, actions, Value::Null).await;
        lab.server
            .functions
            .answer(&name, |_| Ok(ScriptedFunctions::answered("null")));
    }
    let device = lab.device(EVERYTHING).await;
    let mut pump = lab.dial(&device).connect("pump").await;
    let filling = "y".repeat(1000);
    let mut most = 0;
    for number in 0..10_000 {
        let payload = json!({"n": number, "x": filling}).to_string();
        pump.publish_qos_0("flood", payload.as_bytes()).await;
        if number % 100 == 0 {
            most = most.max(lab.server.deeds.rules().waiting_bytes());
            drop(lab.server.functions.take_calls());
        }
    }
    assert!(pump.publish("end", b"").await);
    let settled = || {
        drop(lab.server.functions.take_calls());
        most = most.max(lab.server.deeds.rules().waiting_bytes());
        let ended = metric(&lab, "rule_actions_total{outcome=\"done\"}")
            + metric(&lab, "rule_actions_total{outcome=\"failed\"}");
        let dropped = metric(&lab, "rule_messages_dropped_total");
        let expected = 10_000.0 - dropped;
        ended >= expected && metric(&lab, "rules_evaluated_total") >= 10.0 * expected
    };
    until("everything is carried out or dropped", settled).await;
    assert_eq!(lab.server.deeds.rules().waiting_bytes(), 0);
    assert!(
        most <= 64 << 20,
        "{most} bytes waited, more than one realm may have"
    );
}
