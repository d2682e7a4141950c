use std::time::Duration;

use thingsmith_testkit::{ACCOUNT, Engine, TestServer, raw};

use super::{OTHER, S3, done, refused, text};

#[tokio::test]
async fn signatures_are_verified_before_anything_else() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let s3 = S3::administrator(&server);
        done(&s3.call("PUT", "/my-bucket").await);
        s3.put("/my-bucket/key", "hello").await;
        let mut forger = server.administrator();
        forger.signer.secret_access_key = thingsmith_model::Secret::new("another".into());
        let forger = S3::of(&server, forger);
        refused(
            &forger.call("GET", "/my-bucket/key").await,
            403,
            "SignatureDoesNotMatch",
        );
        let nobody = S3::of(&server, server.client("AKIANOBODY"));
        refused(
            &nobody.call("GET", "/my-bucket/key").await,
            403,
            "InvalidAccessKeyId",
        );
        // A chunk's signature that is not one.
        let chunked = [
            ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
            ("x-amz-decoded-content-length", "5"),
        ];
        let sent = s3
            .send("PUT", "/my-bucket/key", &chunked, b"5\r\nhello\r\n0\r\n\r\n")
            .await;
        refused(&sent, 403, "SignatureDoesNotMatch");
        // A header that changes what is done and was added on the way.
        let request = s3.signed("PUT", "/my-bucket/key", &[], b"x", b"x");
        let request = String::from_utf8(request).unwrap();
        let request = request.replacen("connection: close", "x-amz-meta-a: b\r\nconnection: close", 1);
        refused(
            &raw(server.address, request.as_bytes()).await,
            403,
            "AccessDenied",
        );
        let old = s3.signed("GET", "/my-bucket/key", &[], b"", b"");
        server.clock.advance(Duration::from_secs(901));
        refused(&raw(server.address, &old).await, 403, "RequestTimeTooSkewed");
        assert_eq!(text(&s3.call("GET", "/my-bucket/key").await), "hello");
    }
}

#[tokio::test]
async fn what_a_caller_may_do_is_decided_for_each_bucket_and_key() {
    for engine in Engine::available() {
        let reader = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":["s3:GetObject","s3:DeleteObject","s3:PutObject"],"Resource":"arn:aws:s3:::my-bucket/mine/*"},
        {"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::my-bucket",
         "Condition":{"StringLike":{"s3:prefix":"mine/*"}}}]}"#;
        let all = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
        let server = TestServer::builder()
            .engine(engine)
            .key("reader", ACCOUNT, &[reader])
            .key("nothing", ACCOUNT, &[])
            .key("stranger", OTHER, &[all])
            .start()
            .await;
        let s3 = S3::administrator(&server);
        done(&s3.call("PUT", "/my-bucket").await);
        s3.put("/my-bucket/mine/key", "mine").await;
        s3.put("/my-bucket/other", "not mine").await;

        let reader = S3::of(&server, server.client("reader"));
        assert_eq!(text(&reader.call("GET", "/my-bucket/mine/key").await), "mine");
        done(&reader.call("GET", "/my-bucket?list-type=2&prefix=mine%2F").await);
        for (method, target) in [
            ("GET", "/my-bucket/other"),
            ("PUT", "/my-bucket/other"),
            ("DELETE", "/my-bucket/other"),
            ("POST", "/my-bucket/other?uploads"),
            ("GET", "/my-bucket?list-type=2"),
            ("GET", "/my-bucket?location"),
            ("GET", "/my-bucket?uploads"),
            ("GET", "/"),
            ("PUT", "/new-bucket"),
            ("DELETE", "/my-bucket"),
        ] {
            refused(&reader.call(method, target).await, 403, "AccessDenied");
            done_or_missing(&s3, method, target).await;
            s3.put("/my-bucket/other", "not mine").await;
        }
        let keys = b"<Delete><Object><Key>mine/key</Key></Object><Object><Key>other</Key></Object></Delete>";
        let deleted = text(&reader.send("POST", "/my-bucket?delete", &[], keys).await);
        assert!(
            deleted.contains("<Deleted><Key>mine/key</Key></Deleted>"),
            "{deleted}"
        );
        assert!(
            deleted.contains("<Key>other</Key><Code>AccessDenied</Code>"),
            "{deleted}"
        );
        let nothing = S3::of(&server, server.client("nothing"));
        refused(
            &nothing.call("GET", "/my-bucket/other").await,
            403,
            "AccessDenied",
        );
        refused(
            &nothing.call("GET", "/no-such-bucket/other").await,
            403,
            "AccessDenied",
        );

        // Of another account, whatever its own policies say.
        let stranger = S3::of(&server, server.client("stranger"));
        for (method, target) in [
            ("GET", "/my-bucket/other"),
            ("PUT", "/my-bucket/other"),
            ("DELETE", "/my-bucket/other"),
            ("GET", "/my-bucket?list-type=2"),
            ("POST", "/my-bucket/other?uploads"),
            ("DELETE", "/my-bucket"),
        ] {
            refused(&stranger.call(method, target).await, 404, "NoSuchBucket");
        }
        refused(
            &stranger.call("PUT", "/my-bucket").await,
            409,
            "BucketAlreadyExists",
        );
        assert!(!text(&stranger.call("GET", "/").await).contains("my-bucket"));
        assert_eq!(text(&s3.call("GET", "/my-bucket/other").await), "not mine");
    }
}

/// The administrator may: what it gets is not a refusal for its permission.
async fn done_or_missing(s3: &S3<'_>, method: &str, target: &str) {
    let reply = s3.call(method, target).await;
    assert_ne!(reply.status, 403, "{method} {target}: {}", text(&reply));
}
