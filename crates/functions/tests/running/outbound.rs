//! Functions behind URLs and behind other Lambdas.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::Value;
use thingsmith_functions::{Config, Runner};
use thingsmith_model::{Secret, Timestamp};
use thingsmith_ports::{
    Call, Clock, Failed, FunctionCredentials, FunctionKind, Functions, Outcome, RunError, Runnable, Supplies,
    SupplyError,
};
use thingsmith_sigv4::{PayloadHash, Request, Rules, SignedRequest, SigningKey};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::stage::Counter;

/// A clock that stands still.
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_795_262_400)
    }
}

struct Nothing;

#[async_trait::async_trait]
impl Supplies for Nothing {
    async fn code(&self) -> Result<bytes::Bytes, SupplyError> {
        unreachable!("it has no code here")
    }

    async fn credentials(&self) -> Result<Option<FunctionCredentials>, SupplyError> {
        unreachable!("it signs nothing")
    }
}

async fn runner(roots_pem: &str) -> Runner {
    let config = Config {
        local: None,
        roots_pem: roots_pem.into(),
    };
    Runner::start(config, Arc::new(Noon), Arc::new(Counter::default()))
        .await
        .unwrap()
}

fn call(kind: FunctionKind) -> Call {
    Call {
        function: Arc::new(Runnable {
            arn: "arn:aws:lambda:us-east-1:123456789012:function:hook".into(),
            name: "hook".into(),
            revision: "1".into(),
            kind,
            timeout: Duration::from_secs(20),
            supplies: Arc::new(Nothing),
        }),
        request_id: "00000000-0000-4000-8000-000000000001".into(),
        event: r#"{"a":1}"#.into(),
        client_context: None,
        patience: Duration::from_secs(60),
    }
}

fn http(url: String) -> FunctionKind {
    FunctionKind::Http {
        url,
        headers: vec![("Authorization".into(), Secret::new("Bearer token".into()))],
    }
}

/// Answers one request with these bytes and tells what it was.
async fn answer_once(answer: String) -> (String, oneshot::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let _ = tell.send(talk(stream, &answer).await);
    });
    (url, told)
}

async fn talk(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &str) -> String {
    let mut request = Vec::new();
    // Every event here is the same JSON, which ends the request.
    while !request.ends_with(br#"{"a":1}"#) {
        let mut buffer = [0; 4096];
        let length = stream.read(&mut buffer).await.unwrap();
        assert!(length > 0, "the request ends early");
        request.extend_from_slice(&buffer[..length]);
    }
    // A client that has read enough may be gone.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
    String::from_utf8(request).unwrap()
}

