//! Role aliases, and handing a role over.

use serde_json::{Value, json};
use thingsmith_testkit::{ACCOUNT, Client, Engine, Reply, TestServer};

use super::named;
use super::query::{done, iam, refused};

const ROLE: &str = "arn:aws:iam::123456789012:role/line";

fn trusting(service: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": service},
        "Action": "sts:AssumeRole"}})
    .to_string()
}

async fn make_role(client: &Client, name: &str, service: &str, seconds: u32) {
    let new = json!({"RoleName": name, "AssumeRolePolicyDocument": trusting(service), "MaxSessionDuration": seconds});
    done(iam(client, "CreateRole", new).await);
}

async fn create(client: &Client, more: Value) -> Reply {
    let mut input = json!({"roleAlias": "a", "roleArn": ROLE});
    input
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    named(client, "CreateRoleAlias", input).await
}

#[tokio::test]
async fn a_role_alias_lives() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        make_role(&admin, "line", "credentials.iot.amazonaws.com", 7200).await;
        let with = |operation: &'static str, input: Value| named(&admin, operation, input);
        let made = done(create(&admin, json!({"tags": [{"Key": "line", "Value": "4"}]})).await);
        let arn = "arn:aws:iot:us-east-1:123456789012:rolealias/a";
        assert_eq!(made.json(), json!({"roleAlias": "a", "roleAliasArn": arn}));
        let taken = create(&admin, json!({})).await;
        refused(&taken, 409, "ResourceAlreadyExistsException");
        assert_eq!(taken.text("resourceArn"), arn);
        let tags = done(with("ListTagsForResource", json!({"resourceArn": arn})).await);
        assert_eq!(tags.json()["tags"], json!([{"Key": "line", "Value": "4"}]));
        let read = done(with("DescribeRoleAlias", json!({"roleAlias": "a"})).await);
        assert_eq!(
            read.json()["roleAliasDescription"],
            json!({"roleAlias": "a", "roleAliasArn": arn, "roleArn": ROLE, "owner": ACCOUNT,
                "credentialDurationSeconds": 3600, "creationDate": 1_795_291_200.123,
                "lastModifiedDate": 1_795_291_200.123})
        );
        refused(
            &with("DescribeRoleAlias", json!({"roleAlias": "A"})).await,
            404,
            "ResourceNotFoundException",
        );

        make_role(&admin, "short", "credentials.iot.amazonaws.com", 3600).await;
        let short = ROLE.replace("line", "short");
        let update = |more: Value| {
            let mut input = json!({"roleAlias": "a"});
            input
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            named(&admin, "UpdateRoleAlias", input)
        };
        done(update(json!({"credentialDurationSeconds": 7200})).await);
        for (wrong, what) in [
            (
                json!({"credentialDurationSeconds": 7201}),
                "longer than the role's sessions",
            ),
            (json!({"roleArn": short}), "longer than the other role's sessions"),
            (json!({"credentialDurationSeconds": 899}), "too short for any"),
            (json!({"roleArn": ROLE.replace("line", "none")}), "no such role"),
        ] {
            let reply = update(wrong).await;
            assert_eq!(reply.exception(), "InvalidRequestException", "{what}: {reply}");
        }
        done(update(json!({"roleArn": short, "credentialDurationSeconds": 900})).await);
        let read = with("DescribeRoleAlias", json!({"roleAlias": "a"})).await;
        let described = &read.json()["roleAliasDescription"];
        assert_eq!(
            (&described["roleArn"], &described["credentialDurationSeconds"]),
            (&json!(short), &json!(900))
        );
        refused(
            &with("UpdateRoleAlias", json!({"roleAlias": "none"})).await,
            404,
            "ResourceNotFoundException",
        );

        for name in ["b", "c"] {
            done(create(&admin, json!({"roleAlias": name})).await);
        }
        let page = done(with("ListRoleAliases", json!({"pageSize": 2})).await).json();
        assert_eq!(page["roleAliases"], json!(["c", "b"]));
        let next = with("ListRoleAliases", json!({"marker": page["nextMarker"]})).await;
        assert_eq!(done(next).json(), json!({"roleAliases": ["a"]}));
        let ascending = with("ListRoleAliases", json!({"ascendingOrder": true})).await;
        assert_eq!(done(ascending).json(), json!({"roleAliases": ["a", "b", "c"]}));
        let forged = json!({"marker": page["nextMarker"], "ascendingOrder": true});
        refused(
            &with("ListRoleAliases", forged).await,
            400,
            "InvalidRequestException",
        );
        let wrong = json!({"roleAlias": "d", "tags": [{"Key": "aws:a", "Value": "b"}]});
        refused(&create(&admin, wrong).await, 400, "InvalidRequestException");

        done(with("DeleteRoleAlias", json!({"roleAlias": "a"})).await);
        refused(
            &with("DeleteRoleAlias", json!({"roleAlias": "a"})).await,
            404,
            "ResourceNotFoundException",
        );
        refused(
            &with("ListTagsForResource", json!({"resourceArn": arn})).await,
            404,
            "ResourceNotFoundException",
        );
        // A name that was used has no tags from before.
        done(create(&admin, json!({})).await);
        let tags = done(with("ListTagsForResource", json!({"resourceArn": arn})).await);
        assert_eq!(tags.json()["tags"], json!([]));
        server.stop().await;
    }
}

