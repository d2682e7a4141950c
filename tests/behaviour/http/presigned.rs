//! Requests that carry their signature in the URL.

use std::time::Duration;

use serde_json::json;
use thingsmith_sigv4::{PayloadHash, Request, presign};
use thingsmith_testkit::{ACCOUNT, Client, Reply, TestServer, raw};

use super::iam::{LIST_THINGS, TRUST};
use super::query::{client_of, done, element, iam, refused, sts};
use thingsmith_ports::Clock;

/// A URL's path and query, signed now for so many seconds.
fn signed(server: &TestServer, client: &Client, target: &str, seconds: Option<u32>) -> String {
    let host = server.address.to_string();
    let headers: [(&str, &[u8]); 1] = [("host", host.as_bytes())];
    let request = Request {
        method: "GET",
        target: target.as_bytes(),
        headers: &headers,
    };
    presign(
        &client.signer,
        &request,
        PayloadHash::of(b""),
        server.clock.now(),
        seconds,
    )
    .unwrap()
}

async fn get(server: &TestServer, target: &str) -> Reply {
    let request = format!(
        "GET {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        server.address
    );
    raw(server.address, request.as_bytes()).await
}

#[tokio::test]
async fn a_signed_url_is_good_for_its_time_and_its_request() {
    let server = TestServer::builder()
        .key("lister", ACCOUNT, &[LIST_THINGS])
        .key("nothing", ACCOUNT, &[])
        .start()
        .await;
    let lister = server.client("lister");
    let url = signed(&server, &lister, "/things?maxResults=5", Some(3600));
    done(get(&server, &url).await);
    // The parameters of the signature are none of the operation's members, and all others are signed.
    for (changed, by) in [
        ("maxResults=5", "maxResults=6"),
        ("/things?", "/thing-groups?"),
        ("X-Amz-Expires=3600", "X-Amz-Expires=7200"),
        ("us-east-1", "eu-west-1"),
    ] {
        let forged = url.replace(changed, by);
        assert_ne!(forged, url, "{changed}");
        refused(&get(&server, &forged).await, 403, "InvalidSignatureException");
    }
    refused(
        &get(
            &server,
            &signed(&server, &server.client("nothing"), "/things", Some(60)),
        )
        .await,
        403,
        "AccessDeniedException",
    );
    refused(
        &get(
            &server,
            &signed(&server, &server.client("nobody"), "/things", Some(60)),
        )
        .await,
        403,
        "UnrecognizedClientException",
    );
    refused(
        &get(&server, &signed(&server, &lister, "/things", Some(86_401))).await,
        400,
        "IncompleteSignatureException",
    );
    server.clock.advance(Duration::from_secs(3599));
    done(get(&server, &url).await);
    server.clock.advance(Duration::from_secs(2));
    refused(&get(&server, &url).await, 403, "InvalidSignatureException");
    // Without a time of its own, the ordinary window holds.
    let brief = signed(&server, &lister, "/things", None);
    server.clock.advance(Duration::from_secs(15 * 60));
    done(get(&server, &brief).await);
    server.clock.advance(Duration::from_secs(1));
    refused(&get(&server, &brief).await, 403, "InvalidSignatureException");
}

#[tokio::test]
async fn a_signed_url_tells_who_signed_it() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let ask = "/?Action=GetCallerIdentity&Version=2011-06-15";
    let url = signed(&server, &admin.clone().service("sts"), ask, Some(60));
    let who = done(get(&server, &url).await);
    assert_eq!(element(&who, "Arn"), "arn:aws:iam::123456789012:root");

    let new = json!({"RoleName": "line", "AssumeRolePolicyDocument": TRUST});
    done(iam(&admin, "CreateRole", new).await);
    let input = json!({"RoleArn": "arn:aws:iam::123456789012:role/line", "RoleSessionName": "url", "DurationSeconds": 900});
    let session = client_of(&server, &done(sts(&admin, "AssumeRole", input).await)).service("sts");
    let url = signed(&server, &session, ask, Some(86_400));
    let who = done(get(&server, &url).await);
    assert_eq!(
        element(&who, "Arn"),
        "arn:aws:sts::123456789012:assumed-role/line/url"
    );
    // A URL does not outlive its session.
    server.clock.advance(Duration::from_secs(901));
    refused(&get(&server, &url).await, 403, "ExpiredToken");
}