fn response(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn posted(answer: String) -> Result<Outcome, RunError> {
    let (url, _told) = answer_once(answer).await;
    runner("").await.run(call(http(url))).await
}

#[tokio::test]
async fn an_event_is_posted_and_json_comes_back() {
    let (url, told) = answer_once(response("200 OK", "", r#"{"allow":true}"#)).await;
    let outcome = runner("")
        .await
        .run(call(http(format!("{url}/hook?key=1"))))
        .await
        .unwrap();
    assert_eq!(outcome.failed, None);
    assert_eq!(outcome.payload, r#"{"allow":true}"#);
    let request = told.await.unwrap();
    assert!(request.starts_with("POST /hook?key=1 HTTP/1.1\r\n"), "{request}");
    for header in [
        "authorization: Bearer token",
        "content-type: application/json",
        "content-length: 7",
        "host: 127.0.0.1:",
        "x-amzn-requestid: 00000000-0000-4000-8000-000000000001",
    ] {
        assert!(request.contains(&format!("\r\n{header}")), "{header}: {request}");
    }
    let empty = posted(response("204 No Content", "", "")).await.unwrap();
    assert_eq!(empty.payload, "null");
}

#[tokio::test]
async fn any_other_status_and_anything_but_json_is_the_functions_failure() {
    let location = "Location: http://127.0.0.1:1/\r\n";
    for (answer, wanted) in [
        (response("500 Oops", "", "{}"), "answered with the status 500"),
        (
            response("302 Found", location, ""),
            "answered with the status 302",
        ),
        (response("200 OK", "", "<html>"), "something that is no JSON"),
    ] {
        let outcome = posted(answer).await.unwrap();
        assert_eq!(outcome.failed, Some(Failed::Unhandled));
        let error: Value = serde_json::from_slice(&outcome.payload).unwrap();
        assert!(
            error["errorMessage"].as_str().unwrap().contains(wanted),
            "{error}"
        );
    }
}

#[tokio::test]
async fn what_is_too_large_or_cannot_be_reached_is_no_answer() {
    let large = posted(response("200 OK", "", &format!("\"{}\"", "x".repeat(6 << 20)))).await;
    assert!(matches!(large, Err(RunError::TooLarge(_))), "{large:?}");
    let cut_off = posted("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".into()).await;
    assert!(matches!(cut_off, Err(RunError::Unavailable(_))), "{cut_off:?}");
    for url in [
        "http://127.0.0.1:1/",
        "ftp://127.0.0.1/",
        "http://user:password@127.0.0.1/",
        "/path",
        "no url",
        "",
    ] {
        let refused = runner("").await.run(call(http(url.into()))).await;
        match refused {
            Err(RunError::Unavailable(reason)) => assert!(!reason.contains("password"), "{reason}"),
            other => panic!("{url}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_a_time_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut call = call(http(url));
    call.patience = Duration::from_millis(200);
    let outcome = runner("").await.run(call).await.unwrap();
    assert_eq!(outcome.failed, Some(Failed::TimedOut));
    assert_eq!(
        outcome.payload,
        "{\"errorMessage\":\"2026-11-21T12:00:00.000Z 00000000-0000-4000-8000-000000000001 \
         Task timed out after 0.20 seconds\"}"
    );
}

#[tokio::test]
async fn a_certificate_must_be_of_a_root_that_is_trusted() {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".into()])
        .unwrap()
        .signed_by(&key, &root)
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(stream) = acceptor.accept(stream).await {
                talk(stream, &response("200 OK", "", "1")).await;
            }
        }
    });
    let url = format!("https://localhost:{port}/");
    let trusting = runner(&root.pem()).await;
    assert_eq!(trusting.run(call(http(url.clone()))).await.unwrap().payload, "1");
    let wrong_name = trusting
        .run(call(http(format!("https://127.0.0.1:{port}/"))))
        .await;
    assert!(
        matches!(wrong_name, Err(RunError::Unavailable(_))),
        "{wrong_name:?}"
    );
    let stranger = runner("").await.run(call(http(url))).await;
    assert!(matches!(stranger, Err(RunError::Unavailable(_))), "{stranger:?}");
}

fn remote(endpoint: String) -> FunctionKind {
    FunctionKind::Remote {
        endpoint,
        region: "eu-central-1".into(),
        function: "arn:aws:lambda:eu-central-1:123456789012:function:hook".into(),
        credentials: Some(FunctionCredentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret: Secret::new("the secret".into()),
            session_token: Some(Secret::new("the token".into())),
            expires_at: None,
        }),
    }
}

async fn invoked(answer: String) -> Result<Outcome, RunError> {
    let (url, _told) = answer_once(answer).await;
    runner("").await.run(call(remote(url))).await
}

#[tokio::test]
async fn a_remote_function_is_invoked_with_a_signature_that_holds() {
    let (url, told) = answer_once(response("200 OK", "X-Amz-Log-Result: bG9n\r\n", "[1]")).await;
    let mut call = call(remote(format!("{url}/")));
    call.client_context = Some("{}".into());
    let outcome = runner("").await.run(call).await.unwrap();
    assert_eq!(outcome.failed, None);
    assert_eq!(outcome.payload, "[1]");
    assert_eq!(outcome.log_tail, "log");

    let request = told.await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    let target = lines.next().unwrap().split(' ').nth(1).unwrap();
    assert_eq!(
        target,
        "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-central-1%3A123456789012%3Afunction%3Ahook/invocations"
    );
    let headers: Vec<(&str, &[u8])> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name, value.as_bytes()))
        .collect();
    let header = |name: &str| headers.iter().find(|(it, _)| *it == name).unwrap().1;
    assert_eq!(header("x-amz-invocation-type"), b"RequestResponse");
    assert_eq!(header("x-amz-log-type"), b"Tail");
    assert_eq!(header("x-amz-security-token"), b"the token");
    let context = base64::engine::general_purpose::STANDARD.decode(header("x-amz-client-context"));
    assert_eq!(context.unwrap(), b"{}");
    let request = Request {
        method: "POST",
        target: target.as_bytes(),
        headers: &headers,
    };
    let signed = SignedRequest::parse(request).unwrap();
    let scope = &signed.credential().scope;
    assert_eq!(
        (scope.region.as_str(), scope.service.as_str()),
        ("eu-central-1", "lambda")
    );
    let rules = Rules {
        window: Duration::from_secs(1),
        longest_life: 86_400,
        unsigned_payload: false,
    };
    let key = SigningKey::derive("the secret", scope);
    signed
        .verify(&key, PayloadHash::of(body.as_bytes()), Noon.now(), rules)
        .unwrap();
}

#[tokio::test]
async fn what_a_remote_function_says_of_its_failure_is_handed_on() {
    let failed = "X-Amz-Function-Error: Unhandled\r\n";
    let outcome = invoked(response("200 OK", failed, r#"{"errorMessage":"no"}"#))
        .await
        .unwrap();
    assert_eq!(outcome.failed, Some(Failed::Unhandled));
    let body = r#"{"errorMessage":"2026 id Task timed out after 3.00 seconds"}"#;
    let outcome = invoked(response("200 OK", failed, body)).await.unwrap();
    assert_eq!(outcome.failed, Some(Failed::TimedOut));
    assert_eq!(outcome.payload, body);

    let body = r#"{"Type":"User","Message":"Rate Exceeded"}"#;
    let refused = invoked(response("429 Too Many Requests", "", body)).await;
    assert!(matches!(refused, Err(RunError::TooManyRequests)), "{refused:?}");
    let refused = invoked(response("413 Too Large", "", "{}")).await;
    assert!(matches!(refused, Err(RunError::TooLarge(_))), "{refused:?}");
    let refused = invoked(response(
        "404 Not Found",
        "",
        r#"{"Message":"Function not found"}"#,
    ))
    .await;
    match refused {
        Err(RunError::Unavailable(reason)) => assert!(reason.contains("Function not found"), "{reason}"),
        other => panic!("{other:?}"),
    }
}
