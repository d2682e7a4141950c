//! Measures; run with `cargo test --release -p thingsmith-policy speed -- --ignored --nocapture`.

use std::hint::black_box;
use std::time::Instant;

use crate::{Document, IotContext, Language, Request, ThingFacts, Verdict, evaluate};

#[test]
#[ignore = "prints how long a decision takes"]
fn a_typical_decision() {
    let text = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:us-east-1:123456789012:client/${iot:Connection.Thing.ThingName}"},
        {"Effect":"Allow","Action":"iot:Subscribe","Resource":"arn:aws:iot:us-east-1:123456789012:topicfilter/${iot:Connection.Thing.ThingName}/*"},
        {"Effect":"Allow","Action":["iot:Publish","iot:Receive"],"Resource":"arn:aws:iot:us-east-1:123456789012:topic/${iot:Connection.Thing.ThingName}/*"}]}"#;
    const TIMES: u32 = 1_000_000;
    let started = Instant::now();
    for _ in 0..TIMES / 100 {
        black_box(Document::parse(black_box(text), Language::Iot).unwrap());
    }
    println!("parse: {:?}", started.elapsed() / (TIMES / 100));
    let document = Document::parse(text, Language::Iot).unwrap();
    let thing = ThingFacts {
        name: "thermostat-4711".to_owned(),
        ..ThingFacts::default()
    };
    let variables = IotContext {
        client_id: Some("thermostat-4711"),
        thing: Some(&thing),
        ..IotContext::default()
    };
    for (what, topic, wanted) in [
        (
            "allowed",
            "thermostat-4711/telemetry/temperature",
            Verdict::Allowed,
        ),
        (
            "refused",
            "thermostat-4712/telemetry/temperature",
            Verdict::ImplicitDeny,
        ),
    ] {
        let resource = format!("arn:aws:iot:us-east-1:123456789012:topic/{topic}");
        let started = Instant::now();
        for _ in 0..TIMES {
            let request = Request {
                action: "iot:Publish",
                resource: black_box(&resource),
                variables: &variables,
            };
            let decision = evaluate([black_box(&document)], &request);
            assert_eq!(decision.verdict, wanted);
        }
        println!("evaluate, {what}: {:?}", started.elapsed() / TIMES);
    }
}
