//! Requests that no client of AWS's would send.

use std::time::Duration;

use serde_json::json;
use thingsmith_model::{Secret, Timestamp};
use thingsmith_ports::Clock;
use thingsmith_sigv4::{PayloadHash, Request, presign};
use thingsmith_testkit::{Client, Reply, TestServer, raw};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::named;

fn refused(reply: &Reply, status: u16, exception: &str) {
    assert_eq!((reply.status, reply.exception()), (status, exception), "{reply}");
    assert_eq!(reply.header("x-amzn-requestid").map(str::len), Some(36));
}

/// A signed request with something changed on its way.
async fn tampered(client: &Client, from: &str, to: &str) -> Reply {
    let signed = client.signed(
        "POST",
        "/things/pump?x=1",
        &[("content-type", "application/json")],
        br#"{"a":1}"#,
    );
    let text = String::from_utf8(signed).unwrap();
    assert!(text.contains(from), "{text}");
    raw(client.address, text.replacen(from, to, 1).as_bytes()).await
}

#[tokio::test]
async fn a_request_that_was_changed_on_its_way_is_refused() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    assert_eq!(tampered(&admin, "POST", "POST").await.status, 200);
    for (from, to) in [
        ("POST", "PATCH"),
        ("/things/pump", "/things/bump"),
        ("x=1", "x=2"),
        ("x=1", "x=1&thingTypeName=T"),
        (r#"{"a":1}"#, r#"{"a":2}"#),
        ("application/json", "application/jsom"),
        ("us-east-1/iot", "eu-west-1/iot"),
        ("host: 127", "host: 128"),
        ("Signature=", "Signature=0000"),
    ] {
        let reply = tampered(&admin, from, to).await;
        assert!(matches!(reply.status, 400 | 403), "{from} to {to}: {reply}");
        assert!(
            matches!(
                reply.exception(),
                "InvalidSignatureException" | "IncompleteSignatureException"
            ),
            "{reply}"
        );
    }
    refused(
        &tampered(&admin, "/us-east-1/iot/", "/us-east-1/sts/").await,
        403,
        "SignatureDoesNotMatch",
    );
    refused(
        &tampered(&admin, "/us-east-1/", "/US_EAST/").await,
        403,
        "InvalidSignatureException",
    );
    refused(
        &tampered(&admin, "AWS4-HMAC-SHA256 Cred", "AWS4-HMAC-SHA1 Cred").await,
        400,
        "IncompleteSignatureException",
    );
    refused(
        &tampered(&admin, "SignedHeaders=", "Else=").await,
        400,
        "IncompleteSignatureException",
    );
    refused(
        &tampered(&admin, "authorization: ", "x-else: ").await,
        403,
        "MissingAuthenticationTokenException",
    );
    refused(
        &tampered(
            &admin,
            "authorization: ",
            "authorization: AWS x:y\r\nauthorization: ",
        )
        .await,
        400,
        "IncompleteSignatureException",
    );
    refused(
        &tampered(
            &admin,
            "x-amz-date: ",
            "x-amz-date: 20261121T200000Z\r\nx-amz-date: ",
        )
        .await,
        400,
        "IncompleteSignatureException",
    );
    refused(
        &tampered(&admin, "host: ", "x-amz-security-token: t\r\nhost: ").await,
        403,
        "InvalidSignatureException",
    );
}

