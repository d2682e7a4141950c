//! Requests of devices that come at once: of one token, and more of one connection than are attended to.

use serde_json::{Value, json};
use thingsmith_core::claims;
use thingsmith_gateway::Config;
use thingsmith_mqtt::{Packet, PubAck, PublishQos};
use thingsmith_testkit::Engine;

use super::claims::{
    Format, REGISTER, ask, claim_policy, fleet, give, granted, registration, rejected, template,
};
use super::claims_hooks::{answers, with_hook};
use super::factory::described;
use super::lab::{Lab, allow};
use super::rules::until;
use super::wire::{Wire, id, publish};

/// Requests of one connection that are attended to at once.
const AT_ONCE: usize = 16;

#[tokio::test]
async fn one_token_registers_once_however_many_use_it_at_once() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        fleet(&lab, &template(), json!({})).await;
        let claim = lab.device(&claim_policy()).await;
        let node = lab.another_node().await;
        let mut one = lab.dial(&claim).connect("one").await;
        let elsewhere = match &node {
            Some(node) => lab.dial(&claim).at(node.address),
            None => lab.dial(&claim),
        };
        let mut two = elsewhere.connect("two").await;
        let rounds = 20;
        for round in 0..rounds {
            let given = give(&lab, &mut one).await;
            // The same device twice, and two that say they are different ones.
            let serials = match round % 2 {
                0 => [format!("{round}"), format!("{round}")],
                _ => [format!("{round}-a"), format!("{round}-b")],
            };
            let [first, second] = serials
                .each_ref()
                .map(|serial| registration(&given.token, serial).to_string().into_bytes());
            let (first, second) = tokio::join!(
                ask(&mut one, REGISTER, Format::Json, &first),
                ask(&mut two, REGISTER, Format::Json, &second),
            );
            let answers = [(&first, &serials[0]), (&second, &serials[1])];
            let won: Vec<_> = answers.iter().filter(|(answer, _)| answer.0).collect();
            assert_eq!(won.len(), 1, "{} {}", first.1, second.1);
            for ((accepted, answer, _), serial) in answers {
                match accepted {
                    true => assert_eq!(answer["thingName"], format!("pump-{serial}")),
                    false => {
                        assert_eq!(answer["errorCode"], "InvalidCertificateOwnershipToken");
                        assert_eq!(
                            answer["errorMessage"],
                            "The certificate ownership token was used already."
                        );
                    }
                }
            }
            assert_eq!(described(&lab, &given.device).await["status"], "ACTIVE");
        }
        let counted = claims::audit(&lab.server.deeds, &lab.realm, None).await.unwrap();
        assert_eq!(counted[0].registrations, rounds);
        lab.stop().await;
    }
}

