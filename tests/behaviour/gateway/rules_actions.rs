//! The actions of topic rules that wait for others: functions and HTTP; and what is told when they fail.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use thingsmith_mqtt::Grant::Granted;
use thingsmith_mqtt::Qos::AtMostOnce;
use thingsmith_ports::RunError;
use thingsmith_testkit::{ACCOUNT, Engine, REGION, ScriptedFunctions};

use super::lab::{EVERYTHING, Lab};
use super::rules::{ROLE, make_function, make_role, make_rule, metric, republish, until};
use super::wire::Wire;
use crate::receiver::Receiver;

/// A device and the errors that rules tell of.
async fn pump_and_errors(lab: &Lab) -> (Wire, Wire) {
    let device = lab.device(EVERYTHING).await;
    let mut errors = lab.dial(&device).connect("errors").await;
    assert_eq!(errors.subscribe("errors", AtMostOnce).await, Granted(AtMostOnce));
    (lab.dial(&device).connect("pump").await, errors)
}

async fn failure(errors: &mut Wire) -> Value {
    let report: Value = serde_json::from_str(&errors.text().await).unwrap();
    report["failures"].clone()
}

#[tokio::test]
async fn a_function_gets_exactly_what_is_selected() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, super::lab::config()).await;
        make_role(&lab, EVERYTHING).await;
        let function = make_function(&lab, "sink", "store").await;
        lab.server
            .functions
            .answer("sink", |_| Ok(ScriptedFunctions::answered("null")));
        let sql = "SELECT a.b AS nested, [a.b, 2] AS list, topic() AS topic FROM 'in/#'";
        let actions = json!([{"lambda": {"functionArn": function}}]);
        make_rule(&lab, "store", sql, actions, republish("errors")).await;
        let (mut pump, _errors) = pump_and_errors(&lab).await;
        assert!(pump.publish("in/1", br#"{"a":{"b":{"c":[1,null,"x"]}}}"#).await);
        let mut calls = Vec::new();
        until("the function is called", || {
            calls.extend(lab.server.functions.take_calls());
            !calls.is_empty()
        })
        .await;
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0].function.name, "sink");
        let event: Value = serde_json::from_slice(&calls[0].event).unwrap();
        assert_eq!(
            event,
            json!({"nested": {"c": [1, null, "x"]}, "list": [{"c": [1, null, "x"]}, 2], "topic": "in/1"})
        );
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_function_that_fails_is_called_again_and_is_no_failure_of_the_action() {
    let lab = Lab::start().await;
    make_role(&lab, EVERYTHING).await;
    let function = make_function(&lab, "sink", "store").await;
    let calls = AtomicUsize::new(0);
    lab.server.functions.answer("sink", move |_| {
        Ok(match calls.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => ScriptedFunctions::raised("not yet"),
            _ => ScriptedFunctions::answered("null"),
        })
    });
    let actions = json!([{"lambda": {"functionArn": function}}]);
    make_rule(&lab, "store", "SELECT * FROM 'in'", actions, republish("errors")).await;
    let (mut pump, mut errors) = pump_and_errors(&lab).await;
    assert!(pump.publish("in", b"{}").await);
    until("the third try is done", || {
        metric(&lab, "rule_actions_total{outcome=\"done\"}") == 1.0
    })
    .await;
    assert_eq!(lab.server.functions.take_calls().len(), 3);
    lab.server
        .functions
        .answer("sink", |_| Ok(ScriptedFunctions::raised("never")));
    assert!(pump.publish("in", b"{}").await);
    until("the event is dropped", || {
        metric(&lab, "rule_actions_total{outcome=\"done\"}") == 2.0
    })
    .await;
    assert_eq!(lab.server.functions.take_calls().len(), 3);
    assert!(errors.is_alive().await, "and nobody was told of an error");

    // A function that cannot be called is one.
    lab.server
        .functions
        .answer("sink", |_| Err(RunError::TooManyRequests));
    assert!(pump.publish("in", b"{}").await);
    let failures = failure(&mut errors).await;
    assert_eq!(failures[0]["failedAction"], "LambdaAction");
    let message = failures[0]["errorMessage"].as_str().unwrap();
    assert!(message.contains("too many calls"), "{message}");
}

