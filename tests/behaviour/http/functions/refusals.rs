use serde_json::json;
use thingsmith_testkit::TestServer;

use super::{call, create, new, role, with, zip};
use crate::http::query::refused;

#[tokio::test]
async fn what_no_function_can_be_is_refused_and_nothing_is_made() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    role(&admin, "worker", "lambda.amazonaws.com").await;
    let invalid = "InvalidParameterValueException";
    for (wrong, status, exception) in [
        (json!({"Code": {}}), 400, invalid),
        (json!({"Code": {"ZipFile": "AAAA"}}), 400, invalid),
        (json!({"Code": {"ZipFile": ""}}), 400, invalid),
        // The end of an empty zip file.
        (
            json!({"Code": {"ZipFile": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="}}),
            400,
            invalid,
        ),
        (json!({"Code": {"ZipFile": "!"}}), 400, "SerializationException"),
        (json!({"Code": {"S3Bucket": "aaa"}}), 400, invalid),
        (json!({"Code": {"S3Key": "b"}}), 400, invalid),
        (
            json!({"Code": {"S3Bucket": "aaa", "S3Key": "b", "ZipFile": zip("1")}}),
            400,
            invalid,
        ),
        (
            json!({"Code": {"S3Bucket": "aaa", "S3Key": "b", "S3ObjectVersion": "1"}}),
            501,
            "NotImplementedException",
        ),
        (
            json!({"Code": {"S3Bucket": "aaa", "S3Key": "b", "S3ObjectStorageMode": "REFERENCE"}}),
            501,
            "NotImplementedException",
        ),
        (json!({"Code": {"ImageUri": "b"}}), 501, "NotImplementedException"),
        (json!({"PackageType": "Image"}), 501, "NotImplementedException"),
        (json!({"Publish": true}), 501, "NotImplementedException"),
        (
            json!({"Layers": ["arn:aws:lambda:us-east-1:123456789012:layer:a:1"]}),
            400,
            invalid,
        ),
        (json!({"Runtime": null}), 400, invalid),
        (json!({"Handler": null}), 400, invalid),
        (json!({"Runtime": "cobol"}), 400, "ValidationException"),
        (json!({"Role": "worker"}), 400, "ValidationException"),
        (json!({"Timeout": 901}), 400, invalid),
        (json!({"Timeout": 0}), 400, "ValidationException"),
        (json!({"MemorySize": 10_241}), 400, invalid),
        (json!({"FunctionName": "f:1"}), 404, "ResourceNotFoundException"),
        (json!({"FunctionName": "a".repeat(65)}), 400, invalid),
        (json!({"FunctionName": "a b"}), 400, "ValidationException"),
        (json!({"Tags": {"aws:a": "b"}}), 400, invalid),
        (
            json!({"Environment": {"Variables": {"AWS_REGION": "a"}}}),
            400,
            invalid,
        ),
        (
            json!({"Environment": {"Variables": {"AA": "a".repeat(4096)}}}),
            400,
            invalid,
        ),
        (json!({"Environment": {"Variables": {"AA": "a\0"}}}), 400, invalid),
    ] {
        let reply = create(&admin, with(new("f"), wrong.clone())).await;
        assert_eq!(
            (reply.status, reply.exception()),
            (status, exception),
            "{wrong}: {reply}"
        );
    }
    let missing = call(&admin, "GET", "f", "", None).await;
    refused(&missing, 404, "ResourceNotFoundException");
    server.stop().await;
}

#[tokio::test]
async fn large_code_passes_and_what_is_larger_does_not() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    role(&admin, "worker", "lambda.amazonaws.com").await;
    let large = json!({"Code": {"ZipFile": zip(&"a".repeat(3 << 20))}});
    let made = create(&admin, with(new("f"), large)).await;
    assert_eq!(made.status, 201, "{made}");
    let larger = json!({"ZipFile": zip(&"a".repeat(50 << 20))});
    let reply = call(&admin, "PUT", "f", "/code", Some(larger)).await;
    refused(&reply, 400, "InvalidParameterValueException");
    let largest = json!({"ZipFile": "A".repeat(70 << 20)});
    let reply = call(&admin, "PUT", "f", "/code", Some(largest)).await;
    refused(&reply, 413, "RequestEntityTooLargeException");
    // Other operations take no more than they did.
    let reply = call(
        &admin,
        "POST",
        "f",
        "/policy",
        Some(json!({"StatementId": "a".repeat(2 << 20)})),
    )
    .await;
    refused(&reply, 413, "RequestEntityTooLargeException");
    server.stop().await;
}

#[tokio::test]
async fn a_delete_of_the_latest_version_alone_is_refused() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    role(&admin, "worker", "lambda.amazonaws.com").await;
    assert_eq!(create(&admin, new("f")).await.status, 201);
    for (name, more) in [("f:$LATEST", ""), ("f", "?Qualifier=%24LATEST")] {
        let reply = call(&admin, "DELETE", name, more, None).await;
        refused(&reply, 400, "InvalidParameterValueException");
    }
    server.stop().await;
}

#[tokio::test]
async fn two_versions_of_one_function_are_none() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    for (method, more) in [
        ("GET", "?Qualifier=2"),
        ("GET", "/configuration?Qualifier=2"),
        ("GET", "/policy?Qualifier=2"),
        ("DELETE", "/policy/a?Qualifier=2"),
        ("POST", "/invocations?Qualifier=2"),
    ] {
        let reply = call(&admin, method, "f:1", more, None).await;
        refused(&reply, 400, "InvalidParameterValueException");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_configuration_of_another_revision_stays() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    role(&admin, "worker", "lambda.amazonaws.com").await;
    assert_eq!(create(&admin, new("f")).await.status, 201);
    let update = json!({"Timeout": 9, "RevisionId": "another"});
    let reply = call(&admin, "PUT", "f", "/configuration", Some(update)).await;
    refused(&reply, 412, "PreconditionFailedException");
    let kept = call(&admin, "GET", "f", "/configuration", None).await;
    assert_ne!(kept.json()["Timeout"], 9);
    server.stop().await;
}
