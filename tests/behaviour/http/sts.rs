//! Sessions of roles.

use std::time::Duration;

use serde_json::{Value, json};
use thingsmith_testkit::{ACCOUNT, Client, Engine, Reply, TestServer};

use super::iam::{ALL, LIST_THINGS, TRUST, user};
use super::query::{client_of, done, element, iam, refused, sts};

const OTHER: &str = "210987654321";
const ROLE: &str = "arn:aws:iam::123456789012:role/line";

fn trusting(principal: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": principal,
        "Action": ["sts:AssumeRole", "sts:TagSession"]}})
    .to_string()
}

async fn role(server: &TestServer, trust: &str, policy: &str) {
    let admin = server.administrator();
    let new = json!({"RoleName": "line", "AssumeRolePolicyDocument": trust});
    done(iam(&admin, "CreateRole", new).await);
    let put = json!({"RoleName": "line", "PolicyName": "p", "PolicyDocument": policy});
    done(iam(&admin, "PutRolePolicy", put).await);
}

async fn trust(server: &TestServer, principal: &Value) {
    let input = json!({"RoleName": "line", "PolicyDocument": trusting(principal)});
    done(iam(&server.administrator(), "UpdateAssumeRolePolicy", input).await);
}

async fn assume(client: &Client, more: Value) -> Reply {
    let mut input = json!({"RoleArn": ROLE, "RoleSessionName": "shift-1"});
    if let Value::Object(more) = more {
        input.as_object_mut().unwrap().extend(more);
    }
    sts(client, "AssumeRole", input).await
}

async fn list_things(client: &Client) -> Reply {
    client.call("GET", "/things").await
}

#[tokio::test]
async fn a_session_may_what_its_role_may_until_it_ends() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        role(&server, TRUST, LIST_THINGS).await;
        let made = done(assume(&admin, json!({"DurationSeconds": 900})).await);
        let arn = "arn:aws:sts::123456789012:assumed-role/line/shift-1";
        assert_eq!(element(&made, "Arn"), arn);
        assert_eq!(element(&made, "Expiration"), "2026-11-21T20:15:00Z");
        assert!(element(&made, "AccessKeyId").starts_with("ASIA"));
        let session = client_of(&server, &made);
        done(list_things(&session).await);
        let denied = session.call_with("POST", "/things/a", json!({})).await;
        refused(&denied, 403, "AccessDeniedException");
        assert!(
            denied.message().starts_with(&format!("User: {arn} is not")),
            "{denied}"
        );
        let who = done(sts(&session, "GetCallerIdentity", json!({})).await);
        assert_eq!(element(&who, "Arn"), arn);
        assert_eq!(element(&who, "UserId"), element(&made, "AssumedRoleId"));

        // What belongs together cannot be taken apart.
        let token = element(&made, "SessionToken");
        let mut wrong = session.clone();
        wrong.signer.session_token = None;
        refused(&list_things(&wrong).await, 403, "UnrecognizedClientException");
        let second = done(assume(&admin, json!({})).await);
        for other in [
            element(&second, "SessionToken"),
            token[1..].to_owned(),
            "token".into(),
        ] {
            wrong.signer.session_token = Some(other);
            refused(&list_things(&wrong).await, 403, "UnrecognizedClientException");
        }
        wrong.signer.session_token = Some(token);
        wrong.signer.secret_access_key = thingsmith_model::Secret::new("another".into());
        refused(&list_things(&wrong).await, 403, "InvalidSignatureException");

        // The role's change bites a session that there is.
        let put = |document: &str| json!({"RoleName": "line", "PolicyName": "p", "PolicyDocument": document});
        done(
            iam(
                &admin,
                "PutRolePolicy",
                put(&LIST_THINGS.replace("Allow", "Deny")),
            )
            .await,
        );
        refused(&list_things(&session).await, 403, "AccessDeniedException");
        done(iam(&admin, "PutRolePolicy", put(LIST_THINGS)).await);
        server.clock.advance(Duration::from_millis(899_800));
        done(list_things(&session).await);
        server.clock.advance(Duration::from_millis(200));
        let ended = list_things(&session).await;
        refused(&ended, 403, "ExpiredTokenException");
        refused(
            &sts(&session, "GetCallerIdentity", json!({})).await,
            403,
            "ExpiredToken",
        );
        // The other one lasts an hour, and ends with its role.
        let second = client_of(&server, &second);
        done(list_things(&second).await);
        done(
            iam(
                &admin,
                "DeleteRolePolicy",
                json!({"RoleName": "line", "PolicyName": "p"}),
            )
            .await,
        );
        done(iam(&admin, "DeleteRole", json!({"RoleName": "line"})).await);
        refused(&list_things(&second).await, 403, "UnrecognizedClientException");
        role(&server, TRUST, LIST_THINGS).await;
        refused(&list_things(&second).await, 403, "UnrecognizedClientException");
        server.stop().await;
    }
}

