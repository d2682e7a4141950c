//! Layers, and functions that have them.

use serde_json::{Value, json};
use thingsmith_testkit::{ACCOUNT, Client, Engine, Reply, TestServer};

use super::{call, create, new, role, with, zip};
use crate::http::query::{done, refused};

const LAYER: &str = "arn:aws:lambda:us-east-1:123456789012:layer:l";
const ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

async fn publish(client: &Client, layer: &str, content: &str, more: Value) -> Reply {
    let input = with(json!({"Content": {"ZipFile": zip(content)}}), more);
    let client = client.clone().service("lambda");
    client.call_with("POST", &path(layer, ""), input).await
}

fn path(layer: &str, version: &str) -> String {
    format!(
        "/2018-10-31/layers/{}/versions{version}",
        layer.replace(':', "%3A")
    )
}

async fn get(client: &Client, path: &str) -> Reply {
    client.clone().service("lambda").call("GET", path).await
}

async fn delete(client: &Client, layer: &str, version: &str) -> Reply {
    let client = client.clone().service("lambda");
    client.call("DELETE", &path(layer, version)).await
}

#[tokio::test]
async fn a_layer_lives() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let more = json!({"Description": "d", "LicenseInfo": "MIT", "CompatibleRuntimes": ["python3.7", "python3.11"],
            "CompatibleArchitectures": ["x86_64"]});
        let one = publish(&admin, "l", "1", more).await;
        assert_eq!(one.status, 201, "{one}");
        let one = one.json();
        let expected = json!({"LayerArn": LAYER, "LayerVersionArn": format!("{LAYER}:1"), "Version": 1,
            "Description": "d", "LicenseInfo": "MIT", "CreatedDate": "2026-11-21T20:00:00.123+0000",
            "CompatibleRuntimes": ["python3.7", "python3.11"], "CompatibleArchitectures": ["x86_64"],
            "Content": {"CodeSha256": one["Content"]["CodeSha256"], "CodeSize": 27}});
        assert_eq!(one, expected);
        let two = publish(&admin, LAYER, "22", json!({})).await;
        assert_eq!(two.json()["LayerVersionArn"], format!("{LAYER}:2"));
        publish(&admin, "A", "1", json!({})).await;

        let by_arn = format!("/2018-10-31/layers?find=LayerVersion&Arn={LAYER}:1").replace(':', "%3A");
        for path in [path("l", "/1"), path(LAYER, "/1"), by_arn] {
            assert_eq!(done(get(&admin, &path).await).json(), expected, "{path}");
        }
        let elsewhere = LAYER.replace("us-east-1", "eu-west-1");
        for (arn, status, exception) in [
            (format!("{LAYER}:9"), 404, "ResourceNotFoundException"),
            (format!("{elsewhere}:1"), 400, "InvalidParameterValueException"),
        ] {
            let by_arn = format!("/2018-10-31/layers?find=LayerVersion&Arn={arn}").replace(':', "%3A");
            refused(&get(&admin, &by_arn).await, status, exception);
        }
        let versions = |reply: Reply| -> Vec<i64> {
            let list = reply.json()["LayerVersions"].as_array().unwrap().clone();
            list.iter().map(|it| it["Version"].as_i64().unwrap()).collect()
        };
        let listed = done(get(&admin, &path("l", "")).await);
        assert_eq!(versions(listed), [2, 1]);
        let listed = done(get(&admin, &path("l", "?CompatibleRuntime=python3.7")).await);
        assert_eq!(versions(listed), [1]);
        let first = done(get(&admin, &path("l", "?MaxItems=1")).await);
        let marker = first
            .text("NextMarker")
            .replace('=', "%3D")
            .replace('+', "%2B")
            .replace('/', "%2F");
        assert_eq!(versions(first), [2]);
        let next = done(get(&admin, &path("l", &format!("?MaxItems=1&Marker={marker}"))).await);
        assert_eq!(next.json().get("NextMarker"), None);
        assert_eq!(versions(next), [1]);
        for list in [
            path("A", ""),
            path("l", "?CompatibleRuntime=python3.7"),
            "/2018-10-31/layers".to_owned(),
        ] {
            let sign = if list.contains('?') { '&' } else { '?' };
            let foreign = get(&admin, &format!("{list}{sign}Marker={marker}")).await;
            refused(&foreign, 400, "InvalidParameterValueException");
        }
        assert_eq!(versions(done(get(&admin, &path("none", "")).await)), [0; 0]);
        let layers = done(get(&admin, "/2018-10-31/layers").await).json();
        assert_eq!(layers["Layers"][0]["LayerName"], "A");
        assert_eq!(layers["Layers"][1]["LayerArn"], LAYER);
        assert_eq!(layers["Layers"][1]["LatestMatchingVersion"]["Version"], 2);
        let layers = done(get(&admin, "/2018-10-31/layers?CompatibleRuntime=python3.11").await).json();
        assert_eq!(layers["Layers"][0]["LatestMatchingVersion"]["Version"], 1);

        // Deleting is done once, and twice as well; the number is not used again.
        for _ in 0..2 {
            let deleted = delete(&admin, "l", "/2").await;
            assert_eq!((deleted.status, deleted.body.len()), (204, 0));
        }
        let gone = get(&admin, &path("l", "/2")).await;
        refused(&gone, 404, "ResourceNotFoundException");
        let three = publish(&admin, "l", "3", json!({})).await;
        assert_eq!(three.json()["Version"], 3);
    }
}

