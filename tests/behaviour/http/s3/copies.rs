use thingsmith_testkit::{ACCOUNT, Engine, TestServer};

use super::{OTHER, S3, done, refused, text};

const ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;

/// Two buckets with `one/a key` in the first.
async fn furnish<'a>(server: &'a TestServer) -> S3<'a> {
    let s3 = S3::administrator(server);
    done(&s3.call("PUT", "/one-bucket").await);
    done(&s3.call("PUT", "/other-bucket").await);
    let headers = [
        ("content-type", "text/plain"),
        ("cache-control", "no-store"),
        ("x-amz-meta-made-by", "a test"),
    ];
    done(
        &s3.send("PUT", "/one-bucket/one/a%20key", &headers, b"hello")
            .await,
    );
    s3
}

const SOURCE: (&str, &str) = ("x-amz-copy-source", "/one-bucket/one/a%20key");
const ETAG: &str = "\"5d41402abc4b2a76b9719d911017c592\"";

#[tokio::test]
async fn an_object_is_copied_within_a_bucket_and_to_another() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let s3 = furnish(&server).await;
        for (target, source) in [
            ("/one-bucket/copy", "one-bucket/one/a%20key"),
            ("/other-bucket/copy", "/one-bucket/one/a%20key"),
            ("/other-bucket/plus", "/one-bucket/one/a+key"),
        ] {
            let copied = s3
                .send("PUT", target, &[("x-amz-copy-source", source)], b"")
                .await;
            done(&copied);
            let told = text(&copied);
            assert!(told.contains("<CopyObjectResult"), "{told}");
            assert!(
                told.contains("<ETag>&quot;5d41402abc4b2a76b9719d911017c592&quot;</ETag>"),
                "{told}"
            );
            let got = s3.call("GET", target).await;
            assert_eq!(text(&got), "hello");
            assert_eq!(got.header("content-type"), Some("text/plain"));
            assert_eq!(got.header("cache-control"), Some("no-store"));
            assert_eq!(got.header("x-amz-meta-made-by"), Some("a test"));
        }
        // What is said of it is said anew.
        let replaced = [
            SOURCE,
            ("x-amz-metadata-directive", "REPLACE"),
            ("content-type", "a/b"),
            ("x-amz-meta-other", "1"),
        ];
        done(&s3.send("PUT", "/other-bucket/copy", &replaced, b"").await);
        let got = s3.call("GET", "/other-bucket/copy").await;
        assert_eq!(text(&got), "hello");
        assert_eq!(got.header("content-type"), Some("a/b"));
        assert_eq!(got.header("x-amz-meta-other"), Some("1"));
        assert_eq!(
            (got.header("cache-control"), got.header("x-amz-meta-made-by")),
            (None, None)
        );
        // Onto itself only with that.
        let target = "/one-bucket/one/a%20key";
        refused(
            &s3.send("PUT", target, &[SOURCE], b"").await,
            400,
            "InvalidRequest",
        );
        done(&s3.send("PUT", target, &replaced, b"").await);
        let got = s3.call("GET", target).await;
        assert_eq!(
            (text(&got).as_str(), got.header("content-type")),
            ("hello", Some("a/b"))
        );
        let tags = text(&s3.call("GET", "/one-bucket/one/a%20key?tagging").await);
        assert!(tags.contains("<TagSet></TagSet>"), "{tags}");
        refused(
            &s3.call("GET", "/one-bucket/none?tagging").await,
            404,
            "NoSuchKey",
        );
    }
}

