use serde_json::json;
use thingsmith_testkit::{Engine, TestServer};

use super::{ARN, ROLE, call, create, new, role, with, zip};
use crate::http::query::{done, refused};

#[tokio::test]
async fn a_function_lives() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        role(&admin, "worker", "lambda.amazonaws.com").await;
        let more = json!({"Description": "d", "Timeout": 30, "MemorySize": 256, "Tags": {"line": "4"},
            "Environment": {"Variables": {"COLOUR": "red"}}, "Architectures": ["arm64"], "PackageType": "Zip",
            "TracingConfig": {"Mode": "PassThrough"}, "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []}});
        let made = create(&admin, with(new("f"), more)).await;
        assert_eq!(made.status, 201, "{made}");
        let made = made.json();
        let expected = json!({"FunctionName": "f", "FunctionArn": ARN, "Runtime": "python3.11", "Role": ROLE,
            "Handler": "app.handler", "CodeSize": 27, "Description": "d", "Timeout": 30, "MemorySize": 256,
            "LastModified": "2026-11-21T20:00:00.123+0000", "CodeSha256": made["CodeSha256"], "Version": "$LATEST",
            "Environment": {"Variables": {"COLOUR": "red"}}, "TracingConfig": {"Mode": "PassThrough"},
            "RevisionId": made["RevisionId"], "State": "Active", "LastUpdateStatus": "Successful",
            "PackageType": "Zip", "Architectures": ["arm64"], "EphemeralStorage": {"Size": 512},
            "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"}});
        assert_eq!(made, expected);
        assert_eq!(made["CodeSha256"].as_str().unwrap().len(), 44);
        let taken = create(&admin, new("f")).await;
        refused(&taken, 409, "ResourceConflictException");
        assert_eq!(taken.json()["Type"], "User");

        for name in ["f", ARN, "123456789012:function:f"] {
            let read = done(call(&admin, "GET", name, "", None).await).json();
            assert_eq!(read["Configuration"], expected, "{name}");
            assert_eq!(read["Tags"], json!({"line": "4"}));
            assert_eq!(read["Code"], json!({"RepositoryType": "S3"}));
        }
        let read = done(call(&admin, "GET", "f", "/configuration?Qualifier=%24LATEST", None).await).json();
        assert_eq!(read["FunctionArn"], format!("{ARN}:$LATEST"));
        let read = call(&admin, "GET", "f:1", "/configuration", None).await;
        refused(&read, 404, "ResourceNotFoundException");
        assert_eq!(read.text("Message"), format!("Function not found: {ARN}:1"));

        let dry = json!({"ZipFile": zip("22"), "DryRun": true});
        let dry = done(call(&admin, "PUT", "f", "/code", Some(dry)).await).json();
        assert_eq!(dry["CodeSize"], 28);
        let code =
            json!({"ZipFile": zip("22"), "RevisionId": made["RevisionId"], "Architectures": ["x86_64"]});
        let changed = done(call(&admin, "PUT", "f", "/code", Some(code.clone())).await).json();
        assert_eq!(
            (&changed["CodeSize"], &changed["Architectures"]),
            (&json!(28), &json!(["x86_64"]))
        );
        assert_ne!(changed["CodeSha256"], made["CodeSha256"]);
        assert_ne!(changed["RevisionId"], made["RevisionId"]);
        let late = call(&admin, "PUT", "f", "/code", Some(code)).await;
        refused(&late, 412, "PreconditionFailedException");

        let configuration = json!({"Timeout": 900, "Environment": {"Variables": {}}, "Handler": "a.b"});
        let changed = done(call(&admin, "PUT", "f", "/configuration", Some(configuration)).await).json();
        assert_eq!(
            (&changed["Timeout"], &changed["Handler"]),
            (&json!(900), &json!("a.b"))
        );
        assert_eq!(changed.get("Environment"), None);
        assert_eq!(changed["Description"], "d");

        let deleted = call(&admin, "DELETE", "f", "", None).await;
        assert_eq!((deleted.status, deleted.body.len()), (204, 0));
        for (method, more) in [
            ("GET", ""),
            ("DELETE", ""),
            ("GET", "/policy"),
            ("GET", "/configuration"),
        ] {
            let gone = call(&admin, method, "f", more, None).await;
            refused(&gone, 404, "ResourceNotFoundException");
        }
        // The name is free again, and what it had is gone.
        assert_eq!(create(&admin, new("f")).await.status, 201);
        let read = done(call(&admin, "GET", "f", "", None).await).json();
        assert_eq!(read.get("Tags"), None);
        server.stop().await;
    }
}

#[tokio::test]
async fn functions_are_listed_by_name() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        role(&admin, "worker", "lambda.amazonaws.com").await;
        for name in ["b", "a", "C"] {
            assert_eq!(create(&admin, new(name)).await.status, 201);
        }
        let client = admin.clone().service("lambda");
        let list = |query: String| {
            let client = client.clone();
            async move { client.call("GET", &format!("/2015-03-31/functions{query}")).await }
        };
        let names = |reply: &thingsmith_testkit::Reply| {
            let json = reply.json();
            let functions = json["Functions"].as_array().unwrap().iter();
            functions
                .map(|it| it["FunctionName"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        // Older SDKs write a slash behind the path.
        for query in [
            "",
            "/",
            "/?Marker=&MaxItems=10000",
            "?FunctionVersion=ALL&MasterRegion=ALL",
        ] {
            let all = done(list(query.into()).await);
            assert_eq!(names(&all), ["C", "a", "b"], "{query}");
            assert_eq!(all.json().get("NextMarker"), None);
        }
        let first = done(list("?MaxItems=2".into()).await);
        assert_eq!(names(&first), ["C", "a"]);
        let marker = first.text("NextMarker");
        let marker = percent_encoding::utf8_percent_encode(&marker, percent_encoding::NON_ALPHANUMERIC);
        assert_eq!(
            names(&done(list(format!("?MaxItems=2&Marker={marker}")).await)),
            ["b"]
        );
        refused(
            &list("?Marker=none".into()).await,
            400,
            "InvalidParameterValueException",
        );
        server.stop().await;
    }
}
