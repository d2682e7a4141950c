use futures_util::future::join_all;
use thingsmith_testkit::{ACCOUNT, Engine, TestServer};

use super::{S3, done, refused, text};

const ABSENT: (&str, &str) = ("if-none-match", "*");

#[tokio::test]
async fn a_put_may_depend_on_what_is_there() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let s3 = S3::administrator(&server);
        done(&s3.call("PUT", "/my-bucket").await);
        let put = async |header: (&str, &str), body: &str| {
            s3.send("PUT", "/my-bucket/key", &[header], body.as_bytes()).await
        };
        refused(&put(("if-match", "\"0\""), "x").await, 404, "NoSuchKey");
        let first = put(ABSENT, "first").await;
        done(&first);
        let etag = first.header("etag").unwrap().to_owned();
        refused(&put(ABSENT, "x").await, 412, "PreconditionFailed");
        refused(&put(("if-match", "\"0\""), "x").await, 412, "PreconditionFailed");
        assert_eq!(text(&s3.call("GET", "/my-bucket/key").await), "first");
        done(&put(("if-match", &etag), "second").await);
        refused(&put(("if-match", &etag), "x").await, 412, "PreconditionFailed");
        assert_eq!(text(&s3.call("GET", "/my-bucket/key").await), "second");
        for other in [("if-none-match", etag.as_str()), ("if-match", "*")] {
            refused(&put(other, "x").await, 501, "NotImplemented");
        }
        let both = [ABSENT, ("if-match", &etag)];
        let both = s3.send("PUT", "/my-bucket/key", &both, b"x").await;
        refused(&both, 501, "NotImplemented");
        let deleted = s3
            .send("DELETE", "/my-bucket/key", &[("if-match", &etag)], b"")
            .await;
        refused(&deleted, 501, "NotImplemented");
        assert_eq!(text(&s3.call("GET", "/my-bucket/key").await), "second");
    }
}

#[tokio::test]
async fn of_many_puts_that_want_nothing_there_one_is_kept() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let s3 = S3::administrator(&server);
        done(&s3.call("PUT", "/my-bucket").await);
        let bodies: Vec<String> = (0..8).map(|number| format!("body {number}")).collect();
        let puts = bodies.iter().map(async |body| {
            let put = s3.send("PUT", "/my-bucket/key", &[ABSENT], body.as_bytes()).await;
            (put.status, body)
        });
        let answers = join_all(puts).await;
        let kept: Vec<&String> = answers
            .iter()
            .filter(|(status, _)| *status == 200)
            .map(|(_, body)| *body)
            .collect();
        assert_eq!(kept.len(), 1, "{answers:?}");
        assert!(
            answers.iter().all(|(status, _)| matches!(status, 200 | 412)),
            "{answers:?}"
        );
        assert_eq!(text(&s3.call("GET", "/my-bucket/key").await), *kept[0]);
    }
}

#[tokio::test]
async fn a_completed_upload_may_depend_on_what_is_there() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let s3 = S3::administrator(&server);
        done(&s3.call("PUT", "/my-bucket").await);
        let upload = async || {
            let begun = text(&s3.call("POST", "/my-bucket/key?uploads").await);
            let id = begun
                .split(['<', '>'])
                .skip_while(|part| *part != "UploadId")
                .nth(1);
            let id = id.unwrap().to_owned();
            let part = format!("/my-bucket/key?partNumber=1&uploadId={id}");
            let part = s3.send("PUT", &part, &[], b"part").await;
            let etag = part.header("etag").unwrap().to_owned();
            let list = format!(
                "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
            );
            (format!("/my-bucket/key?uploadId={id}"), list)
        };
        let complete = async |header: (&str, &str), (target, list): &(String, String)| {
            s3.send("POST", target, &[header], list.as_bytes()).await
        };
        let (one, other) = (upload().await, upload().await);
        refused(&complete(("if-match", "\"0\""), &one).await, 404, "NoSuchKey");
        done(&complete(ABSENT, &one).await);
        refused(&complete(ABSENT, &other).await, 412, "PreconditionFailed");
        // The upload is there still.
        let head = s3.call("HEAD", "/my-bucket/key").await;
        done(&complete(("if-match", head.header("etag").unwrap()), &other).await);
    }
}

/// To compare is to read.
#[tokio::test]
async fn whoever_may_not_read_an_object_does_not_compare_it() {
    let policy =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:PutObject","Resource":"*"}}"#;
    let conditional = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:PutObject","Resource":"*",
        "Condition":{"Null":{"s3:if-none-match":"false"}}}}"#;
    for engine in Engine::available() {
        let server = TestServer::builder()
            .engine(engine)
            .key("writer", ACCOUNT, &[policy])
            .key("careful", ACCOUNT, &[conditional])
            .start()
            .await;
        let s3 = S3::administrator(&server);
        done(&s3.call("PUT", "/my-bucket").await);
        let first = s3.send("PUT", "/my-bucket/key", &[], b"first").await;
        let etag = first.header("etag").unwrap();
        let writer = S3::of(&server, server.client("writer"));
        let compared = writer
            .send("PUT", "/my-bucket/key", &[("if-match", etag)], b"x")
            .await;
        refused(&compared, 403, "AccessDenied");
        refused(
            &writer.send("PUT", "/my-bucket/key", &[ABSENT], b"x").await,
            412,
            "PreconditionFailed",
        );
        done(&writer.send("PUT", "/my-bucket/other", &[ABSENT], b"x").await);
        // A policy may ask for the condition.
        let careful = S3::of(&server, server.client("careful"));
        let careless = careful.send("PUT", "/my-bucket/third", &[], b"x").await;
        refused(&careless, 403, "AccessDenied");
        done(&careful.send("PUT", "/my-bucket/third", &[ABSENT], b"x").await);
    }
}
