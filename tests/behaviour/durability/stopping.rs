//! How a server ends: it lets what is under way end, and does not wait for ever.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use thingsmith_agent::{AgentError, Client, DeviceKey, Identity, Options};

use crate::caller;
use crate::server::Home;

#[test]
fn a_request_under_way_is_answered_and_idle_connections_are_closed() {
    let home = Home::sqlite();
    let server = home.start();
    let mut idle = server.administrator();
    idle.must("POST", "/things/before", json!({}));
    let body = json!({ "attributePayload": { "attributes": { "colour": "red" } } }).to_string();
    let request = idle.signed("POST", "/things/under-way", &[], &body);
    let mut under_way = idle.connect().unwrap();
    let (most, rest) = request.split_at(request.len() - 10);
    under_way.get_mut().write_all(most).unwrap();
    // A stranger that connects to the devices' port and says nothing.
    let silent = TcpStream::connect(("127.0.0.1", server.mqtt_port())).unwrap();
    std::thread::sleep(Duration::from_millis(100));

    let began = Instant::now();
    server.signal(Signal::TERM);
    wait_until("new connections are refused", || idle.connect().is_err());
    assert!(
        idle.call("GET", "/things/before", &[], Value::Null).is_err(),
        "the idle connection is still served"
    );
    under_way.get_mut().write_all(rest).unwrap();
    let answer = caller::read(&mut under_way).unwrap();
    assert_eq!(
        (answer.status, answer.text("thingName")),
        (200, "under-way".to_owned())
    );
    assert_eq!(
        under_way.read(&mut [0; 1]).unwrap(),
        0,
        "the connection is closed after its answer"
    );
    assert_eq!(server.ended().code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    drop(silent);

    let server = home.start();
    let answer = server
        .administrator()
        .must("GET", "/things/under-way", Value::Null);
    assert_eq!(answer.body["attributes"]["colour"], "red");
}

#[test]
fn a_request_that_never_ends_does_not_hold_the_server() {
    let home = Home::sqlite();
    let server = home.start();
    let caller = server.administrator();
    let mut slow = caller.connect().unwrap();
    slow.get_mut()
        .write_all(b"POST /things/slow HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n")
        .unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let began = Instant::now();
    assert_eq!(server.stop().code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn an_interrupt_from_the_terminal_stops_it_too() {
    let home = Home::sqlite();
    let server = home.start();
    server.signal(Signal::INT);
    assert_eq!(server.ended().code(), Some(0));
    assert!(
        !home.data().join("endpoints.json").exists(),
        "it is not to be reached any more"
    );
}

#[test]
fn devices_are_disconnected() {
    let home = Home::sqlite();
    let server = home.start();
    let mut caller = server.administrator();
    let key = DeviceKey::generate().unwrap();
    let request = json!({ "certificateSigningRequest": key.signing_request("pump").unwrap() });
    let answer = caller.must("POST", "/certificates?setAsActive=true", request);
    let policy = caller.allow_all();
    caller.attach_policy(policy, &answer.text("certificateArn"));
    let identity = Identity::from_pem(&answer.text("certificatePem"), &key.to_pem()).unwrap();
    let roots = std::fs::read_to_string(server.ca()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let options = Options {
            host: "127.0.0.1",
            port: server.mqtt_port(),
            server_name: "localhost",
            roots_pem: &roots,
            identity: &identity,
            client_id: "pump",
            patience: Duration::from_secs(15),
        };
        let mut client = Client::connect(&options).await.unwrap();
        client.subscribe("pump/inbox").await.unwrap();
        let began = Instant::now();
        server.signal(Signal::TERM);
        assert!(matches!(client.next_message().await, Err(AgentError::Closed)));
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    });
    assert_eq!(server.ended().code(), Some(0));
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while !holds() {
        assert!(Instant::now() < deadline, "not within five seconds: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
