//! S3: buckets, objects and links.

use std::time::Duration;

use thingsmith_core::objects;
use thingsmith_ports::{Clock as _, NewObject, Objects as _};
use thingsmith_sigv4::{PayloadHash, Request, presign, sign};
use thingsmith_testkit::{ACCOUNT, Client, Reply, TestServer, raw};

const OTHER: &str = "210987654321";

/// A client that speaks to S3.
struct S3<'a> {
    server: &'a TestServer,
    client: Client,
}

impl<'a> S3<'a> {
    fn of(server: &'a TestServer, client: Client) -> Self {
        Self {
            server,
            client: client.service("s3"),
        }
    }

    fn administrator(server: &'a TestServer) -> Self {
        Self::of(server, server.administrator())
    }

    /// A signed request as bytes, whose body need not be what was signed.
    fn signed(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        signed: &[u8],
        body: &[u8],
    ) -> Vec<u8> {
        let host = self.server.address.to_string();
        let hash = PayloadHash::of(signed).to_hex();
        let mut all = vec![("host", host.as_str())];
        if !headers.iter().any(|(name, _)| *name == "x-amz-content-sha256") {
            all.push(("x-amz-content-sha256", &hash));
        }
        all.extend(headers);
        let named: Vec<(&str, &[u8])> = all
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()))
            .collect();
        let request = Request {
            method,
            target: target.as_bytes(),
            headers: &named,
        };
        let payload = match headers.iter().find(|(name, _)| *name == "x-amz-content-sha256") {
            Some((_, "UNSIGNED-PAYLOAD")) => PayloadHash::UNSIGNED,
            _ => PayloadHash::of(signed),
        };
        let added = sign(&self.client.signer, &request, payload, self.server.clock.now()).unwrap();
        let mut bytes = format!("{method} {target} HTTP/1.1\r\n").into_bytes();
        let added = added.iter().map(|(name, value)| (*name, value.as_str()));
        for (name, value) in all.iter().copied().chain(added) {
            bytes.extend(format!("{name}: {value}\r\n").bytes());
        }
        bytes.extend(format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len()).bytes());
        bytes.extend(body);
        bytes
    }

    async fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        raw(
            self.server.address,
            &self.signed(method, target, headers, body, body),
        )
        .await
    }

    async fn call(&self, method: &str, target: &str) -> Reply {
        self.send(method, target, &[], b"").await
    }

    async fn put(&self, target: &str, body: &str) {
        done(&self.send("PUT", target, &[], body.as_bytes()).await);
    }
}

fn text(reply: &Reply) -> String {
    let body = String::from_utf8(reply.body.clone()).unwrap();
    // What is streamed without a length comes in chunks; all of ours has one.
    assert_eq!(reply.header("transfer-encoding"), None);
    body
}

fn done(reply: &Reply) {
    assert!(
        (200..300).contains(&reply.status),
        "{}: {}",
        reply.status,
        text(reply)
    );
    assert!(reply.header("x-amz-request-id").is_some());
}

fn refused(reply: &Reply, status: u16, code: &str) {
    let text = text(reply);
    assert_eq!(reply.status, status, "{text}");
    assert!(text.contains(&format!("<Code>{code}</Code>")), "{text}");
}

async fn get(server: &TestServer, target: &str) -> Reply {
    let host = server.address;
    let request = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    raw(server.address, request.as_bytes()).await
}