#[tokio::test]
async fn a_role_is_handed_over_by_whom_it_may_be_to_whom_it_trusts() {
    let alias = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:*","Resource":"*"}}"#;
    let pass = |resource: &str, service: &str| {
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:PassRole",
            "Resource": resource, "Condition": {"StringEquals": {"iam:PassedToService": service}}}})
        .to_string()
    };
    let provider = "credentials.iot.amazonaws.com";
    let server = TestServer::builder()
        .key("may", ACCOUNT, &[alias, &pass(ROLE, provider)])
        .key("may-not", ACCOUNT, &[alias])
        .key(
            "other-role",
            ACCOUNT,
            &[alias, &pass(&ROLE.replace("line", "other"), provider)],
        )
        .key(
            "other-service",
            ACCOUNT,
            &[alias, &pass(ROLE, "lambda.amazonaws.com")],
        )
        .start()
        .await;
    let admin = server.administrator();
    make_role(&admin, "line", provider, 3600).await;
    make_role(&admin, "iot", "iot.amazonaws.com", 3600).await;
    for key in ["may-not", "other-role", "other-service"] {
        let reply = create(&server.client(key), json!({})).await;
        refused(&reply, 403, "AccessDeniedException");
        let start = format!(
            "User: arn:aws:iam::123456789012:user/{key} is not authorized to perform: iam:PassRole on resource: {ROLE} "
        );
        assert!(reply.message().starts_with(&start), "{reply}");
    }
    done(create(&server.client("may"), json!({})).await);
    let update = |key: &str, more: Value| {
        let mut input = json!({"roleAlias": "a"});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let client = server.client(key);
        async move { named(&client, "UpdateRoleAlias", input).await }
    };
    refused(
        &update("may-not", json!({"roleArn": ROLE})).await,
        403,
        "AccessDeniedException",
    );
    done(update("may", json!({"roleArn": ROLE})).await);
    done(update("may-not", json!({"credentialDurationSeconds": 1000})).await);
    // Whoever may not hand a role over does not learn whether it is there.
    let absent = create(
        &server.client("may-not"),
        json!({"roleArn": ROLE.replace("line", "none")}),
    )
    .await;
    refused(&absent, 403, "AccessDeniedException");
    for (arn, what) in [
        (ROLE.replace("line", "none"), "is not there"),
        (
            ROLE.replace("line", "iot"),
            "does not let the service credentials.iot.amazonaws.com assume it",
        ),
        (
            ROLE.replace("123456789012", "210987654321"),
            "is of another account",
        ),
        (ROLE.replace("role/", "user/"), "is not the ARN of a role"),
        ("aaaaaaaaaaaaaaaaaaaa".into(), "is not the ARN of a role"),
    ] {
        let reply = create(&admin, json!({"roleAlias": "b", "roleArn": arn})).await;
        refused(&reply, 400, "InvalidRequestException");
        assert!(
            reply.message().starts_with(&format!("roleArn {arn} {what}")),
            "{reply}"
        );
    }
}