#[tokio::test]
async fn what_cannot_be_copied_is_refused_and_nothing_is_made() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let s3 = furnish(&server).await;
        let own = format!(".reports.{ACCOUNT}.us-east-1/key");
        let versioned = format!("{}?versionId=1", SOURCE.1);
        for (source, status, code) in [
            ("one-bucket/none", 404, "NoSuchKey"),
            ("no-such-bucket/key", 404, "NoSuchBucket"),
            (own.as_str(), 404, "NoSuchBucket"),
            (".uploads/key", 404, "NoSuchBucket"),
            ("one-bucket", 400, "InvalidArgument"),
            ("one-bucket/", 400, "InvalidArgument"),
            ("/", 400, "InvalidArgument"),
            ("", 400, "InvalidArgument"),
            ("one-bucket/%ff", 400, "InvalidArgument"),
            (versioned.as_str(), 501, "NotImplemented"),
            (
                "arn:aws:s3:us-east-1:123456789012:accesspoint/a/object/k",
                501,
                "NotImplemented",
            ),
        ] {
            let source = [("x-amz-copy-source", source)];
            let copied = s3.send("PUT", "/other-bucket/copy", &source, b"").await;
            refused(&copied, status, code);
        }
        let target = "/no-such-bucket/copy";
        refused(&s3.send("PUT", target, &[SOURCE], b"").await, 404, "NoSuchBucket");
        let wrong = [SOURCE, ("x-amz-metadata-directive", "MERGE")];
        refused(
            &s3.send("PUT", "/other-bucket/copy", &wrong, b"").await,
            400,
            "InvalidArgument",
        );
        for condition in [
            ("x-amz-copy-source-if-match", "\"0\""),
            ("x-amz-copy-source-if-none-match", ETAG),
            (
                "x-amz-copy-source-if-modified-since",
                "Fri, 01 Jan 2100 00:00:00 GMT",
            ),
            (
                "x-amz-copy-source-if-unmodified-since",
                "Thu, 01 Jan 1970 00:00:00 GMT",
            ),
            ("if-match", ETAG),
        ] {
            let copied = s3
                .send("PUT", "/other-bucket/copy", &[SOURCE, condition], b"")
                .await;
            match condition.0 {
                "if-match" => refused(&copied, 404, "NoSuchKey"),
                _ => refused(&copied, 412, "PreconditionFailed"),
            }
        }
        refused(&s3.call("GET", "/other-bucket/copy").await, 404, "NoSuchKey");
        let good = [
            SOURCE,
            ("x-amz-copy-source-if-match", ETAG),
            ("if-none-match", "*"),
        ];
        done(&s3.send("PUT", "/other-bucket/copy", &good, b"").await);
        let again = s3.send("PUT", "/other-bucket/copy", &good, b"").await;
        refused(&again, 412, "PreconditionFailed");
        for (header, value) in [
            ("x-amz-source-expected-bucket-owner", OTHER),
            ("x-amz-expected-bucket-owner", OTHER),
        ] {
            let copied = s3
                .send("PUT", "/other-bucket/third", &[SOURCE, (header, value)], b"")
                .await;
            refused(&copied, 403, "AccessDenied");
        }
    }
}