#[tokio::test]
async fn only_known_keys_with_their_secret_and_the_right_time_are_let_in() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let mut stranger = admin.clone();
    stranger.signer.access_key_id = "AKIANOBODY".into();
    insta::assert_snapshot!(stranger.call("GET", "/things").await, @r#"
    403 UnrecognizedClientException
    {
      "message": "The security token included in the request is invalid."
    }
    "#);
    let mut forger = admin.clone();
    forger.signer.secret_access_key = Secret::new("another".into());
    insta::assert_snapshot!(forger.call("GET", "/things").await, @r#"
    403 InvalidSignatureException
    {
      "message": "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    }
    "#);
    let mut session = admin.clone();
    session.signer.session_token = Some("a token of somebody's".into());
    refused(
        &session.call("GET", "/things").await,
        403,
        "UnrecognizedClientException",
    );

    let early = admin.signed("GET", "/things", &[], b"");
    server.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(raw(server.address, &early).await.status, 200);
    server.clock.advance(Duration::from_secs(1));
    insta::assert_snapshot!(raw(server.address, &early).await, @r#"
    403 InvalidSignatureException
    {
      "message": "Signature expired: 20261121T200000Z is now earlier than 20261121T200001Z (20261121T201501Z - 15 min.)"
    }
    "#);
    assert_eq!(admin.call("GET", "/things").await.status, 200);
}

#[tokio::test]
async fn a_presigned_request_lives_as_long_as_it_says() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let host = server.address.to_string();
    let headers = [("host", host.as_bytes())];
    let request = Request {
        method: "GET",
        target: b"/things?maxResults=1",
        headers: &headers,
    };
    let now: Timestamp = server.clock.now();
    let target = presign(&admin.signer, &request, PayloadHash::of(b""), now, Some(60)).unwrap();
    let send = |target: String| {
        let request = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        let address = server.address;
        async move { raw(address, request.as_bytes()).await }
    };
    assert_eq!(send(target.clone()).await.status, 200);
    refused(
        &send(target.replace("maxResults=1", "maxResults=2")).await,
        403,
        "InvalidSignatureException",
    );
    refused(
        &send(target.replace("X-Amz-Expires=60", "X-Amz-Expires=86400")).await,
        403,
        "InvalidSignatureException",
    );
    refused(
        &send(format!("{target}&X-Amz-Signature=00")).await,
        400,
        "IncompleteSignatureException",
    );
    server.clock.advance(Duration::from_secs(61));
    refused(&send(target).await, 403, "InvalidSignatureException");
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let post = |body: &'static [u8]| admin.send("POST", "/things/pump", &[], body);
    for body in [
        &b"{"[..],
        b"[]",
        b"\"text\"",
        b"null",
        b"{} {}",
        b"{\"thingTypeName\": \"\xff\"}",
        b"{\"thingTypeName\": 1}",
        b"{\"thingTypeName\": [\"T\"]}",
        b"{\"attributePayload\": []}",
        b"{\"attributePayload\": {\"attributes\": {\"a\": 1}}}",
        b"{\"attributePayload\": {\"attributes\": {\"a\": null}}}",
        b"{\"attributePayload\": {\"merge\": \"true\"}}",
        b"{\"a\": 1e999}",
    ] {
        let reply = post(body).await;
        refused(&reply, 400, "SerializationException");
    }
    let deep = [b"{\"a\":".repeat(100_000), b"}".repeat(100_000)].concat();
    refused(
        &admin.send("POST", "/things/pump", &[], &deep).await,
        400,
        "SerializationException",
    );
    insta::assert_snapshot!(post(b"{\"attributePayload\": []}").await, @r#"
    400 SerializationException
    {
      "message": "'attributePayload' must be an object, not a list"
    }
    "#);
    // What the model does not know is passed over, and null is absent.
    assert_eq!(
        post(b"{\"unknown\": {}, \"thingTypeName\": null}").await.status,
        200
    );
    // A member of the path cannot be given in the body.
    let reply = admin
        .call_with("POST", "/things/label", json!({"thingName": "body"}))
        .await;
    assert_eq!(reply.text("thingName"), "label");
}

#[tokio::test]
async fn paths_and_queries_are_read_as_they_were_sent() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    named(&admin, "CreateThing", json!({"thingName": "a:b"})).await;
    for path in ["/things/a:b", "/things/a%3Ab", "/things/a%3ab", "/things/%61:b"] {
        assert_eq!(admin.call("GET", path).await.status, 200, "{path}");
    }
    // An encoded slash stays inside its name, and is no character of it.
    refused(
        &admin.call("GET", "/things/a%2Fprincipals").await,
        400,
        "InvalidRequestException",
    );
    refused(
        &admin.call("GET", "/things/%ff").await,
        400,
        "SerializationException",
    );
    refused(
        &admin.call("GET", "/things/a%zz").await,
        400,
        "InvalidRequestException",
    );
    refused(
        &admin.call("GET", "/things/%00").await,
        400,
        "InvalidRequestException",
    );
    refused(
        &admin.call("GET", "/things/").await,
        404,
        "UnknownOperationException",
    );
    refused(
        &admin.call("GET", "//things").await,
        404,
        "UnknownOperationException",
    );
    refused(
        &admin.call("GET", "/things/../things").await,
        404,
        "UnknownOperationException",
    );
    refused(
        &admin.call("BREW", "/things").await,
        404,
        "UnknownOperationException",
    );
    insta::assert_snapshot!(admin.call("GET", "/nothing/here").await, @r#"
    404 UnknownOperationException
    {
      "message": "No operation is reached by GET /nothing/here."
    }
    "#);
    refused(
        &admin.call("GET", "/things?maxResults=ten").await,
        400,
        "SerializationException",
    );
    refused(
        &admin.call("GET", "/things?maxResults=99999999999").await,
        400,
        "SerializationException",
    );
    refused(
        &admin.call("GET", "/things?attributeName=%ff").await,
        400,
        "SerializationException",
    );
    insta::assert_snapshot!(admin.call("GET", "/things?maxResults=1&maxResults=2").await, @r#"
    400 SerializationException
    {
      "message": "'maxResults' is given more than once."
    }
    "#);
    let principals = [("x-amzn-principal", "a"), ("x-amzn-principal", "b")];
    refused(
        &admin
            .send("PUT", "/things/a:b/principals", &principals, b"")
            .await,
        400,
        "SerializationException",
    );
    assert_eq!(
        admin
            .call("GET", "/things?unknown=1&&=&maxResults=1")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn what_is_not_written_says_so() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    insta::assert_snapshot!(admin.call("GET", "/jobs").await, @r#"
    501 NotImplementedException
    {
      "message": "The operation ListJobs is not implemented."
    }
    "#);
    insta::assert_snapshot!(admin.clone().service("acm").call("POST", "/topics/a").await, @r#"
    501 NotImplementedException
    {
      "message": "The service acm is not implemented."
    }
    "#);
    insta::assert_snapshot!(admin.clone().service("nosuch").call("GET", "/").await, @r#"
    404 UnknownOperationException
    {
      "message": "There is no service nosuch."
    }
    "#);
    for missing in thingsmith_api::iot::MISSING {
        let operation = thingsmith_testkit::iot().operation(missing).unwrap();
        let path = operation
            .http
            .uri
            .to_string()
            .replace("{", "")
            .replace("+}", "")
            .replace("}", "");
        let reply = admin.call(&operation.http.method, &path).await;
        refused(&reply, 501, "NotImplementedException");
        assert!(reply.message().contains(missing), "{missing}: {reply}");
    }
}

#[tokio::test]
async fn a_body_has_an_end() {
    let server = TestServer::builder()
        .config(|config| config.body_bytes = 10_000)
        .start()
        .await;
    let admin = server.administrator();
    let fits = format!("{{\"unknown\": \"{}\"}}", "a".repeat(9_000));
    assert_eq!(
        admin
            .send("POST", "/things/pump", &[], fits.as_bytes())
            .await
            .status,
        200
    );
    let announced = admin.send("POST", "/things/pump", &[], &[b'a'; 10_001]).await;
    refused(&announced, 413, "RequestEntityTooLargeException");
    // A body in chunks that does not say how long it will be.
    let signed = String::from_utf8(admin.signed("POST", "/things/pump", &[], b"")).unwrap();
    let head = signed.replace("content-length: 0", "transfer-encoding: chunked");
    let chunk = format!("1000\r\n{}\r\n", "a".repeat(4096));
    let reply = raw(server.address, format!("{head}{}", chunk.repeat(5)).as_bytes()).await;
    refused(&reply, 413, "RequestEntityTooLargeException");
}

#[tokio::test]
async fn a_slow_body_is_not_waited_for() {
    let server = TestServer::builder()
        .config(|config| config.body_timeout = Duration::from_millis(50))
        .start()
        .await;
    let signed =
        String::from_utf8(server.administrator().signed("POST", "/things/pump", &[], b"{}")).unwrap();
    let reply = raw_without_end(&server, signed.trim_end_matches("{}")).await;
    refused(&reply, 408, "RequestTimeoutException");
}

/// Sends bytes and keeps the connection open.
async fn raw_without_end(server: &TestServer, text: &str) -> Reply {
    raw(server.address, text.as_bytes()).await
}

#[tokio::test]
async fn nonsense_is_answered_or_cut_off_and_the_server_goes_on() {
    let server = TestServer::start().await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"\0\0\0\0\0\0\0\0",
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(
            !answer.starts_with(b"HTTP/1.1 2"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
    }
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(20_000));
    let reply = raw(server.address, many.as_bytes()).await;
    assert_eq!(reply.status, 431);
    assert_eq!(server.administrator().call("GET", "/things").await.status, 200);
}

#[tokio::test]
async fn a_connection_is_kept_and_ends_with_the_server() {
    let server = TestServer::start().await;
    let signed = String::from_utf8(server.administrator().signed("GET", "/things", &[], b"")).unwrap();
    let kept = signed.replace("connection: close\r\n", "");
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let mut buffer = [0; 4096];
    for _ in 0..3 {
        stream.write_all(kept.as_bytes()).await.unwrap();
        let length = stream.read(&mut buffer).await.unwrap();
        assert!(buffer[..length].starts_with(b"HTTP/1.1 200"));
    }
    server.stop().await;
    assert_eq!(stream.read(&mut buffer).await.unwrap(), 0);
}