#[tokio::test]
async fn a_function_has_layers_and_keeps_them() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        role(&admin, "worker", "lambda.amazonaws.com").await;
        for layer in ["l", "l", "b", "c", "d", "e", "f"] {
            assert_eq!(publish(&admin, layer, "1", json!({})).await.status, 201);
        }
        let arn = |layer: &str, version: u8| {
            format!("arn:aws:lambda:us-east-1:123456789012:layer:{layer}:{version}")
        };
        let layers = json!({"Layers": [arn("l", 2), arn("b", 1)]});
        let made = create(&admin, with(new("f"), layers)).await;
        assert_eq!(made.status, 201, "{made}");
        let expected = json!([{"Arn": arn("l", 2), "CodeSize": 27}, {"Arn": arn("b", 1), "CodeSize": 27}]);
        assert_eq!(made.json()["Layers"], expected);
        delete(&admin, "l", "/2").await;
        let read = done(call(&admin, "GET", "f", "", None).await).json();
        assert_eq!(read["Configuration"]["Layers"], expected);
        let configure = |layers: Value| {
            let admin = admin.clone();
            async move { call(&admin, "PUT", "f", "/configuration", Some(layers)).await }
        };
        let kept = done(configure(json!({"Description": "d"})).await).json();
        assert_eq!(kept["Layers"], expected);
        let too_many: Vec<String> = ["l", "b", "c", "d", "e", "f"].map(|it| arn(it, 1)).into();
        for (wrong, exception) in [
            (json!([arn("l", 2)]), "InvalidParameterValueException"),
            (json!([arn("l", 9)]), "InvalidParameterValueException"),
            (
                json!([arn("c", 1), arn("c", 1)]),
                "InvalidParameterValueException",
            ),
            (json!(too_many), "InvalidParameterValueException"),
            (
                json!(["arn:aws:lambda:eu-west-1:123456789012:layer:l:1"]),
                "InvalidParameterValueException",
            ),
            (
                json!(["arn:aws:lambda:::awslayer:x"]),
                "InvalidParameterValueException",
            ),
            (json!(["l:1"]), "ValidationException"),
        ] {
            refused(&configure(json!({"Layers": wrong})).await, 400, exception);
        }
        let other = "arn:aws:lambda:us-east-1:210987654321:layer:l:1";
        let denied = configure(json!({"Layers": [other]})).await;
        refused(&denied, 403, "AccessDeniedException");
        let changed = done(configure(json!({"Layers": too_many[..5]})).await).json();
        assert_eq!(changed["Layers"].as_array().unwrap().len(), 5);
        let none = done(configure(json!({"Layers": []})).await).json();
        assert_eq!(none.get("Layers"), None);
    }
}

#[tokio::test]
async fn what_is_no_layer_is_refused() {
    let server = TestServer::builder().start().await;
    let admin = server.administrator().service("lambda");
    let invalid = "InvalidParameterValueException";
    for (content, status, exception) in [
        (json!({}), 400, invalid),
        (json!({"ZipFile": "AAAA"}), 400, invalid),
        (
            json!({"S3Bucket": "aaa", "S3Key": "b", "S3ObjectVersion": "1"}),
            501,
            "NotImplementedException",
        ),
    ] {
        let input = json!({"Content": content});
        let reply = admin.call_with("POST", &path("l", ""), input).await;
        refused(&reply, status, exception);
    }
    let reply = publish(&admin, "a.b", "1", json!({})).await;
    refused(&reply, 400, "ValidationException");
    for version in ["/0", "/-1", "/9223372036854775807"] {
        refused(
            &get(&admin, &path("l", version)).await,
            404,
            "ResourceNotFoundException",
        );
    }
    for wrong in ["/x", "/9223372036854775808"] {
        let reply = get(&admin, &path("l", wrong)).await;
        assert_eq!(reply.status, 400, "{reply}");
    }
}