#[tokio::test]
async fn a_sessions_policy_narrows_it() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    role(
        &server,
        TRUST,
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:*","Resource":"*"}}"#,
    )
    .await;
    let create = |client: Client| async move { client.call_with("POST", "/things/a", json!({})).await };
    let narrowed = done(assume(&admin, json!({"Policy": LIST_THINGS})).await);
    assert!(element(&narrowed, "PackedPolicySize").parse::<u32>().unwrap() > 0);
    let narrowed = client_of(&server, &narrowed);
    done(list_things(&narrowed).await);
    refused(&create(narrowed).await, 403, "AccessDeniedException");
    // It never widens.
    let wide = client_of(&server, &done(assume(&admin, json!({"Policy": ALL})).await));
    done(create(wide.clone()).await);
    refused(&iam(&wide, "ListUsers", json!({})).await, 403, "AccessDenied");
    let read_only = json!({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/AWSIoTConfigReadOnlyAccess"}]});
    let read_only = client_of(&server, &done(assume(&admin, read_only).await));
    done(list_things(&read_only).await);
    refused(&create(read_only).await, 403, "AccessDeniedException");
    // A policy of the account that is gone may have been one that denies.
    let made = done(
        iam(
            &admin,
            "CreatePolicy",
            json!({"PolicyName": "n", "PolicyDocument": LIST_THINGS}),
        )
        .await,
    );
    let arn = element(&made, "Arn");
    let by_arn = client_of(
        &server,
        &done(assume(&admin, json!({"PolicyArns": [{"arn": arn}]})).await),
    );
    done(list_things(&by_arn).await);
    done(iam(&admin, "DeletePolicy", json!({"PolicyArn": arn})).await);
    refused(&list_things(&by_arn).await, 403, "UnrecognizedClientException");

    for (more, status, code) in [
        (json!({"Policy": "{}"}), 400, "MalformedPolicyDocument"),
        (
            json!({"Policy": format!("{LIST_THINGS}{}", " ".repeat(2048))}),
            400,
            "PackedPolicyTooLarge",
        ),
        (json!({"PolicyArns": [{"arn": arn}]}), 400, "ValidationError"),
        (json!({"DurationSeconds": 3601}), 400, "ValidationError"),
        (json!({"DurationSeconds": 899}), 400, "ValidationError"),
        (json!({"RoleSessionName": "a b"}), 400, "ValidationError"),
        (
            json!({"SerialNumber": "arn:aws:iam::123456789012:mfa/ann"}),
            501,
            "NotImplemented",
        ),
        (
            json!({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]}),
            400,
            "ValidationError",
        ),
    ] {
        refused(&assume(&admin, more).await, status, code);
    }
}

#[tokio::test]
async fn a_role_is_assumed_by_whom_it_trusts_and_who_may() {
    let may = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"{ROLE}"}}}}"#
    );
    let must_not = may.replace("Allow", "Deny");
    let server = TestServer::builder()
        .key("may", ACCOUNT, &[&may])
        .key("must-not", ACCOUNT, &[&may, &must_not])
        .key("nothing", ACCOUNT, &[])
        .key("abroad", OTHER, &[&may])
        .key("abroad-nothing", OTHER, &[])
        .start()
        .await;
    role(&server, TRUST, LIST_THINGS).await;
    let user = |account: &str, name: &str| format!("arn:aws:iam::{account}:user/{name}");
    for (principal, allowed) in [
        (json!({"AWS": ACCOUNT}), &["may"] as &[&str]),
        (json!({"AWS": user(ACCOUNT, "nothing")}), &["nothing"]),
        // A denial of its own stops the caller whom the role names.
        (json!({"AWS": user(ACCOUNT, "must-not")}), &[]),
        (json!({"AWS": OTHER}), &["abroad"]),
        (json!({"AWS": user(OTHER, "abroad-nothing")}), &[]),
        (json!({"AWS": user(OTHER, "abroad")}), &["abroad"]),
        (json!({"Service": "iot.amazonaws.com"}), &[]),
        (json!("*"), &["may", "abroad"]),
    ] {
        trust(&server, &principal).await;
        for key in ["may", "must-not", "nothing", "abroad", "abroad-nothing"] {
            let reply = assume(&server.client(key), json!({})).await;
            if allowed.contains(&key) {
                let session = client_of(&server, &done(reply));
                done(list_things(&session).await);
            } else {
                refused(&reply, 403, "AccessDenied");
                assert!(
                    element(&reply, "Message")
                        .contains("is not authorized to perform: sts:AssumeRole on resource"),
                    "{reply}"
                );
            }
        }
    }
    let admin = server.administrator();
    for absent in [
        "arn:aws:iam::123456789012:role/none",
        "arn:aws:iam::123456789012:role/path/line",
        "arn:aws:iam::999999999999:role/line",
        "arn:aws:iam::123456789012:user/line",
        "arn:aws:iot:us-east-1:123456789012:thing/a",
    ] {
        let reply = assume(&admin, json!({"RoleArn": absent})).await;
        refused(&reply, 403, "AccessDenied");
    }
}