#[tokio::test]
async fn what_cannot_be_called_is_told_to_the_error_action_once() {
    let lab = Lab::start().await;
    make_role(&lab, EVERYTHING).await;
    let function = make_function(&lab, "sink", "another_rule").await;
    let absent = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:absent");
    let foreign = "arn:aws:lambda:us-east-1:210987654321:function:sink";
    let actions = json!([
        {"lambda": {"functionArn": function}},
        {"lambda": {"functionArn": absent}},
        {"lambda": {"functionArn": foreign}},
        {"lambda": {"functionArn": "${missing}"}},
        {"sqs": {"roleArn": ROLE, "queueUrl": "https://sqs.example/q"}},
        republish("a/${missing}"),
        republish("fine"),
    ]);
    make_rule(&lab, "store", "SELECT * FROM 'in'", actions, republish("errors")).await;
    let (mut pump, mut errors) = pump_and_errors(&lab).await;
    assert!(pump.publish("in", b"{}").await);
    let failures = failure(&mut errors).await;
    let mut seen: Vec<(String, String)> = failures
        .as_array()
        .unwrap()
        .iter()
        .map(|failure| {
            assert!(!failure["errorMessage"].as_str().unwrap().is_empty());
            let text = |name: &str| failure[name].as_str().unwrap().to_owned();
            (text("failedAction"), text("failedResource"))
        })
        .collect();
    seen.sort();
    let pair = |kind: &str, resource: &str| (kind.to_owned(), resource.to_owned());
    let mut expected = vec![
        pair("LambdaAction", ""),
        pair("LambdaAction", &absent),
        pair("LambdaAction", foreign),
        pair("LambdaAction", &function),
        pair("RepublishAction", ""),
        pair("SqsAction", "sqs"),
    ];
    expected.sort();
    assert_eq!(seen, expected);
    assert_eq!(lab.server.functions.take_calls().len(), 0);
    assert!(errors.is_alive().await, "it is told once");
}