#[tokio::test]
async fn layers_are_of_one_account_and_region() {
    for engine in Engine::available() {
        let server = TestServer::builder()
            .engine(engine)
            .key("other", "210987654321", &[ALL])
            .start()
            .await;
        let admin = server.administrator();
        publish(&admin, "l", "1", json!({})).await;
        for (other, status, exception) in [
            (server.client("other"), 403, "AccessDeniedException"),
            (
                admin.clone().region("eu-west-1"),
                400,
                "InvalidParameterValueException",
            ),
        ] {
            refused(
                &get(&other, &path("l", "/1")).await,
                404,
                "ResourceNotFoundException",
            );
            refused(&get(&other, &path(LAYER, "/1")).await, status, exception);
            refused(&get(&other, &path(LAYER, "")).await, status, exception);
            refused(&delete(&other, LAYER, "/1").await, status, exception);
            refused(&publish(&other, LAYER, "1", json!({})).await, status, exception);
            delete(&other, "l", "/1").await;
            assert_eq!(
                done(get(&other, "/2018-10-31/layers").await).json(),
                json!({"Layers": []})
            );
            // Their name is free here, and counts from the beginning.
            assert_eq!(publish(&other, "l", "1", json!({})).await.json()["Version"], 1);
        }
        assert_eq!(get(&admin, &path("l", "/1")).await.status, 200);
    }
}

#[tokio::test]
async fn every_operation_needs_its_action_on_its_resource() {
    let may = |action: &str, resource: &str| {
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": format!("lambda:{action}"), "Resource": resource}})
            .to_string()
    };
    let version = format!("{LAYER}:1");
    for (action, resource, method, path) in [
        ("GetLayerVersion", version.as_str(), "GET", path("l", "/1")),
        (
            "GetLayerVersion",
            &version,
            "GET",
            format!("/2018-10-31/layers?find=LayerVersion&Arn={LAYER}:1").replace(':', "%3A"),
        ),
        ("ListLayerVersions", "*", "GET", path("l", "")),
        ("ListLayers", "*", "GET", "/2018-10-31/layers".to_owned()),
        ("PublishLayerVersion", LAYER, "POST", path("l", "")),
        ("DeleteLayerVersion", &version, "DELETE", path("l", "/1")),
    ] {
        let near = match resource {
            "*" => LAYER.to_owned(),
            other => format!("{other}0"),
        };
        let server = TestServer::builder()
            .key("may", ACCOUNT, &[&may(action, resource)])
            .key("near", ACCOUNT, &[&may(action, &near)])
            .key("else", ACCOUNT, &[&may("Invoke*", "*")])
            .start()
            .await;
        publish(&server.administrator(), "l", "1", json!({})).await;
        let call = |key: &'static str| {
            let (client, path) = (server.client(key).service("lambda"), path.clone());
            async move {
                match method {
                    "POST" => {
                        let input = json!({"Content": {"ZipFile": zip("1")}});
                        client.call_with(method, &path, input).await
                    }
                    _ => client.call(method, &path).await,
                }
            }
        };
        for key in ["near", "else"] {
            refused(&call(key).await, 403, "AccessDeniedException");
        }
        let reply = call("may").await;
        assert!(reply.status < 300, "{action}: {reply}");
    }
}

#[tokio::test]
async fn who_may_not_read_a_layer_may_not_give_it_to_a_function() {
    let functions = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":["lambda:CreateFunction","lambda:UpdateFunctionConfiguration","iam:PassRole"],"Resource":"*"},
        {"Effect":"Allow","Action":"lambda:GetLayerVersion","Resource":"arn:aws:lambda:us-east-1:123456789012:layer:b:*"}]}"#;
    let server = TestServer::builder()
        .key("some", ACCOUNT, &[functions])
        .start()
        .await;
    let admin = server.administrator();
    role(&admin, "worker", "lambda.amazonaws.com").await;
    for layer in ["l", "b"] {
        publish(&admin, layer, "1", json!({})).await;
    }
    let some = server.client("some");
    let layers =
        |layer: &str| json!({"Layers": [format!("arn:aws:lambda:us-east-1:123456789012:layer:{layer}:1")]});
    let denied = create(&some, with(new("f"), layers("l"))).await;
    refused(&denied, 403, "AccessDeniedException");
    assert_eq!(create(&some, with(new("f"), layers("b"))).await.status, 201);
    let denied = call(&some, "PUT", "f", "/configuration", Some(layers("l"))).await;
    refused(&denied, 403, "AccessDeniedException");
}
