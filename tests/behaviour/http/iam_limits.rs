//! What users and roles cannot have more of, and what is no policy.

use serde_json::{Value, json};
use thingsmith_testkit::{Engine, TestServer};

use super::iam::{ALL, LIST_THINGS, TRUST};
use super::query::{done, element, iam, refused};

#[tokio::test]
async fn an_eleventh_policy_is_one_too_many() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let with = |action: &'static str, input: Value| iam(&admin, action, input);
        done(with("CreateUser", json!({"UserName": "ann"})).await);
        let role = json!({"RoleName": "line", "AssumeRolePolicyDocument": TRUST});
        done(with("CreateRole", role).await);
        let mut arns = Vec::new();
        for number in 0..11 {
            let new = json!({"PolicyName": format!("p{number}"), "PolicyDocument": ALL});
            arns.push(element(&done(with("CreatePolicy", new).await), "Arn"));
        }
        for (attach, detach, holder, quota) in [
            (
                "AttachUserPolicy",
                "DetachUserPolicy",
                json!({"UserName": "ann"}),
                "PoliciesPerUser",
            ),
            (
                "AttachRolePolicy",
                "DetachRolePolicy",
                json!({"RoleName": "line"}),
                "PoliciesPerRole",
            ),
        ] {
            let one = |arn: &str| {
                let mut input = holder.clone();
                input["PolicyArn"] = json!(arn);
                input
            };
            for arn in &arns[..10] {
                done(with(attach, one(arn)).await);
            }
            let more = with(attach, one(&arns[10])).await;
            refused(&more, 409, "LimitExceeded");
            let wanted = format!("Cannot exceed quota for {quota}: 10");
            assert_eq!(element(&more, "Message"), wanted);
            // One that is attached already is none more.
            done(with(attach, one(&arns[0])).await);
            done(with(detach, one(&arns[0])).await);
            done(with(attach, one(&arns[10])).await);
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn the_policies_in_a_user_are_measured_together() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        done(iam(&admin, "CreateUser", json!({"UserName": "ann"})).await);
        // White space does not count; a long resource does.
        let long = |characters: usize| {
            let resource = format!("arn:aws:iot:*:*:thing/{}", "x".repeat(characters));
            LIST_THINGS.replace("\"*\"", &format!("\"{resource}\""))
        };
        let put = async |name: &str, document: String| {
            let input = json!({"UserName": "ann", "PolicyName": name, "PolicyDocument": document});
            iam(&admin, "PutUserPolicy", input).await
        };
        done(put("one", long(1500)).await);
        refused(&put("two", long(1500)).await, 409, "LimitExceeded");
        // It takes the place of the first.
        done(put("one", long(1600)).await);
        done(put("two", LIST_THINGS.replace("\":\"", "\"  :  \"")).await);
        server.stop().await;
    }
}

#[tokio::test]
async fn what_is_no_policys_arn_is_refused() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    done(iam(&admin, "CreateUser", json!({"UserName": "ann"})).await);
    let arn = "arn:aws:iam::123456789012:user/ann";
    for (action, input) in [
        ("AttachUserPolicy", json!({"UserName": "ann", "PolicyArn": arn})),
        ("DetachUserPolicy", json!({"UserName": "ann", "PolicyArn": arn})),
        (
            "CreatePolicyVersion",
            json!({"PolicyArn": arn, "PolicyDocument": ALL}),
        ),
    ] {
        refused(&iam(&admin, action, input).await, 400, "InvalidInput");
    }
}
