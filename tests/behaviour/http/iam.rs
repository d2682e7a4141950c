//! Users, roles and managed policies, and what users may do.

use std::time::Duration;

use serde_json::{Value, json};
use thingsmith_aws_model::Service;
use thingsmith_testkit::{ACCOUNT, Client, Engine, Reply, TestServer, samples};

use super::query::{client_of, done, element, elements, iam, refused};

const OTHER: &str = "210987654321";
pub(super) const ALL: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
pub(super) const LIST_THINGS: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:ListThings","Resource":"*"}}"#;
const DENY_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
pub(super) const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}}"#;

async fn list_things(client: &Client) -> Reply {
    client.call("GET", "/things").await
}

/// Makes a user with a key.
pub(super) async fn user(server: &TestServer, name: &str) -> Client {
    let admin = server.administrator();
    done(iam(&admin, "CreateUser", json!({"UserName": name})).await);
    let key = done(iam(&admin, "CreateAccessKey", json!({"UserName": name})).await);
    client_of(server, &key)
}

#[tokio::test]
async fn a_user_lives() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let with = |action: &'static str, input: Value| iam(&admin, action, input);
        let ann = json!({"UserName": "Ann"});
        let made = done(with("CreateUser", json!({"UserName": "Ann", "Path": "/line/4/"})).await);
        assert_eq!(element(&made, "Arn"), "arn:aws:iam::123456789012:user/line/4/Ann");
        assert_eq!(element(&made, "CreateDate"), "2026-11-21T20:00:00Z");
        assert!(element(&made, "UserId").starts_with("AIDA"));
        refused(
            &with("CreateUser", json!({"UserName": "ANN"})).await,
            409,
            "EntityAlreadyExists",
        );
        let read = done(with("GetUser", json!({"UserName": "aNN"})).await);
        assert_eq!(element(&read, "UserName"), "Ann");
        refused(
            &with("GetUser", json!({"UserName": "Bob"})).await,
            404,
            "NoSuchEntity",
        );
        // The root of the account is no user, and reads itself.
        assert_eq!(
            element(&done(with("GetUser", json!({})).await), "UserId"),
            ACCOUNT
        );

        for name in ["b", "a", "c"] {
            done(with("CreateUser", json!({"UserName": name})).await);
        }
        let first = done(with("ListUsers", json!({"MaxItems": 2})).await);
        assert_eq!(elements(&first, "UserName"), ["a", "Ann"]);
        assert_eq!(element(&first, "IsTruncated"), "true");
        let marker = element(&first, "Marker");
        let rest = done(with("ListUsers", json!({"Marker": marker})).await);
        assert_eq!(elements(&rest, "UserName"), ["b", "c"]);
        assert_eq!(element(&rest, "IsTruncated"), "false");
        let below = done(with("ListUsers", json!({"PathPrefix": "/line/"})).await);
        assert_eq!(elements(&below, "UserName"), ["Ann"]);
        for (action, input) in [
            ("ListUsers", json!({"Marker": "forged"})),
            ("ListRoles", json!({"Marker": marker})),
            ("ListUsers", json!({"MaxItems": 0})),
            ("CreateUser", json!({"UserName": "a b"})),
            ("CreateUser", json!({"UserName": "d", "Path": "line"})),
            ("CreateAccessKey", json!({})),
        ] {
            refused(&with(action, input).await, 400, "ValidationError");
        }
        let later = with(
            "CreateUser",
            json!({"UserName": "d", "Tags": [{"Key": "a", "Value": "b"}]}),
        )
        .await;
        refused(&later, 501, "NotImplemented");

        // What hangs on a user keeps it.
        let key = done(with("CreateAccessKey", ann.clone()).await);
        let id = element(&key, "AccessKeyId");
        done(with("CreateAccessKey", ann.clone()).await);
        refused(&with("CreateAccessKey", ann.clone()).await, 409, "LimitExceeded");
        let keys = elements(&done(with("ListAccessKeys", ann.clone()).await), "AccessKeyId");
        assert!(keys.len() == 2 && keys.contains(&id), "{keys:?}");
        refused(&with("DeleteUser", ann.clone()).await, 409, "DeleteConflict");
        for key in keys {
            done(with("DeleteAccessKey", json!({"UserName": "Ann", "AccessKeyId": key})).await);
        }
        let gone = json!({"UserName": "Ann", "AccessKeyId": id, "Status": "Active"});
        refused(&with("UpdateAccessKey", gone).await, 404, "NoSuchEntity");
        let policy = json!({"UserName": "Ann", "PolicyName": "p", "PolicyDocument": LIST_THINGS});
        done(with("PutUserPolicy", policy).await);
        refused(&with("DeleteUser", ann.clone()).await, 409, "DeleteConflict");
        let named = json!({"UserName": "Ann", "PolicyName": "p"});
        let read = done(with("GetUserPolicy", named.clone()).await);
        let document = percent_encoding::percent_decode_str(&element(&read, "PolicyDocument"))
            .decode_utf8()
            .unwrap()
            .into_owned();
        assert_eq!(document, LIST_THINGS);
        assert_eq!(
            elements(&with("ListUserPolicies", ann.clone()).await, "member"),
            ["p"]
        );
        done(with("DeleteUserPolicy", named.clone()).await);
        refused(
            &with("DeleteUserPolicy", named.clone()).await,
            404,
            "NoSuchEntity",
        );
        refused(&with("GetUserPolicy", named).await, 404, "NoSuchEntity");
        let arn = "arn:aws:iam::aws:policy/AWSIoTDataAccess";
        let attachment = json!({"UserName": "Ann", "PolicyArn": arn});
        done(with("AttachUserPolicy", attachment.clone()).await);
        done(with("AttachUserPolicy", attachment.clone()).await);
        let listed = done(with("ListAttachedUserPolicies", ann.clone()).await);
        assert_eq!(elements(&listed, "PolicyArn"), [arn]);
        refused(&with("DeleteUser", ann.clone()).await, 409, "DeleteConflict");
        done(with("DetachUserPolicy", attachment.clone()).await);
        refused(&with("DetachUserPolicy", attachment).await, 404, "NoSuchEntity");
        done(with("DeleteUser", ann.clone()).await);
        refused(&with("DeleteUser", ann).await, 404, "NoSuchEntity");
        server.stop().await;
    }
}

