use std::time::Duration;

use thingsmith_core::objects;
use thingsmith_testkit::{Engine, TestServer};

use super::{S3, done, refused, text};

#[tokio::test]
async fn an_upload_in_parts_becomes_one_object() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
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
}