#[tokio::test]
async fn a_statement_asks_functions_and_the_registry() {
    let lab = Lab::start().await;
    make_role(&lab, EVERYTHING).await;
    let function = make_function(&lab, "enrich", "store").await;
    lab.server.functions.answer("enrich", |call| {
        let event: Value = serde_json::from_slice(&call.event).unwrap();
        Ok(ScriptedFunctions::answered(
            json!({"twice": event["n"].as_i64().unwrap() * 2}).to_string(),
        ))
    });
    lab.thing("pump", &[("site", "north")]).await;
    let sql = format!(
        "SELECT n, aws_lambda('{function}', {{\"n\": n}}).twice AS m, \
         get_registry_data('DescribeThing', clientid(), '{ROLE}').attributes.site AS site, \
         get_thing_shadow(clientid(), '{ROLE}') AS shadow FROM 'in'"
    );
    make_rule(&lab, "store", &sql, json!([republish("out")]), Value::Null).await;
    let device = lab.device(EVERYTHING).await;
    let mut watcher = lab.dial(&device).connect("watcher").await;
    watcher.subscribe("out", AtMostOnce).await;
    let mut pump = lab.dial(&device).connect("pump").await;
    assert!(pump.publish("in", br#"{"n":21}"#).await);
    assert_eq!(watcher.text().await, r#"{"n":21,"m":42,"site":"north"}"#);
    lab.server
        .functions
        .answer("enrich", |_| Ok(ScriptedFunctions::raised("no")));
    assert!(pump.publish("in", br#"{"n":21}"#).await);
    assert_eq!(watcher.text().await, r#"{"n":21,"site":"north"}"#);
}

/// Gives back the token that the receiver was sent.
async fn confirm(lab: &Lab, receiver: &mut Receiver) {
    let confirmation = receiver.next().await;
    let token = confirmation.json()["confirmationToken"].clone();
    let target = format!("/confirmdestination/{}", token.as_str().unwrap());
    let reply = lab.server.administrator().call("GET", &target).await;
    assert_eq!(reply.status, 200, "{reply}");
}

#[tokio::test]
async fn messages_are_posted_to_a_confirmed_url_alone() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, super::lab::config()).await;
        make_role(&lab, EVERYTHING).await;
        let mut receiver = Receiver::start().await;
        let action = json!({"http": {"url": receiver.url("/in/${topic(2)}?n=${n}"), "confirmationUrl": receiver.url("/"),
            "headers": [{"key": "x-line", "value": "${topic(2)}"}]}});
        make_rule(
            &lab,
            "post",
            "SELECT n FROM 'in/+'",
            json!([action]),
            republish("errors"),
        )
        .await;
        let (mut pump, mut errors) = pump_and_errors(&lab).await;
        // Nothing before it is confirmed. The rule made the destination.
        let confirmation = receiver.next().await;
        assert!(
            confirmation.target.starts_with("/?confirmationToken="),
            "{confirmation:?}"
        );
        assert!(pump.publish("in/4", br#"{"n":1}"#).await);
        let failures = failure(&mut errors).await;
        assert_eq!(failures[0]["failedAction"], "HttpAction");
        assert_eq!(failures[0]["failedResource"], json!(receiver.url("/in/4?n=1")));
        assert!(receiver.try_next().is_none());
        let token = confirmation.json()["confirmationToken"].clone();
        let target = format!("/confirmdestination/{}", token.as_str().unwrap());
        let reply = lab.server.administrator().call("GET", &target).await;
        assert_eq!(reply.status, 200, "{reply}");

        assert!(pump.publish("in/4", br#"{"n":2,"m":3}"#).await);
        let received = receiver.next().await;
        assert_eq!(
            (received.method.as_str(), received.target.as_str()),
            ("POST", "/in/4?n=2")
        );
        assert_eq!(received.body, br#"{"n":2}"#);
        assert_eq!(received.header("content-type"), Some("application/json"));
        assert_eq!(received.header("x-line"), Some("4"));
        assert!(received.header("authorization").is_none());

        // Three tries after 429 and 5xx, one after any other status.
        for (status, tries) in [(500, 3), (429, 3), (404, 1), (302, 1)] {
            receiver.answer(move |_| status);
            assert!(pump.publish("in/4", br#"{"n":5}"#).await);
            let failures = failure(&mut errors).await;
            let message = failures[0]["errorMessage"].as_str().unwrap();
            assert!(message.contains(&status.to_string()), "{message}");
            for _ in 0..tries {
                receiver.next().await;
            }
            assert!(receiver.try_next().is_none(), "{status}");
        }
        receiver.answer(|_| 200);
        // An expression that is Undefined fails the action, and nothing is sent.
        assert!(pump.publish("in/4", b"{}").await);
        failure(&mut errors).await;
        assert!(receiver.try_next().is_none());
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_post_is_signed_by_the_role() {
    let lab = Lab::start().await;
    make_role(&lab, EVERYTHING).await;
    let mut receiver = Receiver::start().await;
    let sigv4 = json!({"signingRegion": "eu-west-1", "serviceName": "execute-api", "roleArn": ROLE});
    let action = json!({"http": {"url": receiver.url("/signed"), "auth": {"sigv4": sigv4}}});
    make_rule(
        &lab,
        "post",
        "SELECT * FROM 'in'",
        json!([action]),
        republish("errors"),
    )
    .await;
    confirm(&lab, &mut receiver).await;
    let (mut pump, _errors) = pump_and_errors(&lab).await;
    assert!(pump.publish("in", b"not json").await);
    let received = receiver.next().await;
    assert_eq!(received.body, b"not json");
    assert_eq!(received.header("content-type"), Some("application/octet-stream"));
    let authorization = received.header("authorization").unwrap();
    assert!(
        authorization.starts_with("AWS4-HMAC-SHA256 Credential=ASIA")
            && authorization.contains("/eu-west-1/execute-api/aws4_request"),
        "{authorization}"
    );
    assert!(received.header("x-amz-security-token").is_some());
    let headers: Vec<(&str, &[u8])> = received
        .headers()
        .map(|(name, value)| (name, value.as_bytes()))
        .collect();
    let request = thingsmith_sigv4::Request {
        method: "POST",
        target: b"/signed",
        headers: &headers,
    };
    let signed = thingsmith_sigv4::SignedRequest::parse(request).unwrap();
    assert!(signed.signed_headers().iter().any(|name| name == "host"));
}
