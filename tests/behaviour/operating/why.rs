use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::time::Instant;

use serde_json::Value;

use super::{Device, PATIENCE, none, text, thingsmith};
use crate::server::{Home, Server};

fn why(server: &Server<'_>, whom: &str, flags: &[&str]) -> (Option<i32>, String, String) {
    let data = server.data();
    let mut arguments = vec!["why", whom, "--data-dir", data.to_str().unwrap()];
    arguments.extend(flags);
    let output = thingsmith(&arguments);
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// What `thingsmith why` knows of somebody.
pub(crate) fn records(server: &Server<'_>, whom: &str) -> Vec<Value> {
    let (code, said, complained) = why(server, whom, &["--json"]);
    assert_eq!((code, complained.as_str()), (Some(0), ""), "{whom}");
    said.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn why_says_what_was_refused_and_what_decided() {
    let home = Home::sqlite();
    let server = home.start();
    let mut caller = server.administrator();
    let device = Device::new(&mut caller);

    let (code, said, complained) = why(&server, "pump", &[]);
    assert_eq!((code, said.as_str()), (Some(1), ""));
    assert!(
        complained.starts_with("nothing was refused to \"pump\" lately"),
        "{complained}"
    );

    // CONNECT without a policy.
    assert!(device.connect(&server, "pump").await.is_err());
    let found = records(&server, "pump");
    let refused = found.last().unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(refused["stage"], "connect");
    assert_eq!(refused["action"], "iot:Connect");
    assert_eq!(refused["certificateId"], device.id.as_str());
    assert_eq!(refused["serverName"], "localhost");
    assert_eq!(refused["reason"], "no statement of an attached policy allows it");
    assert_eq!(
        refused["variables"][0],
        serde_json::json!(["iot:ClientId", "pump"])
    );
    assert_eq!(records(&server, &device.id), found);
    assert_eq!(records(&server, "127.0.0.1"), found);
    let (code, said, _) = why(&server, "pump", &[]);
    assert_eq!(code, Some(0));
    assert!(
        said.contains("refused at connect, client pump, certificate"),
        "{said}"
    );
    assert!(
        said.contains(": iot:Connect on pump: no statement of an attached policy allows it"),
        "{said}"
    );

    // SUBSCRIBE and PUBLISH; a payload is in no record.
    device.allow(&mut caller, "connects", &["iot:Connect"]);
    let mut client = device.connect(&server, "pump").await.unwrap();
    assert!(client.subscribe("plant/#").await.is_err());
    assert!(client.publish("plant/1", &b"a secret payload"[..]).await.is_err());
    let stages: Vec<String> = records(&server, "pump")
        .iter()
        .map(|record| {
            format!(
                "{} {}",
                record["stage"].as_str().unwrap(),
                record["resource"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(stages, ["connect pump", "subscribe plant/#", "publish plant/1"]);

    // The handshake of a certificate that is not active.
    caller.must(
        "PUT",
        &format!("/certificates/{}?newStatus=INACTIVE", device.id),
        none(),
    );
    assert!(device.connect(&server, "pump").await.is_err());
    let last = records(&server, &device.id).pop().unwrap();
    assert_eq!(last["stage"], "handshake");
    assert_eq!(last["reason"], format!("certificate {} is INACTIVE", device.id));

    // The same stands in a file of the owner's own, soon.
    let path = server.data().join("decisions.jsonl");
    let deadline = Instant::now() + PATIENCE;
    let kept = loop {
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        if kept.lines().count() >= 4 {
            break kept;
        }
        assert!(Instant::now() < deadline, "{kept}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert!(!kept.contains("secret payload"));
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let socket = std::fs::metadata(server.data().join("control.sock")).unwrap();
    assert!(socket.file_type().is_socket());
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_caller_of_the_api_that_may_not_is_known_too() {
    let home = Home::sqlite().config(
        "[[access_keys]]\naccess_key_id = \"AKIAREADER0000000000\"\nsecret_access_key = \"reads and reads and reads\"\nname = \"reader\"\n\
         policy = '{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"iot:CreateThing\", \"Resource\": \"*\"}]}'\n",
    );
    let server = home.start();
    let mut reader =
        crate::caller::Caller::new(&server.api, "AKIAREADER0000000000", "reads and reads and reads");
    let answer = reader.call("GET", "/things", &[], none()).unwrap();
    assert_eq!(answer.status, 403, "{answer:?}");
    let arn = format!("arn:aws:iam::{}:user/reader", crate::server::ACCOUNT);
    let found = records(&server, &arn);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (&found[0]["stage"], &found[0]["action"]),
        (&"api".into(), &"iot:ListThings".into())
    );
}

#[test]
fn without_a_server_there_is_a_sentence_and_a_code() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let output = thingsmith(&["why", "pump", "--data-dir", data]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        text(&output.stderr),
        format!("thingsmith: no server runs in {data}\n")
    );

    let home = Home::sqlite();
    let server = home.start();
    let socket = server.data().join("control.sock");
    assert!(socket.exists());
    server.stop();
    assert!(!socket.exists(), "a server that ends takes its socket with it");
    // One that was killed leaves it, and the next takes its place.
    home.start().kill();
    assert!(socket.exists());
    let output = thingsmith(&["why", "pump", "--data-dir", home.data().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let server = home.start();
    assert_eq!(why(&server, "pump", &[]).0, Some(1));
}
