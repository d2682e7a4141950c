use std::time::Duration;

use thingsmith_core::objects;
use thingsmith_ports::{Clock as _, NewObject, Objects as _};
use thingsmith_sigv4::{PayloadHash, Request, presign};
use thingsmith_testkit::{ACCOUNT, Engine, TestServer, raw};

use super::{S3, done, get, refused, text};

#[tokio::test]
async fn a_link_is_good_for_its_object_and_its_time() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
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
        let request = format!(
            "PUT {put} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 3\r\nconnection: close\r\n\r\nput"
        );
        done(&raw(server.address, request.as_bytes()).await);
        assert_eq!(text(&s3.call("GET", "/my-bucket/put").await), "put");
        server.clock.advance(Duration::from_secs(61));
        refused(&get(&server, &url).await, 403, "AccessDenied");
        assert_eq!(text(&get(&server, &week).await), "hello");
    }
}

#[tokio::test]
async fn a_link_of_the_services_own_reads_one_object_of_a_bucket_that_customers_cannot_name() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
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
}
