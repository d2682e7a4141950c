use thingsmith_testkit::{Engine, TestServer, raw};

use super::streamed::Streamed;
use super::{S3, done, refused, text};

#[tokio::test]
async fn a_body_that_is_not_what_was_said_changes_nothing() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
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
}

#[tokio::test]
async fn chunks_are_put_together_and_their_trailer_is_compared() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).dev().start().await;
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
}

#[tokio::test]
async fn each_signed_chunk_goes_on_from_the_one_before() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let s3 = S3::administrator(&server);
        done(&s3.call("PUT", "/my-bucket").await);
        let chunks = ["the first chunk, ", "the second one, ", "the last"];
        let streamed = || Streamed::new(&s3, "/my-bucket/key", &chunks, None);
        done(&streamed().send().await);
        let before = text(&s3.call("GET", "/my-bucket/key").await);
        assert_eq!(before, chunks.concat());

        let first = streamed().signature(0);
        let second = streamed().signature(1);
        let mut exchanged = streamed();
        exchanged.pieces.swap(0, 1);
        let mut twice = streamed();
        twice.pieces[1] = twice.pieces[0].clone();
        let mut one_less = streamed();
        one_less.pieces.remove(1);
        for wrong in [
            streamed().change(1, &second, &first),
            streamed().change(1, &second, &"0".repeat(64)),
            streamed().change(1, &second, "none"),
            streamed().change(1, "second", "SECOND"),
            streamed().change(0, "first", "FIRST"),
            exchanged,
            twice,
            one_less,
        ] {
            refused(&wrong.send().await, 403, "SignatureDoesNotMatch");
        }
        // Without the last chunk, which says that there are no more, and cut in one.
        let mut without_end = streamed();
        without_end.pieces.pop();
        refused(&without_end.send().await, 400, "IncompleteBody");
        let mut cut = streamed();
        cut.pieces.truncate(2);
        cut.pieces[1].truncate(90);
        refused(&cut.send().await, 400, "IncompleteBody");
        let unsigned = streamed().change(1, &format!(";chunk-signature={second}"), "");
        refused(&unsigned.send().await, 400, "InvalidChunkError");
        // The connection ends in the middle.
        let bytes = streamed().bytes();
        let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, &bytes[..bytes.len() - 120])
            .await
            .unwrap();
        drop(stream);
        assert_eq!(text(&s3.call("GET", "/my-bucket/key").await), before);
        assert_eq!(
            text(&s3.call("GET", "/my-bucket?uploads").await)
                .matches("<Upload>")
                .count(),
            0
        );
    }
}

#[tokio::test]
async fn a_signed_trailer_is_compared_with_the_bytes_and_its_signature() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let s3 = S3::administrator(&server);
        done(&s3.call("PUT", "/my-bucket").await);
        let streamed = |checksum: &'static str| {
            let trailer = Some(("x-amz-checksum-crc32", checksum));
            Streamed::new(&s3, "/my-bucket/key", &["he", "llo"], trailer)
        };
        let put = streamed("NhCmhg==").send().await;
        done(&put);
        assert_eq!(put.header("x-amz-checksum-crc32"), Some("NhCmhg=="));
        done(&s3.call("DELETE", "/my-bucket/key").await);
        // Signed, but not what the bytes have.
        refused(&streamed("AAAAAA==").send().await, 400, "BadDigest");
        // What the bytes have, but not what was signed.
        let changed = streamed("AAAAAA==").change(2, "AAAAAA==", "NhCmhg==");
        refused(&changed.send().await, 403, "SignatureDoesNotMatch");
        let unsigned = streamed("NhCmhg==").change(2, "x-amz-trailer-signature", "x-amz-other");
        refused(&unsigned.send().await, 400, "InvalidChunkError");
        let absent = streamed("NhCmhg==").change(2, "x-amz-checksum-crc32:NhCmhg==\r\n", "");
        refused(&absent.send().await, 403, "SignatureDoesNotMatch");
        refused(&s3.call("GET", "/my-bucket/key").await, 404, "NoSuchKey");
    }
}