#[tokio::test]
async fn a_role_lives() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let with = |action: &'static str, input: Value| iam(&admin, action, input);
        let role = json!({"RoleName": "Line"});
        let new = |name: &str, trust: &str| {
            json!({"RoleName": name, "AssumeRolePolicyDocument": trust, "Description": "a <role>",
                "MaxSessionDuration": 7200, "Path": "/service-role/"})
        };
        let made = done(with("CreateRole", new("Line", TRUST)).await);
        assert_eq!(
            element(&made, "Arn"),
            "arn:aws:iam::123456789012:role/service-role/Line"
        );
        assert_eq!(element(&made, "Description"), "a &lt;role&gt;");
        assert_eq!(element(&made, "MaxSessionDuration"), "7200");
        refused(
            &with("CreateRole", new("LINE", TRUST)).await,
            409,
            "EntityAlreadyExists",
        );
        for wrong in ["{}", LIST_THINGS, &TRUST.replace("123456789012", "x"), "no JSON"] {
            refused(
                &with("CreateRole", new("r", wrong)).await,
                400,
                "MalformedPolicyDocument",
            );
            let update = json!({"RoleName": "Line", "PolicyDocument": wrong});
            refused(
                &with("UpdateAssumeRolePolicy", update).await,
                400,
                "MalformedPolicyDocument",
            );
        }
        let service = TRUST.replace(r#""AWS":"123456789012""#, r#""Service":"iot.amazonaws.com""#);
        let update = json!({"RoleName": "Line", "PolicyDocument": service});
        done(with("UpdateAssumeRolePolicy", update).await);
        let read = done(with("GetRole", role.clone()).await);
        assert!(element(&read, "AssumeRolePolicyDocument").contains("iot.amazonaws.com"));
        let absent = json!({"RoleName": "none", "PolicyDocument": service});
        refused(&with("UpdateAssumeRolePolicy", absent).await, 404, "NoSuchEntity");
        refused(
            &with("GetRole", json!({"RoleName": "none"})).await,
            404,
            "NoSuchEntity",
        );
        // Terraform asks before it deletes a role.
        let profiles = done(with("ListInstanceProfilesForRole", role.clone()).await);
        assert_eq!(element(&profiles, "IsTruncated"), "false");
        assert!(elements(&profiles, "member").is_empty(), "{profiles}");
        let none = with("ListInstanceProfilesForRole", json!({"RoleName": "none"})).await;
        refused(&none, 404, "NoSuchEntity");
        assert_eq!(
            elements(&done(with("ListRoles", json!({})).await), "RoleName"),
            ["Line"]
        );

        let policy = json!({"RoleName": "Line", "PolicyName": "p", "PolicyDocument": LIST_THINGS});
        done(with("PutRolePolicy", policy.clone()).await);
        done(with("PutRolePolicy", policy).await);
        refused(&with("DeleteRole", role.clone()).await, 409, "DeleteConflict");
        let named = json!({"RoleName": "Line", "PolicyName": "p"});
        assert_eq!(
            element(&done(with("GetRolePolicy", named.clone()).await), "PolicyName"),
            "p"
        );
        assert_eq!(
            elements(&with("ListRolePolicies", role.clone()).await, "member"),
            ["p"]
        );
        let wrong = json!({"RoleName": "Line", "PolicyName": "p", "PolicyDocument": "{}"});
        refused(
            &with("PutRolePolicy", wrong).await,
            400,
            "MalformedPolicyDocument",
        );
        // All policies of a role together have a limit.
        let actions = vec!["\"iot:ListThings\""; 500].join(",");
        let long = LIST_THINGS.replace("\"iot:ListThings\"", &format!("[{actions}]"));
        let next = json!({"RoleName": "Line", "PolicyName": "q", "PolicyDocument": long});
        done(with("PutRolePolicy", next.clone()).await);
        done(with("PutRolePolicy", next).await);
        let more = json!({"RoleName": "Line", "PolicyName": "r", "PolicyDocument": long});
        refused(&with("PutRolePolicy", more).await, 409, "LimitExceeded");
        for name in ["p", "q"] {
            done(
                with(
                    "DeleteRolePolicy",
                    json!({"RoleName": "Line", "PolicyName": name}),
                )
                .await,
            );
        }
        refused(&with("DeleteRolePolicy", named).await, 404, "NoSuchEntity");

        let arn = "arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration";
        let attachment = json!({"RoleName": "Line", "PolicyArn": arn});
        done(with("AttachRolePolicy", attachment.clone()).await);
        let listed = done(with("ListAttachedRolePolicies", role.clone()).await);
        assert_eq!(elements(&listed, "PolicyName"), ["AWSIoTThingsRegistration"]);
        refused(&with("DeleteRole", role.clone()).await, 409, "DeleteConflict");
        for (wrong, status, code) in [
            (
                "arn:aws:iam::aws:policy/AWSIoTThingsRegistration",
                404,
                "NoSuchEntity",
            ),
            ("arn:aws:iam::210987654321:policy/any", 404, "NoSuchEntity"),
            (
                "arn:aws:iam::123456789012:role/service-role/Line",
                400,
                "InvalidInput",
            ),
        ] {
            let input = json!({"RoleName": "Line", "PolicyArn": wrong});
            refused(&with("AttachRolePolicy", input.clone()).await, status, code);
            refused(&with("DetachRolePolicy", input).await, status, code);
        }
        done(with("DetachRolePolicy", attachment.clone()).await);
        refused(&with("DetachRolePolicy", attachment).await, 404, "NoSuchEntity");
        done(with("DeleteRole", role.clone()).await);
        refused(&with("DeleteRole", role).await, 404, "NoSuchEntity");
        server.stop().await;
    }
}