#[tokio::test]
async fn an_object_is_put_read_listed_and_deleted() {
    let server = TestServer::start().await;
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

#[tokio::test]
async fn pages_of_a_list_neither_skip_nor_repeat() {
    let server = TestServer::start().await;
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

#[tokio::test]
async fn names_and_headers_that_cannot_be_are_refused() {
    let server = TestServer::start().await;
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
    let copied = [("x-amz-copy-source", "my-bucket/a")];
    refused(
        &s3.send("PUT", "/my-bucket/b", &copied, b"").await,
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

#[tokio::test]
async fn a_body_that_is_not_what_was_said_changes_nothing() {
    let server = TestServer::start().await;
    let s3 = S3::administrator(&server);
    done(&s3.call("PUT", "/my-bucket").await);
    s3.put("/my-bucket/key", "before").await;
    let wrong = raw(
        server.address,
        &s3.signed("PUT", "/my-bucket/key", &[], b"hello", b"hallo"),
    )
    .await;
    refused(&wrong, 400, "XAmzContentSHA256Mismatch");
    for (name, value, code) in [
        ("content-md5", "XUFAKrxLKna5cZ2REBfFkw==", "BadDigest"),
        ("content-md5", "not one", "InvalidDigest"),
        ("x-amz-checksum-crc32", "AAAAAA==", "BadDigest"),
        ("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=", "BadDigest"),
        ("x-amz-checksum-sha256", "AAAA", "BadDigest"),
    ] {
        refused(
            &s3.send("PUT", "/my-bucket/key", &[(name, value)], b"hello").await,
            400,
            code,
        );
    }
    let two = [("x-amz-checksum-crc32", "NhCmhg=="), ("x-amz-checksum-sha1", "x")];
    refused(
        &s3.send("PUT", "/my-bucket/key", &two, b"hello").await,
        400,
        "InvalidRequest",
    );
    assert_eq!(text(&s3.call("GET", "/my-bucket/key").await), "before");
    for (name, value) in [
        ("content-md5", "XUFAKrxLKna5cZ2REBfFkg=="),
        ("x-amz-checksum-crc32", "NhCmhg=="),
        ("x-amz-checksum-crc32c", "mnG7TA=="),
        ("x-amz-checksum-sha1", "qvTGHdzF6KLavt4PO0gs2a6pQ00="),
        (
            "x-amz-checksum-sha256",
            "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
        ),
    ] {
        let put = s3.send("PUT", "/my-bucket/key", &[(name, value)], b"hello").await;
        done(&put);
        if name != "content-md5" {
            assert_eq!(put.header(name), Some(value));
        }
    }
    // Fewer bytes than were announced.
    let mut truncated = s3.signed("PUT", "/my-bucket/cut", &[], b"hello", b"hello");
    truncated.truncate(truncated.len() - 2);
    let sent = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let (_, mut writer) = sent.into_split();
    tokio::io::AsyncWriteExt::write_all(&mut writer, &truncated)
        .await
        .unwrap();
    drop(writer);
    refused(&s3.call("GET", "/my-bucket/cut").await, 404, "NoSuchKey");
}

#[tokio::test]
async fn chunks_are_put_together_and_their_trailer_is_compared() {
    let server = TestServer::builder().dev().start().await;
    let mut client = server.client("123456789012");
    client.signer.access_key_id = "123456789012".into();
    let s3 = S3::of(&server, client);
    done(&s3.call("PUT", "/my-bucket").await);
    // A development server takes the signature of a stranger's key for nothing, so that this needs no signature of chunks.
    let headers = [
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("x-amz-decoded-content-length", "5"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
        ("content-encoding", "aws-chunked"),
    ];
    let good = b"2\r\nhe\r\n3\r\nllo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    done(&s3.send("PUT", "/my-bucket/key", &headers, good).await);
    let got = s3.call("GET", "/my-bucket/key").await;
    assert_eq!(
        (text(&got).as_str(), got.header("content-encoding")),
        ("hello", None)
    );
    for (body, code) in [
        (
            &b"5\r\nhallo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"[..],
            "BadDigest",
        ),
        (b"5\r\nhello\r\n0\r\n\r\n", "InvalidRequest"),
        (
            b"4\r\nhell\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n",
            "IncompleteBody",
        ),
        (
            b"6\r\nhello!\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n",
            "IncompleteBody",
        ),
        (b"5\r\nhello", "IncompleteBody"),
        (b"hello", "IncompleteBody"),
        (b"5\r\nhelloworld", "InvalidChunkError"),
    ] {
        refused(
            &s3.send("PUT", "/my-bucket/other", &headers, body).await,
            400,
            code,
        );
    }
    refused(&s3.call("GET", "/my-bucket/other").await, 404, "NoSuchKey");
}

#[tokio::test]
async fn signatures_are_verified_before_anything_else() {
    let server = TestServer::start().await;
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

#[tokio::test]
async fn what_a_caller_may_do_is_decided_for_each_bucket_and_key() {
    let reader = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":["s3:GetObject","s3:DeleteObject","s3:PutObject"],"Resource":"arn:aws:s3:::my-bucket/mine/*"},
        {"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::my-bucket",
         "Condition":{"StringLike":{"s3:prefix":"mine/*"}}}]}"#;
    let all = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
    let server = TestServer::builder()
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

/// The administrator may: what it gets is not a refusal for its permission.
async fn done_or_missing(s3: &S3<'_>, method: &str, target: &str) {
    let reply = s3.call(method, target).await;
    assert_ne!(reply.status, 403, "{method} {target}: {}", text(&reply));
}

#[tokio::test]
async fn an_upload_in_parts_becomes_one_object() {
    let server = TestServer::start().await;
    let s3 = S3::administrator(&server);
    done(&s3.call("PUT", "/my-bucket").await);
    let begun = s3
        .send("POST", "/my-bucket/big?uploads", &[("content-type", "a/b")], b"")
        .await;
    let id = text(&begun)
        .split("<UploadId>")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap()
        .to_owned();
    let part = |number: u32| format!("/my-bucket/big?partNumber={number}&uploadId={id}");
    let first = "x".repeat(5 << 20);
    let mut etags = Vec::new();
    for (number, bytes) in [(1, first.as_bytes()), (2, b"small"), (3, b"last")] {
        let put = s3.send("PUT", &part(number), &[], bytes).await;
        done(&put);
        etags.push(put.header("etag").unwrap().to_owned());
    }
    refused(&s3.call("GET", "/my-bucket/big").await, 404, "NoSuchKey");
    let listed = text(
        &s3.call("GET", &format!("/my-bucket/big?uploadId={id}&max-parts=2"))
            .await,
    );
    assert!(
        listed.contains("<NextPartNumberMarker>2</NextPartNumberMarker>"),
        "{listed}"
    );
    let listed = text(&s3.call("GET", "/my-bucket?uploads").await);
    assert!(listed.contains(&id), "{listed}");
    let target = format!("/my-bucket/big?uploadId={id}");
    let document = |parts: &[u32]| {
        let parts = parts.iter().map(|number| {
            let etag = etags.get(*number as usize - 1).cloned().unwrap_or_default();
            format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>")
        });
        format!(
            "<CompleteMultipartUpload>{}</CompleteMultipartUpload>",
            parts.collect::<String>()
        )
    };
    for (parts, code) in [
        (&[2, 1][..], "InvalidPartOrder"),
        (&[1, 4], "InvalidPart"),
        (&[1, 2, 3], "EntityTooSmall"),
        (&[], "MalformedXML"),
    ] {
        refused(
            &s3.send("POST", &target, &[], document(parts).as_bytes()).await,
            400,
            code,
        );
    }
    refused(
        &s3.send("PUT", &part(10_001), &[], b"x").await,
        400,
        "InvalidArgument",
    );
    let made = s3.send("POST", &target, &[], document(&[1, 3]).as_bytes()).await;
    done(&made);
    let got = s3.call("GET", "/my-bucket/big").await;
    assert!(got.body == [first.as_bytes(), b"last"].concat());
    assert!(got.header("etag").unwrap().ends_with("-2\""));
    assert_eq!(got.header("content-type"), Some("a/b"));
    refused(
        &s3.send("POST", &target, &[], document(&[1]).as_bytes()).await,
        404,
        "NoSuchUpload",
    );
    for id in ["x", "../../../..", &"a".repeat(32)] {
        refused(
            &s3.call("DELETE", &format!("/my-bucket/big?uploadId={id}")).await,
            404,
            "NoSuchUpload",
        );
    }

    // One is given up, and another forgotten by its client.
    for over in [false, true] {
        let begun = text(&s3.call("POST", "/my-bucket/gone?uploads").await);
        let id = begun
            .split("<UploadId>")
            .nth(1)
            .unwrap()
            .split('<')
            .next()
            .unwrap();
        done(
            &s3.send(
                "PUT",
                &format!("/my-bucket/gone?partNumber=1&uploadId={id}"),
                &[],
                b"x",
            )
            .await,
        );
        if over {
            server.clock.advance(Duration::from_secs(24 * 3600));
            objects::uploads::sweep(&server.deeds).await.unwrap();
        } else {
            objects::uploads::sweep(&server.deeds).await.unwrap();
            done(&s3.call("DELETE", &format!("/my-bucket/gone?uploadId={id}")).await);
        }
        refused(
            &s3.call("GET", &format!("/my-bucket/gone?uploadId={id}")).await,
            404,
            "NoSuchUpload",
        );
    }
    assert!(!text(&s3.call("GET", "/").await).contains(".uploads"));
    for target in ["/.uploads?list-type=2", "/.uploads/x"] {
        refused(&s3.call("GET", target).await, 404, "NoSuchBucket");
    }
}

#[tokio::test]
async fn a_link_is_good_for_its_object_and_its_time() {
    let server = TestServer::start().await;
    let s3 = S3::administrator(&server);
    done(&s3.call("PUT", "/my-bucket").await);
    s3.put("/my-bucket/key", "hello").await;
    s3.put("/my-bucket/other", "secret").await;
    let host = server.address.to_string();
    let link = |method: &str, target: &str, seconds| {
        let request = Request {
            method,
            target: target.as_bytes(),
            headers: &[("host", host.as_bytes())],
        };
        let signer = &s3.client.signer;
        presign(
            signer,
            &request,
            PayloadHash::UNSIGNED,
            server.clock.now(),
            Some(seconds),
        )
        .unwrap()
    };
    let url = link("GET", "/my-bucket/key", 60);
    assert_eq!(text(&get(&server, &url).await), "hello");
    refused(
        &get(&server, &url.replace("/key", "/other")).await,
        403,
        "SignatureDoesNotMatch",
    );
    refused(
        &get(&server, &url.replace("Expires=60", "Expires=61")).await,
        403,
        "SignatureDoesNotMatch",
    );
    refused(
        &get(&server, &link("PUT", "/my-bucket/key", 60)).await,
        403,
        "SignatureDoesNotMatch",
    );
    let week = link("GET", "/my-bucket/key", 604_800);
    refused(
        &get(&server, &link("GET", "/my-bucket/key", 604_801)).await,
        400,
        "AuthorizationHeaderMalformed",
    );
    let put = link("PUT", "/my-bucket/put", 60);
    let request =
        format!("PUT {put} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 3\r\nconnection: close\r\n\r\nput");
    done(&raw(server.address, request.as_bytes()).await);
    assert_eq!(text(&s3.call("GET", "/my-bucket/put").await), "put");
    server.clock.advance(Duration::from_secs(61));
    refused(&get(&server, &url).await, 403, "AccessDenied");
    assert_eq!(text(&get(&server, &week).await), "hello");
}

#[tokio::test]
async fn a_link_of_the_services_own_reads_one_object_of_a_bucket_that_customers_cannot_name() {
    let server = TestServer::start().await;
    let s3 = S3::administrator(&server);
    let account = ACCOUNT.parse().unwrap();
    let realm = server
        .deeds
        .realm(&account, &"us-east-1".parse().unwrap())
        .await
        .unwrap();
    let (owner, bucket) = (objects::owner(&realm), objects::reports_bucket(&realm));
    server.objects.create_bucket(&owner, &bucket).await.unwrap();
    let keys = ["task/errors.json", "task/*", "task/${aws:username}", "\u{e4} b+c"];
    for key in keys {
        let bytes = Box::pin(futures_util::stream::iter([Ok(key.to_owned().into())]));
        server
            .objects
            .put(&owner, &bucket, key, NewObject::default(), bytes)
            .await
            .unwrap();
    }
    let path = |url: &str| {
        let rest = url.strip_prefix(&format!("http://{}", server.address)).unwrap();
        rest.to_owned()
    };
    for key in keys {
        let url =
            objects::presign_get(&server.deeds, &realm, &bucket, key, Duration::from_secs(7200)).unwrap();
        assert_eq!(text(&get(&server, &path(&url)).await), key);
        assert!(url.contains("X-Amz-Expires=3600&"), "at most an hour: {url}");
    }
    let url =
        objects::presign_get(&server.deeds, &realm, &bucket, "task/*", Duration::from_secs(60)).unwrap();
    // Its session may do nothing else, even with a signature of its own; that it cannot make one is not all that holds.
    refused(
        &get(&server, &path(&url).replace("task/%2A", "task/errors.json")).await,
        403,
        "SignatureDoesNotMatch",
    );
    let link = format!("/{bucket}/task/errors.json");
    refused(&s3.call("GET", &link).await, 404, "NoSuchBucket");
    refused(&s3.send("PUT", &link, &[], b"mine").await, 404, "NoSuchBucket");
    refused(&s3.call("DELETE", &link).await, 404, "NoSuchBucket");
    refused(
        &s3.call("GET", &format!("/{bucket}?list-type=2")).await,
        404,
        "NoSuchBucket",
    );
    refused(
        &s3.call("PUT", &format!("/{bucket}")).await,
        400,
        "InvalidBucketName",
    );
    assert!(!text(&s3.call("GET", "/").await).contains(&bucket));
    server.clock.advance(Duration::from_secs(61));
    let over = get(&server, &path(&url)).await;
    assert!(matches!(over.status, 400 | 403), "{}", text(&over));
}
