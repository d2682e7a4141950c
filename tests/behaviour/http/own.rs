//! Thingsmith's own endpoints, and the guard of a development server.

use serde_json::json;
use thingsmith_testkit::{Engine, Reply, TestServer, raw};

use super::named;

async fn plain(server: &TestServer, method: &str, path: &str, headers: &str) -> Reply {
    let request =
        format!("{method} {path} HTTP/1.1\r\n{headers}content-length: 0\r\nconnection: close\r\n\r\n");
    raw(server.address, request.as_bytes()).await
}

#[tokio::test]
async fn anybody_may_ask_whether_the_server_is_well_and_whom_to_trust() {
    let server = TestServer::start().await;
    assert_eq!(
        plain(&server, "GET", "/health", "host: x\r\n").await.json(),
        json!({"status": "alive"})
    );
    for _ in 0..3 {
        let reply = plain(&server, "GET", "/ready", "host: x\r\n").await;
        assert_eq!((reply.status, reply.json()), (200, json!({"status": "ready"})));
    }
    let reply = plain(&server, "GET", "/_thingsmith/ca.pem", "host: x\r\n").await;
    assert!(reply.body.starts_with(b"-----BEGIN CERTIFICATE-----"), "{reply}");
    // Only development servers can be emptied.
    let reply = plain(&server, "POST", "/_thingsmith/reset", "host: x\r\n").await;
    assert_eq!(
        (reply.status, reply.exception()),
        (403, "MissingAuthenticationTokenException")
    );
}

#[tokio::test]
async fn a_development_server_can_be_emptied() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).dev().start().await;
        let admin = server.administrator();
        let pem = super::testdata!("good-p256.pem");
        let arn = named(
            &admin,
            "RegisterCertificateWithoutCA",
            json!({"certificatePem": pem}),
        )
        .await
        .text("certificateArn");
        named(&admin, "CreateThing", json!({"thingName": "pump"})).await;
        named(
            &admin,
            "AttachThingPrincipal",
            json!({"thingName": "pump", "principal": arn}),
        )
        .await;
        let endpoint = named(&admin.clone().region("eu-west-1"), "DescribeEndpoint", json!({}))
            .await
            .to_string();
        let reply = plain(&server, "POST", "/_thingsmith/reset", "host: localhost\r\n").await;
        assert_eq!((reply.status, reply.json()), (200, json!({"status": "reset"})));
        assert_eq!(
            named(&admin, "ListThings", json!({})).await.json(),
            json!({"things": []})
        );
        assert_eq!(
            named(&admin, "ListCertificates", json!({})).await.json(),
            json!({"certificates": []})
        );
        assert_eq!(
            named(&admin.clone().region("eu-west-1"), "DescribeEndpoint", json!({}))
                .await
                .to_string(),
            endpoint
        );
        // The same again is new.
        assert_eq!(
            named(
                &admin,
                "RegisterCertificateWithoutCA",
                json!({"certificatePem": pem})
            )
            .await
            .status,
            200
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn no_web_page_reaches_a_development_server() {
    let server = TestServer::builder().dev().start().await;
    for headers in [
        "host: evil.example\r\n",
        "host: localhost.evil.example\r\n",
        "",
        "host: localhost\r\nhost: localhost\r\n",
        "host: localhost\r\norigin: http://evil.example\r\n",
        "host: localhost\r\norigin: null\r\n",
        "host: localhost\r\norigin: http://localhost\r\norigin: http://evil.example\r\n",
    ] {
        for (method, path) in [
            ("POST", "/_thingsmith/reset"),
            ("GET", "/health"),
            ("POST", "/things/a"),
        ] {
            let reply = plain(&server, method, path, headers).await;
            assert_eq!(
                (reply.status, reply.exception()),
                (403, "AccessDeniedException"),
                "{headers}: {reply}"
            );
        }
    }
    let reply = plain(
        &server,
        "GET",
        "/health",
        "host: localhost:4566\r\norigin: http://console.localhost:9000\r\n",
    )
    .await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_development_server_takes_unknown_keys_and_still_proves_known_ones() {
    let server = TestServer::builder().dev().start().await;
    let stranger = server.client("test");
    assert_eq!(
        named(&stranger, "CreateThing", json!({"thingName": "pump"}))
            .await
            .status,
        200
    );
    // The default account is the administrator's own.
    assert_eq!(
        named(
            &server.administrator(),
            "DescribeThing",
            json!({"thingName": "pump"})
        )
        .await
        .status,
        200
    );
    let other = server.client("210987654321");
    let made = named(&other, "CreateThing", json!({"thingName": "pump"})).await;
    assert_eq!(
        made.text("thingArn"),
        "arn:aws:iot:us-east-1:210987654321:thing/pump"
    );
    let mut forger = server.administrator();
    forger.signer.secret_access_key = thingsmith_model::Secret::new("another".into());
    assert_eq!(
        forger.call("GET", "/things").await.exception(),
        "InvalidSignatureException"
    );
    let reply = plain(&server, "GET", "/things", "host: localhost\r\n").await;
    assert_eq!(reply.exception(), "MissingAuthenticationTokenException");
}