#[tokio::test]
async fn a_managed_policy_lives() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let with = |action: &'static str, input: Value| iam(&admin, action, input);
        let new =
            json!({"PolicyName": "Lines", "Path": "/a/", "PolicyDocument": LIST_THINGS, "Description": "d"});
        let made = done(with("CreatePolicy", new.clone()).await);
        let arn = element(&made, "Arn");
        assert_eq!(arn, "arn:aws:iam::123456789012:policy/a/Lines");
        assert_eq!(element(&made, "DefaultVersionId"), "v1");
        refused(&with("CreatePolicy", new).await, 409, "EntityAlreadyExists");
        let wrong = json!({"PolicyName": "x", "PolicyDocument": "[]"});
        refused(&with("CreatePolicy", wrong).await, 400, "MalformedPolicyDocument");
        let actions = vec!["\"iot:ListThings\""; 500].join(",");
        let long = LIST_THINGS.replace("\"iot:ListThings\"", &format!("[{actions}]"));
        let long = json!({"PolicyName": "x", "PolicyDocument": long});
        refused(&with("CreatePolicy", long).await, 409, "LimitExceeded");
        let policy = json!({"PolicyArn": arn});
        assert_eq!(
            element(&done(with("GetPolicy", policy.clone()).await), "Description"),
            "d"
        );

        let version =
            |as_default: bool| json!({"PolicyArn": arn, "PolicyDocument": ALL, "SetAsDefault": as_default});
        let second = done(with("CreatePolicyVersion", version(true)).await);
        assert_eq!(
            (
                element(&second, "VersionId"),
                element(&second, "IsDefaultVersion")
            ),
            ("v2".into(), "true".into())
        );
        let named = |version: &str| json!({"PolicyArn": arn, "VersionId": version});
        refused(
            &with("DeletePolicyVersion", named("v2")).await,
            409,
            "DeleteConflict",
        );
        done(with("SetDefaultPolicyVersion", named("v1")).await);
        done(with("DeletePolicyVersion", named("v2")).await);
        for gone in ["v2", "v9", "v1.x"] {
            refused(&with("GetPolicyVersion", named(gone)).await, 404, "NoSuchEntity");
            refused(
                &with("SetDefaultPolicyVersion", named(gone)).await,
                404,
                "NoSuchEntity",
            );
            refused(
                &with("DeletePolicyVersion", named(gone)).await,
                404,
                "NoSuchEntity",
            );
        }
        for _ in 0..4 {
            done(with("CreatePolicyVersion", version(false)).await);
        }
        refused(
            &with("CreatePolicyVersion", version(false)).await,
            409,
            "LimitExceeded",
        );
        let first = done(with("ListPolicyVersions", json!({"PolicyArn": arn, "MaxItems": 3})).await);
        assert_eq!(elements(&first, "VersionId"), ["v6", "v5", "v4"]);
        let rest = json!({"PolicyArn": arn, "Marker": element(&first, "Marker")});
        assert_eq!(
            elements(&done(with("ListPolicyVersions", rest).await), "VersionId"),
            ["v3", "v1"]
        );
        let wrong = json!({"PolicyArn": arn, "PolicyDocument": "{}"});
        refused(
            &with("CreatePolicyVersion", wrong).await,
            400,
            "MalformedPolicyDocument",
        );
        refused(&with("DeletePolicy", policy.clone()).await, 409, "DeleteConflict");
        for gone in ["v6", "v5", "v4", "v3"] {
            done(with("DeletePolicyVersion", named(gone)).await);
        }

        done(with("CreateUser", json!({"UserName": "ann"})).await);
        let attachment = json!({"UserName": "ann", "PolicyArn": arn});
        done(with("AttachUserPolicy", attachment.clone()).await);
        refused(&with("DeletePolicy", policy.clone()).await, 409, "DeleteConflict");
        let read = done(with("GetPolicy", policy.clone()).await);
        assert_eq!(element(&read, "AttachmentCount"), "1");
        for (input, names) in [
            (json!({"Scope": "Local"}), vec!["Lines"]),
            (json!({"OnlyAttached": true}), vec!["Lines"]),
            (json!({"Scope": "AWS", "OnlyAttached": true}), vec![]),
            (
                json!({"Scope": "AWS"}),
                vec![
                    "AWSLambda_FullAccess",
                    "AWSLambdaBasicExecutionRole",
                    "AWSIoTThingsRegistration",
                    "AWSIoTFullAccess",
                    "AWSIoTConfigReadOnlyAccess",
                    "AWSIoTDataAccess",
                ],
            ),
            (json!({"PathPrefix": "/a/"}), vec!["Lines"]),
            (
                json!({"PathPrefix": "/service-role/"}),
                vec!["AWSLambdaBasicExecutionRole", "AWSIoTThingsRegistration"],
            ),
            (json!({"PolicyUsageFilter": "PermissionsBoundary"}), vec![]),
        ] {
            let listed = done(with("ListPolicies", input.clone()).await);
            assert_eq!(elements(&listed, "PolicyName"), names, "{input}");
        }
        let mut all = Vec::new();
        let mut input = json!({"MaxItems": 2});
        loop {
            let page = done(with("ListPolicies", input).await);
            all.extend(elements(&page, "PolicyName"));
            let Some(marker) = elements(&page, "Marker").pop() else {
                break;
            };
            input = json!({"MaxItems": 2, "Marker": marker});
        }
        assert_eq!(all.len(), 7);
        done(with("DetachUserPolicy", attachment).await);
        done(with("DeletePolicy", policy.clone()).await);
        refused(&with("DeletePolicy", policy.clone()).await, 404, "NoSuchEntity");
        refused(&with("GetPolicy", policy).await, 404, "NoSuchEntity");

        // AWS's own are read and never changed.
        let aws = "arn:aws:iam::aws:policy/AWSIoTFullAccess";
        let read = with("GetPolicyVersion", json!({"PolicyArn": aws, "VersionId": "v1"})).await;
        assert!(element(&done(read), "Document").contains("iot%3A%2A"));
        for (action, input) in [
            ("DeletePolicy", json!({"PolicyArn": aws})),
            (
                "CreatePolicyVersion",
                json!({"PolicyArn": aws, "PolicyDocument": ALL}),
            ),
            (
                "SetDefaultPolicyVersion",
                json!({"PolicyArn": aws, "VersionId": "v1"}),
            ),
            (
                "DeletePolicyVersion",
                json!({"PolicyArn": aws, "VersionId": "v1"}),
            ),
        ] {
            refused(&with(action, input).await, 403, "AccessDenied");
        }
        for action in ["GetPolicy", "DeletePolicy", "ListPolicyVersions"] {
            let wrong = with(
                action,
                json!({"PolicyArn": "arn:aws:iot:us-east-1:123456789012:policy/p"}),
            )
            .await;
            refused(&wrong, 400, "InvalidInput");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn a_user_may_what_its_policies_allow_at_once() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let with = |action: &'static str, input: Value| iam(&admin, action, input);
        let ann = user(&server, "ann").await;
        let said = list_things(&ann).await;
        refused(&said, 403, "AccessDeniedException");
        assert!(
            said.message().starts_with(
                "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: iot:ListThings on resource: *"
            ),
            "{said}"
        );
        let put = |document: &str| json!({"UserName": "ann", "PolicyName": "p", "PolicyDocument": document});
        done(with("PutUserPolicy", put(LIST_THINGS)).await);
        done(list_things(&ann).await);
        refused(
            &ann.call_with("POST", "/things/a", json!({})).await,
            403,
            "AccessDeniedException",
        );
        done(with("PutUserPolicy", put(DENY_ALL)).await);
        refused(&list_things(&ann).await, 403, "AccessDeniedException");
        done(with("DeleteUserPolicy", json!({"UserName": "ann", "PolicyName": "p"})).await);

        let made = done(
            with(
                "CreatePolicy",
                json!({"PolicyName": "things", "PolicyDocument": LIST_THINGS}),
            )
            .await,
        );
        let arn = element(&made, "Arn");
        let attachment = json!({"UserName": "ann", "PolicyArn": arn});
        done(with("AttachUserPolicy", attachment.clone()).await);
        done(list_things(&ann).await);
        let version = json!({"PolicyArn": arn, "PolicyDocument": DENY_ALL, "SetAsDefault": true});
        done(with("CreatePolicyVersion", version).await);
        refused(&list_things(&ann).await, 403, "AccessDeniedException");
        done(
            with(
                "SetDefaultPolicyVersion",
                json!({"PolicyArn": arn, "VersionId": "v1"}),
            )
            .await,
        );
        done(list_things(&ann).await);
        done(with("DetachUserPolicy", attachment).await);
        refused(&list_things(&ann).await, 403, "AccessDeniedException");
        let aws =
            json!({"UserName": "ann", "PolicyArn": "arn:aws:iam::aws:policy/AWSIoTConfigReadOnlyAccess"});
        done(with("AttachUserPolicy", aws).await);
        done(list_things(&ann).await);
        refused(
            &ann.call_with("POST", "/things/a", json!({})).await,
            403,
            "AccessDeniedException",
        );

        // The key: switched off, switched on, with another secret, deleted.
        let id = ann.signer.access_key_id.clone();
        let status = |status: &str| json!({"UserName": "ann", "AccessKeyId": id, "Status": status});
        refused(
            &with("UpdateAccessKey", status("Expired")).await,
            400,
            "InvalidInput",
        );
        done(with("UpdateAccessKey", status("Inactive")).await);
        refused(&list_things(&ann).await, 403, "UnrecognizedClientException");
        done(with("UpdateAccessKey", status("Active")).await);
        done(list_things(&ann).await);
        let mut forger = ann.clone();
        forger.signer.secret_access_key = thingsmith_model::Secret::new("another".into());
        refused(&list_things(&forger).await, 403, "InvalidSignatureException");
        let mut borrowed = ann.clone();
        borrowed.signer.session_token = Some("token".into());
        refused(&list_things(&borrowed).await, 403, "UnrecognizedClientException");
        done(with("DeleteAccessKey", json!({"UserName": "ann", "AccessKeyId": id})).await);
        refused(&list_things(&ann).await, 403, "UnrecognizedClientException");
        server.stop().await;
    }
}