#[tokio::test]
async fn conditions_of_trust_see_the_request_and_tags_go_along() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:CreateThing",
        "Resource":"arn:aws:iot:us-east-1:123456789012:thing/${aws:PrincipalTag/line}-*"}}"#;
    role(&server, TRUST, policy).await;
    let conditioned = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
        "Principal": {"AWS": ACCOUNT}, "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {"StringEquals": {"sts:ExternalId": "x-1"}, "StringLike": {"sts:RoleSessionName": "shift-*"}}}});
    let update = json!({"RoleName": "line", "PolicyDocument": conditioned.to_string()});
    done(iam(&admin, "UpdateAssumeRolePolicy", update).await);
    done(assume(&admin, json!({"ExternalId": "x-1"})).await);
    for more in [
        json!({}),
        json!({"ExternalId": "x-2"}),
        json!({"ExternalId": "x-1", "RoleSessionName": "night"}),
    ] {
        refused(&assume(&admin, more).await, 403, "AccessDenied");
    }
    let tags = json!({"ExternalId": "x-1", "Tags": [{"Key": "line", "Value": "four"}]});
    let session = client_of(&server, &done(assume(&admin, tags.clone()).await));
    done(session.call_with("POST", "/things/four-1", json!({})).await);
    refused(
        &session.call_with("POST", "/things/five-1", json!({})).await,
        403,
        "AccessDeniedException",
    );
    // To tag a session is a permission of its own.
    done(
        iam(
            &admin,
            "UpdateAssumeRolePolicy",
            json!({"RoleName": "line", "PolicyDocument": TRUST}),
        )
        .await,
    );
    refused(&assume(&admin, tags).await, 403, "AccessDenied");
}

#[tokio::test]
async fn a_session_assumes_a_role_for_an_hour_at_most() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let may =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}"#;
    role(&server, TRUST, may).await;
    let long = json!({"RoleName": "long", "AssumeRolePolicyDocument":
        trusting(&json!({"AWS": ROLE})), "MaxSessionDuration": 43_200});
    done(iam(&admin, "CreateRole", long).await);
    let session = client_of(&server, &done(assume(&admin, json!({})).await));
    let long = "arn:aws:iam::123456789012:role/long";
    let reply = assume(&session, json!({"RoleArn": long, "DurationSeconds": 3600})).await;
    let who = done(sts(&client_of(&server, &done(reply)), "GetCallerIdentity", json!({})).await);
    assert_eq!(
        element(&who, "Arn"),
        "arn:aws:sts::123456789012:assumed-role/long/shift-1"
    );
    refused(
        &assume(&session, json!({"RoleArn": long, "DurationSeconds": 3601})).await,
        400,
        "ValidationError",
    );
    // The role names the session's role, and nobody else.
    refused(
        &assume(&admin, json!({"RoleArn": long})).await,
        403,
        "AccessDenied",
    );
}

#[tokio::test]
async fn a_user_is_who_it_is_in_development_too() {
    let server = TestServer::builder().dev().start().await;
    let ann = user(&server, "ann").await;
    let who = done(sts(&ann, "GetCallerIdentity", json!({})).await);
    assert_eq!(element(&who, "Arn"), "arn:aws:iam::123456789012:user/ann");
    refused(&list_things(&ann).await, 403, "AccessDeniedException");
    let mut forger = ann.clone();
    forger.signer.secret_access_key = thingsmith_model::Secret::new("another".into());
    refused(&list_things(&forger).await, 403, "InvalidSignatureException");
    let off = json!({"UserName": "ann", "AccessKeyId": ann.signer.access_key_id, "Status": "Inactive"});
    done(iam(&server.administrator(), "UpdateAccessKey", off).await);
    refused(&list_things(&ann).await, 403, "UnrecognizedClientException");
    // Any key that nobody made is still let in.
    done(list_things(&server.client("anybody")).await);
    let mut with_token = server.client("anybody");
    with_token.signer.session_token = Some("made up".into());
    done(list_things(&with_token).await);
}

#[tokio::test]
async fn a_reset_leaves_nobody() {
    let server = TestServer::builder().dev().start().await;
    let admin = server.administrator();
    let ann = user(&server, "ann").await;
    role(&server, TRUST, LIST_THINGS).await;
    let attach = json!({"UserName": "ann", "PolicyArn": "arn:aws:iam::aws:policy/AWSIoTFullAccess"});
    done(iam(&admin, "AttachUserPolicy", attach).await);
    done(list_things(&ann).await);
    done(admin.call("POST", "/_thingsmith/reset").await);
    let users = done(iam(&admin, "ListUsers", json!({})).await);
    assert!(!users.to_string().contains("ann"), "{users}");
    let made = iam(&admin, "CreateUser", json!({"UserName": "ann"})).await;
    done(made);
    let none = done(iam(&admin, "ListAttachedUserPolicies", json!({"UserName": "ann"})).await);
    assert!(!none.to_string().contains("AWSIoT"), "{none}");
    refused(&assume(&admin, json!({})).await, 403, "AccessDenied");
}