/// Publishes a request and reads what follows until the answer of the broker: what was received before it.
async fn begin(wire: &mut Wire, number: u16, request: &Value) -> Vec<(String, Value)> {
    let topic = format!("{REGISTER}/json");
    let payload = request.to_string();
    wire.send(&publish(
        &topic,
        payload.as_bytes(),
        PublishQos::AtLeastOnce(id(number)),
    ))
    .await;
    let mut received = Vec::new();
    loop {
        match wire.next().await {
            Some(Packet::PubAck(answer)) => {
                assert_eq!(answer, PubAck::success(id(number)));
                return received;
            }
            Some(Packet::Publish(message)) => received.push((
                message.message.topic.to_string(),
                Format::Json.read(&message.message.payload),
            )),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn sixteen_requests_of_a_connection_are_attended_to_at_once() {
    let lab = Lab::start().await;
    let claim = with_hook(&lab).await;
    answers(&lab, json!({"allowProvisioning": true}));
    let mut wire = lab.dial(&claim).connect("claim").await;
    let mut tokens = Vec::new();
    for _ in 0..=AT_ONCE {
        tokens.push(give(&lab, &mut wire).await.token);
    }
    let held = lab.server.functions.hold("hook");
    for (number, token) in (1..).zip(&tokens[..AT_ONCE]) {
        let request = registration(token, &number.to_string());
        assert!(begin(&mut wire, number, &request).await.is_empty());
    }
    let mut asked = 0;
    until("the hook is asked for each", || {
        asked += lab.server.functions.take_calls().len();
        asked == AT_ONCE
    })
    .await;
    // One more is refused at once, as is any of another kind, and the connection stays.
    let refused = begin(&mut wire, 100, &registration(&tokens[AT_ONCE], "17")).await;
    let expected = json!({"statusCode": 429, "errorCode": "Throttled",
        "errorMessage": "Too many requests of this connection are under way."});
    assert_eq!(refused, [(format!("{REGISTER}/json/rejected"), expected)]);
    let record = lab.server.deeds.decisions().about("claim").pop().unwrap();
    assert_eq!(record.template_step, Some("limits"));
    assert!(lab.server.functions.take_calls().is_empty());
    // Another connection of the same claim has sixteen of its own; what it is given it may not use, since the hook waits.
    let mut other = lab.dial(&claim).connect("other").await;
    give(&lab, &mut other).await;

    drop(held);
    let mut things = Vec::new();
    for _ in 0..AT_ONCE {
        let (topic, payload, _) = wire.message().await;
        assert_eq!(topic, format!("{REGISTER}/json/accepted"));
        let answer = Format::Json.read(&payload);
        things.push(answer["thingName"].as_str().unwrap().to_owned());
    }
    things.sort_unstable();
    let mut all: Vec<String> = (1..=AT_ONCE).map(|number| format!("pump-{number}")).collect();
    all.sort_unstable();
    assert_eq!(things, all);
    // Its token was not looked at, and is good still.
    granted(
        &mut wire,
        REGISTER,
        Format::Json,
        registration(&tokens[AT_ONCE], "17"),
    )
    .await;
    lab.stop().await;
}

#[tokio::test]
async fn who_may_receive_nothing_is_not_told_that_it_asks_too_much() {
    let lab = Lab::start().await;
    drop(with_hook(&lab).await);
    answers(&lab, json!({"allowProvisioning": true}));
    let claim = lab.stranger("claim").await;
    let open = lab.attach(&claim, &claim_policy()).await;
    let mut wire = lab.dial(&claim).connect("claim").await;
    let mut requests = Vec::new();
    for number in 0..=AT_ONCE {
        let given = give(&lab, &mut wire).await;
        requests.push(registration(&given.token, &number.to_string()));
    }
    let mute = allow(&[
        ("Connect", "client/*"),
        ("Publish", "topic/$aws/provisioning-templates/*"),
    ]);
    lab.attach(&claim, &mute).await;
    // Only now, since a connection ends that may not connect any more.
    lab.detach(&claim, &open).await;
    let _held = lab.server.functions.hold("hook");
    for (number, request) in (1..).zip(&requests) {
        assert!(begin(&mut wire, number, request).await.is_empty());
    }
    let record = lab.server.deeds.decisions().about("claim").pop().unwrap();
    assert_eq!(record.stage.as_str(), "receive");
    assert!(wire.is_alive().await);
    lab.stop().await;
}

#[tokio::test]
async fn who_leaves_while_the_hook_is_asked_registers_nothing() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let claim = with_hook(&lab).await;
        answers(&lab, json!({"allowProvisioning": true}));
        let mut wire = lab.dial(&claim).connect("claim").await;
        let given = give(&lab, &mut wire).await;
        let held = lab.server.functions.hold("hook");
        let request = registration(&given.token, "1");
        assert!(begin(&mut wire, 1, &request).await.is_empty());
        until("the hook is asked", || {
            !lab.server.functions.take_calls().is_empty()
        })
        .await;
        drop(wire);
        lab.until_connected(0).await;
        drop(held);
        assert_eq!(
            described(&lab, &given.device).await["status"],
            "PENDING_ACTIVATION"
        );
        // It comes back, and the token is its own still, and nobody else's.
        let other = lab.device(&claim_policy()).await;
        let mut stranger = lab.dial(&other).connect("stranger").await;
        let (status, code, _) = rejected(&mut stranger, REGISTER, Format::Json, request.clone()).await;
        assert_eq!((status, code.as_str()), (400, "InvalidCertificateOwnershipToken"));
        let mut wire = lab.dial(&claim).connect("claim").await;
        granted(&mut wire, REGISTER, Format::Json, request).await;
        assert_eq!(described(&lab, &given.device).await["status"], "ACTIVE");
        lab.stop().await;
    }
}