#[tokio::test]
async fn another_nodes_change_bites_within_a_second() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let ann = user(&server, "ann").await;
    let put = json!({"UserName": "ann", "PolicyName": "p", "PolicyDocument": LIST_THINGS});
    done(iam(&admin, "PutUserPolicy", put).await);
    done(list_things(&ann).await);
    // What another node does is not announced here: the rows just change.
    let mut batch = thingsmith_ports::Batch::new();
    batch.execute(thingsmith_ports::Statement::new(
        "DELETE FROM inline_policies",
        [],
    ));
    server.deeds.store().write(batch).await.unwrap();
    server.clock.advance(Duration::from_millis(999));
    done(list_things(&ann).await);
    server.clock.advance(Duration::from_millis(1));
    refused(&list_things(&ann).await, 403, "AccessDeniedException");
    // A clock that is turned back makes nobody believe longer.
    server
        .clock
        .set(thingsmith_model::Timestamp::from_millis(1_795_291_200_000));
    refused(&list_things(&ann).await, 403, "AccessDeniedException");
}

#[tokio::test]
async fn a_user_sees_to_its_own_keys() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let ann = user(&server, "ann").await;
    user(&server, "bob").await;
    let own = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:*AccessKey*","iam:GetUser"],
        "Resource":"arn:aws:iam::123456789012:user/${aws:username}"}}"#;
    let put = json!({"UserName": "ann", "PolicyName": "own", "PolicyDocument": own});
    done(iam(&admin, "PutUserPolicy", put).await);
    assert_eq!(
        element(&done(iam(&ann, "GetUser", json!({})).await), "UserName"),
        "ann"
    );
    let new = done(iam(&ann, "CreateAccessKey", json!({})).await);
    let keys = done(iam(&ann, "ListAccessKeys", json!({})).await);
    assert_eq!(elements(&keys, "AccessKeyId").len(), 2);
    let id = element(&new, "AccessKeyId");
    done(iam(&ann, "DeleteAccessKey", json!({"AccessKeyId": id})).await);
    for action in ["CreateAccessKey", "ListAccessKeys", "GetUser"] {
        refused(
            &iam(&ann, action, json!({"UserName": "bob"})).await,
            403,
            "AccessDenied",
        );
    }
    // Another user's key is not one of its own.
    let theirs = done(iam(&admin, "ListAccessKeys", json!({"UserName": "bob"})).await);
    let theirs = json!({"AccessKeyId": element(&theirs, "AccessKeyId")});
    refused(&iam(&ann, "DeleteAccessKey", theirs).await, 404, "NoSuchEntity");
}

