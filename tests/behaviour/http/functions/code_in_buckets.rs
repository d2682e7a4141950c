use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream;
use serde_json::{Value, json};
use thingsmith_ports::{NewObject, Objects as _, Owner};
use thingsmith_testkit::{ACCOUNT, Engine, REGION, Reply, TestServer};

use super::{call, create, new, role, with, zip};
use crate::http::query::{done, refused};

const BUCKET: &str = "code";

async fn put(server: &TestServer, bucket: &str, key: &str, bytes: Vec<u8>) {
    let owner = Owner {
        account: ACCOUNT.parse().unwrap(),
        region: REGION.parse().unwrap(),
    };
    server.objects.create_bucket(&owner, bucket).await.unwrap();
    let bytes = Box::pin(stream::iter([Ok(bytes.into())]));
    let new = NewObject::default();
    server.objects.put(&owner, bucket, key, new, bytes).await.unwrap();
}

fn code(key: &str) -> Value {
    json!({"S3Bucket": BUCKET, "S3Key": key})
}

fn made(reply: Reply) -> Reply {
    assert_eq!(reply.status, 201, "{reply}");
    reply
}

fn told(reply: &Reply, code: &str) {
    refused(reply, 400, "InvalidParameterValueException");
    assert!(
        reply.to_string().contains(&format!("S3 Error Code: {code}.")),
        "{reply}"
    );
}

#[tokio::test]
async fn code_is_read_out_of_a_bucket_once() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        role(&admin, "worker", "lambda.amazonaws.com").await;
        let (first, second) = (zip("1"), zip("22"));
        put(&server, BUCKET, "dir/first.zip", STANDARD.decode(&first).unwrap()).await;
        put(&server, BUCKET, "second.zip", STANDARD.decode(&second).unwrap()).await;

        let given = made(create(&admin, with(new("given"), json!({"Code": {"ZipFile": first}}))).await);
        let reply = create(&admin, with(new("f"), json!({"Code": code("dir/first.zip")}))).await;
        let first_code = made(reply).json();
        assert_eq!(first_code["CodeSha256"], given.json()["CodeSha256"]);
        // Another object of the key changes nothing.
        put(
            &server,
            BUCKET,
            "dir/first.zip",
            STANDARD.decode(&second).unwrap(),
        )
        .await;
        let kept = done(call(&admin, "GET", "f", "/configuration", None).await).json();
        assert_eq!(kept["CodeSha256"], first_code["CodeSha256"]);
        let copied = with(code("second.zip"), json!({"S3ObjectStorageMode": "COPY"}));
        let updated = done(call(&admin, "PUT", "f", "/code", Some(copied)).await).json();
        let given = json!({"ZipFile": second});
        let same = done(call(&admin, "PUT", "given", "/code", Some(given)).await).json();
        assert_eq!(updated["CodeSha256"], same["CodeSha256"]);
        assert_ne!(updated["CodeSha256"], first_code["CodeSha256"]);

        let lambda = admin.clone().service("lambda");
        let layer = json!({"Content": code("second.zip")});
        let layer = lambda
            .call_with("POST", "/2018-10-31/layers/l/versions", layer)
            .await;
        assert_eq!(made(layer).json()["Content"]["CodeSha256"], updated["CodeSha256"]);
        server.stop().await;
    }
}

#[tokio::test]
async fn code_that_cannot_be_read_makes_no_function() {
    let reader = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":["lambda:*","iam:PassRole"],"Resource":"*"},
        {"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::code/mine/*"}]}"#;
    let server = TestServer::builder()
        .key("reader", ACCOUNT, &[reader])
        .start()
        .await;
    let admin = server.administrator();
    role(&admin, "worker", "lambda.amazonaws.com").await;
    let good = STANDARD.decode(zip("1")).unwrap();
    for key in ["mine/f.zip", "others.zip"] {
        put(&server, BUCKET, key, good.clone()).await;
    }
    put(&server, BUCKET, "mine/empty", Vec::new()).await;
    put(&server, BUCKET, "mine/no.zip", b"no zip".to_vec()).await;
    let large = STANDARD.decode(zip(&"a".repeat(50 << 20))).unwrap();
    put(&server, BUCKET, "mine/large.zip", large).await;
    let own = format!(".reports.{ACCOUNT}.{REGION}");
    put(&server, &own, "report", good).await;

    let reader = server.client("reader");
    let make = async |code: Value| create(&reader, with(new("f"), json!({"Code": code}))).await;
    refused(&make(code("others.zip")).await, 403, "AccessDeniedException");
    let elsewhere = json!({"S3Bucket": "elsewhere", "S3Key": "mine/f.zip"});
    refused(&make(elsewhere.clone()).await, 403, "AccessDeniedException");
    told(&make(code("mine/none.zip")).await, "NoSuchKey");
    for key in ["mine/empty", "mine/no.zip", "mine/large.zip"] {
        refused(&make(code(key)).await, 400, "InvalidParameterValueException");
    }
    let missing = call(&reader, "GET", "f", "", None).await;
    refused(&missing, 404, "ResourceNotFoundException");
    made(make(code("mine/f.zip")).await);
    let other = call(&reader, "PUT", "f", "/code", Some(code("others.zip"))).await;
    refused(&other, 403, "AccessDeniedException");
    let lambda = reader.clone().service("lambda");
    let layer = json!({"Content": code("others.zip")});
    let layer = lambda
        .call_with("POST", "/2018-10-31/layers/l/versions", layer)
        .await;
    refused(&layer, 403, "AccessDeniedException");

    let make = async |code: Value| create(&admin, with(new("g"), json!({"Code": code}))).await;
    told(&make(elsewhere).await, "NoSuchBucket");
    // The service's own buckets are nobody's.
    told(
        &make(json!({"S3Bucket": own, "S3Key": "report"})).await,
        "NoSuchBucket",
    );
    server.stop().await;
}
