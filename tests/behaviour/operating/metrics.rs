use std::io::{Read, Write};
use std::net::TcpStream;

use super::Device;
use crate::server::{Home, Server};

fn get(server: &Server<'_>, request: &str) -> (String, String) {
    let address = server.admin.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// The page of metrics.
pub(crate) fn metrics(server: &Server<'_>) -> String {
    let (head, body) = get(
        server,
        "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    );
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    body
}

/// The value of a metric with its labels as they are written.
pub(crate) fn value(text: &str, name: &str) -> f64 {
    let line = text
        .lines()
        .find(|line| line.rsplit_once(' ').is_some_and(|(found, _)| found == name));
    let line = line.unwrap_or_else(|| panic!("{name} is not in\n{text}"));
    line.rsplit_once(' ').unwrap().1.parse().unwrap()
}

#[tokio::test]
async fn what_happens_is_counted() {
    let home = Home::sqlite();
    let server = home.start();
    let mut caller = server.administrator();
    let device = Device::new(&mut caller);
    assert!(device.connect(&server, "pump").await.is_err());
    device.allow(&mut caller, "all", &["iot:*"]);
    let mut client = device.connect(&server, "pump").await.unwrap();
    client.subscribe("a").await.unwrap();
    client.publish("a", &b"1"[..]).await.unwrap();
    client.next_message().await.unwrap();
    let answer = caller.call("GET", "/things/absent", &[], super::none()).unwrap();
    assert_eq!(answer.status, 404);

    let text = metrics(&server);
    for (name, expected) in [
        ("thingsmith_connections_open", 1.0),
        ("thingsmith_connections_accepted_total", 2.0),
        ("thingsmith_refused_total{stage=\"connect\"}", 1.0),
        ("thingsmith_refused_total{stage=\"publish\"}", 0.0),
        ("thingsmith_messages_in_total", 1.0),
        ("thingsmith_messages_out_total", 1.0),
        ("thingsmith_deliveries_dropped_total", 0.0),
        (
            "thingsmith_api_requests_total{operation=\"Create\",status=\"200\"}",
            2.0,
        ),
        (
            "thingsmith_api_requests_total{operation=\"Describe\",status=\"404\"}",
            1.0,
        ),
    ] {
        assert_eq!(value(&text, name), expected, "{name} in\n{text}");
    }
    assert!(value(&text, "thingsmith_store_commits_total") >= 3.0);
    assert!(value(&text, "thingsmith_watched_objects") >= 2.0);
    assert!(value(&text, "thingsmith_outbox_lag_seconds") < 10.0);
    assert!(value(&text, "thingsmith_rsa_keys_ready") >= 0.0);
    let mut described: Option<&str> = None;
    for line in text.lines() {
        match line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            Some((name, kind)) => {
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
                described = Some(name);
            }
            None if line.starts_with('#') => {}
            None => assert!(described.is_some_and(|name| line.starts_with(name)), "{line}"),
        }
    }
}

#[test]
fn nothing_else_is_there() {
    let home = Home::sqlite();
    let server = home.start();
    for (request, status) in [("GET /", 404), ("POST /metrics", 405), ("GET /metrics/x", 404)] {
        let (head, _) = get(
            &server,
            &format!("{request} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
        );
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status} ")),
            "{request}: {head}"
        );
    }
}