#[tokio::test]
async fn a_path_is_part_of_what_is_permitted() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    for (name, path) in [("in", "/line/"), ("out", "/")] {
        done(iam(&admin, "CreateUser", json!({"UserName": name, "Path": path})).await);
    }
    let ann = user(&server, "ann").await;
    let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*",
        "Resource":"arn:aws:iam::123456789012:user/line/*"}}"#;
    let put = json!({"UserName": "ann", "PolicyName": "p", "PolicyDocument": document});
    done(iam(&admin, "PutUserPolicy", put).await);
    done(iam(&ann, "GetUser", json!({"UserName": "in"})).await);
    done(iam(&ann, "ListUsers", json!({"PathPrefix": "/line/"})).await);
    done(iam(&ann, "DeleteUser", json!({"UserName": "in"})).await);
    for (action, input) in [
        ("GetUser", json!({"UserName": "out"})),
        ("DeleteUser", json!({"UserName": "out"})),
        ("ListUsers", json!({})),
    ] {
        refused(&iam(&ann, action, input).await, 403, "AccessDenied");
    }
}

#[tokio::test]
async fn every_operation_needs_its_own_action() {
    let model = Service::Iam.model();
    let written: Vec<_> = model
        .operations()
        .iter()
        .filter(|operation| !thingsmith_api::iam::MISSING.contains(&operation.name.as_str()))
        .collect();
    let but = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}}"#;
    let mut builder = TestServer::builder()
        .key("nothing", ACCOUNT, &[])
        .key("others", ACCOUNT, &[but]);
    for operation in &written {
        let name = &operation.name;
        let only = LIST_THINGS.replace("iot:ListThings", &format!("iam:{name}"));
        let denied = only.replace("Allow", "Deny");
        builder = builder.key(&format!("only-{name}"), ACCOUNT, &[&only]).key(
            &format!("denied-{name}"),
            ACCOUNT,
            &[ALL, &denied],
        );
    }
    let server = builder.start().await;
    for operation in written {
        let name = operation.name.as_str();
        let input = samples::least_input(&model, operation);
        for key in ["nothing", "others", &format!("denied-{name}")] {
            let reply = iam(&server.client(key), name, input.clone()).await;
            refused(&reply, 403, "AccessDenied");
            let start = format!(
                "User: arn:aws:iam::{ACCOUNT}:user/{key} is not authorized to perform: iam:{name} on "
            );
            assert!(element(&reply, "Message").starts_with(&start), "{reply}");
        }
        let reply = iam(&server.client(&format!("only-{name}")), name, input).await;
        assert_ne!(reply.status, 403, "{name}: {reply}");
    }
}