#[tokio::test]
async fn whoever_copies_may_read_the_one_and_put_the_other() {
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::one-bucket/one/*"},
        {"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::other-bucket/*"}]}"#;
    for engine in Engine::available() {
        let server = TestServer::builder()
            .engine(engine)
            .key("copier", ACCOUNT, &[policy])
            .key("stranger", OTHER, &[ALL])
            .start()
            .await;
        let s3 = furnish(&server).await;
        s3.put("/one-bucket/two/key", "secret").await;
        let copier = S3::of(&server, server.client("copier"));
        done(&copier.send("PUT", "/other-bucket/copy", &[SOURCE], b"").await);
        let secret = [("x-amz-copy-source", "/one-bucket/two/key")];
        refused(
            &copier.send("PUT", "/other-bucket/secret", &secret, b"").await,
            403,
            "AccessDenied",
        );
        refused(
            &copier.send("PUT", "/one-bucket/one/copy", &[SOURCE], b"").await,
            403,
            "AccessDenied",
        );
        // What is not a path's own is no way around.
        let dotted = [("x-amz-copy-source", "/one-bucket/one/../two/key")];
        refused(
            &copier.send("PUT", "/other-bucket/secret", &dotted, b"").await,
            404,
            "NoSuchKey",
        );
        let tags = copier.call("GET", "/one-bucket/one/a%20key?tagging").await;
        refused(&tags, 403, "AccessDenied");
        refused(&s3.call("GET", "/other-bucket/secret").await, 404, "NoSuchKey");

        let stranger = S3::of(&server, server.client("stranger"));
        done(&stranger.call("PUT", "/their-bucket").await);
        let copied = stranger.send("PUT", "/their-bucket/copy", &[SOURCE], b"").await;
        refused(&copied, 404, "NoSuchBucket");
        let theirs = [("x-amz-copy-source", "/their-bucket/copy")];
        done(&stranger.send("PUT", "/their-bucket/copy", &[], b"x").await);
        refused(
            &s3.send("PUT", "/one-bucket/copy", &theirs, b"").await,
            404,
            "NoSuchBucket",
        );
        let put = stranger.send("PUT", "/other-bucket/copy", &theirs, b"").await;
        refused(&put, 404, "NoSuchBucket");
    }
}

#[tokio::test]
async fn an_upload_is_made_of_parts_of_other_objects() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let s3 = furnish(&server).await;
        let large = "0123456789".repeat(600_000);
        s3.put("/one-bucket/large", &large).await;
        let begun = text(&s3.call("POST", "/other-bucket/made?uploads").await);
        let id = begun
            .split(['<', '>'])
            .skip_while(|part| *part != "UploadId")
            .nth(1)
            .unwrap();
        let part = async |number: u32, headers: &[(&str, &str)]| {
            let target = format!("/other-bucket/made?partNumber={number}&uploadId={id}");
            s3.send("PUT", &target, headers, b"").await
        };
        let source = ("x-amz-copy-source", "/one-bucket/large");
        let range = ("x-amz-copy-source-range", "bytes=1-5242880");
        let mut list = String::from("<CompleteMultipartUpload>");
        for (number, headers) in [(1, &[source, range][..]), (2, &[SOURCE])] {
            let copied = part(number, headers).await;
            done(&copied);
            let told = text(&copied);
            assert!(told.contains("<CopyPartResult"), "{told}");
            let etag = told
                .split(['<', '>'])
                .skip_while(|part| *part != "ETag")
                .nth(1)
                .unwrap();
            list.push_str(&format!(
                "<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
            ));
        }
        for range in [
            "bytes=0-6000000",
            "bytes=7-6",
            "bytes=-5",
            "bytes=5-",
            "1-2",
            "bytes=a-b",
        ] {
            let wrong = part(3, &[source, ("x-amz-copy-source-range", range)]).await;
            refused(&wrong, 400, "InvalidArgument");
        }
        refused(&part(0, &[source]).await, 400, "InvalidArgument");
        refused(
            &part(3, &[("x-amz-copy-source", "one-bucket/none")]).await,
            404,
            "NoSuchKey",
        );
        let unknown = format!("/other-bucket/made?partNumber=1&uploadId={}", "a".repeat(32));
        refused(
            &s3.send("PUT", &unknown, &[source], b"").await,
            404,
            "NoSuchUpload",
        );
        list.push_str("</CompleteMultipartUpload>");
        let target = format!("/other-bucket/made?uploadId={id}");
        done(&s3.send("POST", &target, &[], list.as_bytes()).await);
        let made = text(&s3.call("GET", "/other-bucket/made").await);
        assert!(made == format!("{}hello", &large[1..5_242_881]));
        // A copy of what came in parts has the tag of all its bytes.
        let whole = [("x-amz-copy-source", "/other-bucket/made")];
        let copied = text(&s3.send("PUT", "/other-bucket/whole", &whole, b"").await);
        assert!(!copied.contains("-2&quot;"), "{copied}");
    }
}
