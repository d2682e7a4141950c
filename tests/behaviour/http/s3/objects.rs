use thingsmith_testkit::{Engine, TestServer};

use super::{S3, done, refused, text};

#[tokio::test]
async fn an_object_is_put_read_listed_and_deleted() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let s3 = S3::administrator(&server);
        done(&s3.call("PUT", "/my-bucket").await);
        done(&s3.call("HEAD", "/my-bucket").await);
        let headers = [
            ("content-type", "text/plain"),
            ("x-amz-meta-made-by", "a test"),
            ("cache-control", "no-store"),
        ];
        let put = s3.send("PUT", "/my-bucket/dir/a%20key", &headers, b"hello").await;
        done(&put);
        assert_eq!(put.header("etag"), Some("\"5d41402abc4b2a76b9719d911017c592\""));

        let got = s3.call("GET", "/my-bucket/dir/a%20key").await;
        assert_eq!((got.status, text(&got).as_str()), (200, "hello"));
        for (name, value) in headers {
            assert_eq!(got.header(name), Some(value));
        }
        let head = s3.call("HEAD", "/my-bucket/dir/a%20key").await;
        assert_eq!((head.status, head.header("content-length")), (200, Some("5")));
        let part = s3
            .send("GET", "/my-bucket/dir/a%20key", &[("range", "bytes=1-2")], b"")
            .await;
        assert_eq!((part.status, text(&part).as_str()), (206, "el"));
        assert_eq!(part.header("content-range"), Some("bytes 1-2/5"));
        refused(
            &s3.send("GET", "/my-bucket/dir/a%20key", &[("range", "bytes=5-")], b"")
                .await,
            416,
            "InvalidRange",
        );
        let etag = ("if-none-match", "\"5d41402abc4b2a76b9719d911017c592\"");
        let unchanged = s3.send("GET", "/my-bucket/dir/a%20key", &[etag], b"").await;
        assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
        refused(
            &s3.send("GET", "/my-bucket/dir/a%20key", &[("if-match", "\"other\"")], b"")
                .await,
            412,
            "PreconditionFailed",
        );

        let list = text(&s3.call("GET", "/my-bucket?list-type=2&delimiter=%2F").await);
        assert!(
            list.contains("<CommonPrefixes><Prefix>dir/</Prefix></CommonPrefixes>"),
            "{list}"
        );
        let list = text(
            &s3.call("GET", "/my-bucket?list-type=2&prefix=dir%2F&encoding-type=url")
                .await,
        );
        assert!(
            list.contains("<Key>dir/a%20key</Key>") && list.contains("<Size>5</Size>"),
            "{list}"
        );
        refused(&s3.call("DELETE", "/my-bucket").await, 409, "BucketNotEmpty");
        done(&s3.call("DELETE", "/my-bucket/dir/a%20key").await);
        done(&s3.call("DELETE", "/my-bucket/dir/a%20key").await);
        refused(&s3.call("GET", "/my-bucket/dir/a%20key").await, 404, "NoSuchKey");
        let gone = s3.call("HEAD", "/my-bucket/dir/a%20key").await;
        assert_eq!((gone.status, gone.body.len()), (404, 0));
        done(&s3.call("DELETE", "/my-bucket").await);
        refused(
            &s3.call("GET", "/my-bucket?list-type=2").await,
            404,
            "NoSuchBucket",
        );
    }
}

#[tokio::test]
async fn pages_of_a_list_neither_skip_nor_repeat() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let s3 = S3::administrator(&server);
        done(&s3.call("PUT", "/my-bucket").await);
        for key in ["a", "b/1", "b/2", "b/3", "c", "d/1", "e"] {
            s3.put(&format!("/my-bucket/{key}"), "").await;
        }
        for (delimiter, most) in [
            ("&delimiter=%2F", 1),
            ("&delimiter=%2F", 2),
            ("&delimiter=%2F", 5),
            ("", 2),
            ("", 7),
        ] {
            let (mut token, mut found) = (String::new(), Vec::new());
            for _ in 0..10 {
                let page = text(
                    &s3.call(
                        "GET",
                        &format!("/my-bucket?list-type=2&max-keys={most}{delimiter}{token}"),
                    )
                    .await,
                );
                let entries = |tag: &str| {
                    let open = format!("<{tag}>");
                    let inside = page
                        .split(&open)
                        .skip(1)
                        .map(|rest| rest.split('<').next().unwrap().to_owned());
                    inside.collect::<Vec<_>>()
                };
                found.extend(entries("Key"));
                let prefixes = entries("CommonPrefixes><Prefix");
                found.extend(prefixes);
                match entries("NextContinuationToken").first() {
                    Some(next) => token = format!("&continuation-token={next}"),
                    None => break,
                }
            }
            let mut expected = match delimiter {
                "" => vec!["a", "b/1", "b/2", "b/3", "c", "d/1", "e"],
                _ => vec!["a", "b/", "c", "d/", "e"],
            };
            found.sort();
            expected.sort_unstable();
            assert_eq!(found, expected, "{delimiter} {most}");
        }
    }
}

#[tokio::test]
async fn names_and_headers_that_cannot_be_are_refused() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let s3 = S3::administrator(&server);
        for name in ["ab", "My-Bucket", "a_b", ".reports", "192.168.0.1", "-ab"] {
            refused(
                &s3.call("PUT", &format!("/{name}")).await,
                400,
                "InvalidBucketName",
            );
        }
        done(&s3.call("PUT", "/my-bucket").await);
        // What is in the path of a file system is a key here.
        s3.put("/my-bucket/../../etc/passwd", "mine").await;
        assert_eq!(text(&s3.call("GET", "/my-bucket/../../etc/passwd").await), "mine");
        let long = "k".repeat(1025);
        refused(
            &s3.call("PUT", &format!("/my-bucket/{long}")).await,
            400,
            "KeyTooLongError",
        );
        refused(&s3.call("PUT", "/my-bucket/%ff").await, 400, "InvalidURI");
        refused(
            &s3.call("GET", "/my-bucket?versioning").await,
            501,
            "NotImplemented",
        );
        let acl = [("x-amz-acl", "public-read")];
        refused(
            &s3.send("PUT", "/my-bucket/b", &acl, b"").await,
            400,
            "AccessControlListNotSupported",
        );
        let long = "v".repeat(2048);
        let metadata = [("x-amz-meta-a", long.as_str())];
        refused(
            &s3.send("PUT", "/my-bucket/b", &metadata, b"").await,
            400,
            "MetadataTooLarge",
        );
        refused(&s3.call("PATCH", "/my-bucket/b").await, 405, "MethodNotAllowed");
        refused(
        &s3.send("PUT", "/elsewhere", &[], b"<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>").await,
        400,
        "IllegalLocationConstraintException",
    );
        refused(
            &s3.send("PUT", "/elsewhere", &[], b"<Create").await,
            400,
            "MalformedXML",
        );
        refused(
            &s3.send("POST", "/my-bucket?delete", &[], b"<Delete/>").await,
            400,
            "MalformedXML",
        );
        refused(
            &s3.call("GET", "/my-bucket?list-type=2&max-keys=x").await,
            400,
            "InvalidArgument",
        );
        refused(
            &s3.call("GET", "/my-bucket?list-type=2&continuation-token=%21")
                .await,
            400,
            "InvalidArgument",
        );
    }
}