#[tokio::test]
async fn accounts_never_see_each_other() {
    for engine in Engine::available() {
        let server = TestServer::builder()
            .engine(engine)
            .key("other", OTHER, &[ALL])
            .start()
            .await;
        let admin = server.administrator();
        let other = server.client("other");
        let key = user(&server, "ann").await;
        let new = json!({"RoleName": "line", "AssumeRolePolicyDocument": TRUST});
        done(iam(&admin, "CreateRole", new).await);
        let made = done(
            iam(
                &admin,
                "CreatePolicy",
                json!({"PolicyName": "p", "PolicyDocument": ALL}),
            )
            .await,
        );
        let arn = element(&made, "Arn");
        let inventory = async || {
            let mut seen = Vec::new();
            for (action, input) in [
                ("ListUsers", json!({})),
                ("ListRoles", json!({})),
                ("ListPolicies", json!({})),
                ("ListAccessKeys", json!({"UserName": "ann"})),
                ("ListUserPolicies", json!({"UserName": "ann"})),
                ("ListAttachedRolePolicies", json!({"RoleName": "line"})),
                ("ListPolicyVersions", json!({"PolicyArn": arn})),
                ("GetRole", json!({"RoleName": "line"})),
            ] {
                let reply = done(iam(&admin, action, input).await);
                let id = reply.header("x-amzn-requestid").unwrap().to_owned();
                seen.push(reply.to_string().replace(&id, ""));
            }
            seen
        };
        let before = inventory().await;
        let (user, role) = (json!({"UserName": "ann"}), json!({"RoleName": "line"}));
        let id = &key.signer.access_key_id;
        for (action, input) in [
            ("GetUser", user.clone()),
            ("DeleteUser", user.clone()),
            ("CreateAccessKey", user.clone()),
            ("ListAccessKeys", user.clone()),
            ("DeleteAccessKey", json!({"UserName": "ann", "AccessKeyId": id})),
            (
                "UpdateAccessKey",
                json!({"UserName": "ann", "AccessKeyId": id, "Status": "Inactive"}),
            ),
            ("ListUserPolicies", user.clone()),
            ("ListAttachedUserPolicies", user.clone()),
            (
                "PutUserPolicy",
                json!({"UserName": "ann", "PolicyName": "q", "PolicyDocument": ALL}),
            ),
            ("GetUserPolicy", json!({"UserName": "ann", "PolicyName": "q"})),
            ("DeleteUserPolicy", json!({"UserName": "ann", "PolicyName": "q"})),
            ("AttachUserPolicy", json!({"UserName": "ann", "PolicyArn": arn})),
            ("DetachUserPolicy", json!({"UserName": "ann", "PolicyArn": arn})),
            ("GetRole", role.clone()),
            ("DeleteRole", role.clone()),
            (
                "UpdateAssumeRolePolicy",
                json!({"RoleName": "line", "PolicyDocument": TRUST}),
            ),
            ("ListRolePolicies", role.clone()),
            ("ListInstanceProfilesForRole", role.clone()),
            ("ListAttachedRolePolicies", role.clone()),
            (
                "PutRolePolicy",
                json!({"RoleName": "line", "PolicyName": "q", "PolicyDocument": ALL}),
            ),
            ("GetRolePolicy", json!({"RoleName": "line", "PolicyName": "q"})),
            ("DeleteRolePolicy", json!({"RoleName": "line", "PolicyName": "q"})),
            ("AttachRolePolicy", json!({"RoleName": "line", "PolicyArn": arn})),
            ("DetachRolePolicy", json!({"RoleName": "line", "PolicyArn": arn})),
            ("GetPolicy", json!({"PolicyArn": arn})),
            ("GetPolicyVersion", json!({"PolicyArn": arn, "VersionId": "v1"})),
            ("ListPolicyVersions", json!({"PolicyArn": arn})),
            (
                "CreatePolicyVersion",
                json!({"PolicyArn": arn, "PolicyDocument": ALL}),
            ),
            (
                "SetDefaultPolicyVersion",
                json!({"PolicyArn": arn, "VersionId": "v1"}),
            ),
            (
                "DeletePolicyVersion",
                json!({"PolicyArn": arn, "VersionId": "v1"}),
            ),
            ("DeletePolicy", json!({"PolicyArn": arn})),
        ] {
            let reply = iam(&other, action, input).await;
            refused(&reply, 404, "NoSuchEntity");
        }
        for (action, name) in [("ListUsers", "UserName"), ("ListRoles", "RoleName")] {
            assert!(elements(&done(iam(&other, action, json!({})).await), name).is_empty());
        }
        let local = done(iam(&other, "ListPolicies", json!({"Scope": "Local"})).await);
        assert!(elements(&local, "PolicyName").is_empty());
        // Their names are free here.
        for (action, input) in [
            ("CreateUser", user),
            (
                "CreateRole",
                json!({"RoleName": "line", "AssumeRolePolicyDocument": TRUST}),
            ),
            (
                "CreatePolicy",
                json!({"PolicyName": "p", "PolicyDocument": LIST_THINGS}),
            ),
        ] {
            done(iam(&other, action, input).await);
        }
        // Whatever region is signed for, the account's are meant.
        let abroad = admin.clone().region("eu-west-1");
        done(iam(&abroad, "GetUser", json!({"UserName": "ann"})).await);
        assert_eq!(inventory().await, before);
        server.stop().await;
    }
}
