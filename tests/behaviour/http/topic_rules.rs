//! Topic rules: the API of them. What they do with messages is told in `gateway/rules.rs`.

use serde_json::{Value, json};
use thingsmith_testkit::{ACCOUNT, Client, Engine, Reply, TestServer};

use super::named;
use super::query::{done, iam, refused};

const ROLE: &str = "arn:aws:iam::123456789012:role/rule";
const ARN: &str = "arn:aws:iot:us-east-1:123456789012:rule/store";

async fn make_role(client: &Client, name: &str, service: &str) {
    let trust = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": service},
        "Action": "sts:AssumeRole"}});
    let new = json!({"RoleName": name, "AssumeRolePolicyDocument": trust.to_string()});
    done(iam(client, "CreateRole", new).await);
}

fn republish(role: &str) -> Value {
    json!({"republish": {"roleArn": role, "topic": "out/${topic(2)}", "qos": 1}})
}

async fn create(client: &Client, name: &str, payload: Value) -> Reply {
    named(
        client,
        "CreateTopicRule",
        json!({"ruleName": name, "topicRulePayload": payload}),
    )
    .await
}

#[tokio::test]
async fn a_topic_rule_lives() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        make_role(&admin, "rule", "iot.amazonaws.com").await;
        let with = |operation: &'static str, input: Value| named(&admin, operation, input);
        let one = json!({"ruleName": "store"});
        let payload = json!({
            "sql": "SELECT temperature AS t, topic(2) AS who FROM 'line/+/data' WHERE temperature > 20",
            "description": "warm ones",
            "actions": [
                republish(ROLE),
                {"lambda": {"functionArn": "arn:aws:lambda:us-east-1:123456789012:function:f"}},
                {"s3": {"roleArn": ROLE, "bucketName": "b", "key": "${topic()}"}},
            ],
            "awsIotSqlVersion": "2016-03-23",
            "errorAction": republish(ROLE),
        });
        let tagged =
            json!({"ruleName": "store", "topicRulePayload": payload, "tags": "line=4&a%20b=c%26d&empty"});
        done(with("CreateTopicRule", tagged).await);
        let taken = create(&admin, "store", payload.clone()).await;
        refused(&taken, 409, "ResourceAlreadyExistsException");
        assert_eq!(taken.text("resourceArn"), ARN);
        let tags = done(with("ListTagsForResource", json!({"resourceArn": ARN})).await);
        assert_eq!(
            tags.json()["tags"],
            json!([{"Key": "a b", "Value": "c&d"}, {"Key": "empty", "Value": ""}, {"Key": "line", "Value": "4"}])
        );
        let read = done(with("GetTopicRule", one.clone()).await).json();
        let mut expected = payload.clone();
        expected["ruleName"] = "store".into();
        expected["createdAt"] = 1_795_291_200.123.into();
        expected["ruleDisabled"] = false.into();
        assert_eq!(read, json!({"ruleArn": ARN, "rule": expected}));

        done(with("DisableTopicRule", one.clone()).await);
        done(with("DisableTopicRule", one.clone()).await);
        let disabled =
            || async { done(with("GetTopicRule", one.clone()).await).json()["rule"]["ruleDisabled"] == true };
        assert!(disabled().await);
        done(with("EnableTopicRule", one.clone()).await);
        assert!(!disabled().await);

        let least = json!({"sql": "SELECT * FROM '$aws/events/#'", "actions": [], "ruleDisabled": true});
        let replace = json!({"ruleName": "store", "topicRulePayload": least});
        done(with("ReplaceTopicRule", replace.clone()).await);
        let read = done(with("GetTopicRule", one.clone()).await).json();
        assert_eq!(
            read["rule"],
            json!({"ruleName": "store", "sql": "SELECT * FROM '$aws/events/#'", "createdAt": 1_795_291_200.123,
                "actions": [], "ruleDisabled": true, "awsIotSqlVersion": "2015-10-08"})
        );
        let tags = done(with("ListTagsForResource", json!({"resourceArn": ARN})).await);
        assert_eq!(tags.json()["tags"].as_array().unwrap().len(), 3);

        done(with("DeleteTopicRule", one.clone()).await);
        done(with("DeleteTopicRule", one.clone()).await);
        refused(
            &with("ListTagsForResource", json!({"resourceArn": ARN})).await,
            404,
            "ResourceNotFoundException",
        );
        for operation in ["GetTopicRule", "EnableTopicRule", "DisableTopicRule"] {
            let reply = with(operation, one.clone()).await;
            refused(&reply, 401, "UnauthorizedException");
            assert_eq!(reply.message(), "Access to topic rule 'store' was denied");
        }
        refused(
            &with("ReplaceTopicRule", replace).await,
            401,
            "UnauthorizedException",
        );
        // A name that was used has no tags from before.
        done(create(&admin, "store", least).await);
        let tags = done(with("ListTagsForResource", json!({"resourceArn": ARN})).await);
        assert_eq!(tags.json()["tags"], json!([]));
        server.stop().await;
    }
}

#[tokio::test]
async fn rules_are_listed_by_topic_and_by_whether_they_are_disabled() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        for (name, from, disabled) in [
            ("a", " FROM 'line/+'", false),
            ("b", " FROM 'line/#'", true),
            ("c", " FROM 'other'", false),
            ("ingest", "", false),
        ] {
            let payload = json!({"sql": format!("SELECT *{from}"), "actions": [], "ruleDisabled": disabled});
            done(create(&admin, name, payload).await);
        }
        for (filter, expected) in [
            (json!({}), json!(["a", "b", "c", "ingest"])),
            (json!({"topic": "line/4"}), json!(["a", "b"])),
            (json!({"topic": "line/4/x"}), json!(["b"])),
            (json!({"topic": "line/+"}), json!(["a"])),
            (json!({"ruleDisabled": true}), json!(["b"])),
            (json!({"ruleDisabled": false, "topic": "line/4"}), json!(["a"])),
            (json!({"topic": "none"}), json!([])),
        ] {
            let listed = done(named(&admin, "ListTopicRules", filter.clone()).await).json();
            let rules = listed["rules"].as_array().unwrap();
            let names: Vec<_> = rules.iter().map(|rule| rule["ruleName"].clone()).collect();
            assert_eq!(json!(names), expected, "{filter}");
            let mut names = Vec::new();
            let mut page = filter.clone();
            page["maxResults"] = 1.into();
            loop {
                let listed = done(named(&admin, "ListTopicRules", page.clone()).await).json();
                names.extend(
                    listed["rules"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|rule| rule["ruleName"].clone()),
                );
                let Some(next) = listed.get("nextToken") else {
                    break;
                };
                page["nextToken"] = next.clone();
            }
            assert_eq!(json!(names), expected, "page by page: {filter}");
        }
        let listed = done(named(&admin, "ListTopicRules", json!({"maxResults": 1})).await).json();
        assert_eq!(
            listed["rules"][0],
            json!({"ruleArn": "arn:aws:iot:us-east-1:123456789012:rule/a", "ruleName": "a",
                "topicPattern": "line/+", "createdAt": 1_795_291_200.123, "ruleDisabled": false})
        );
        let foreign = json!({"nextToken": listed["nextToken"], "ruleDisabled": false});
        refused(
            &named(&admin, "ListTopicRules", foreign).await,
            400,
            "InvalidRequestException",
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn a_rule_that_cannot_be_carried_out_is_refused() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    make_role(&admin, "rule", "iot.amazonaws.com").await;
    make_role(&admin, "other", "lambda.amazonaws.com").await;
    done(
        create(
            &admin,
            "there",
            json!({"sql": "SELECT * FROM 'a'", "actions": []}),
        )
        .await,
    );
    let sql = "SELECT * FROM 'a'";
    let action = |action: Value| json!({"sql": sql, "actions": [action]});
    for (wrong, exception) in [
        (json!({"sql": "", "actions": []}), "SqlParseException"),
        (json!({"sql": "SELECT", "actions": []}), "SqlParseException"),
        (
            json!({"sql": "SELECT * FROM 'a/#/b'", "actions": []}),
            "SqlParseException",
        ),
        (
            json!({"sql": "SELECT * FROM '$share/g/a'", "actions": []}),
            "SqlParseException",
        ),
        (
            json!({"sql": "SELECT nonsense(1) FROM 'a'", "actions": []}),
            "SqlParseException",
        ),
        (
            json!({"sql": sql, "actions": [], "awsIotSqlVersion": "2020-01-01"}),
            "InvalidRequestException",
        ),
        (action(json!({})), "InvalidRequestException"),
        (action(json!({"unheard": {}})), "InvalidRequestException"),
        (
            action(json!({"lambda": {"functionArn": "f"}, "republish": {"roleArn": ROLE, "topic": "b"}})),
            "InvalidRequestException",
        ),
        (action(json!({"lambda": {}})), "InvalidRequestException"),
        (
            action(json!({"lambda": {"functionArn": "${"}})),
            "SqlParseException",
        ),
        (
            action(json!({"republish": {"roleArn": ROLE, "topic": "a/+"}})),
            "InvalidRequestException",
        ),
        (
            action(json!({"republish": {"roleArn": ROLE, "topic": "$aws/rules/x"}})),
            "InvalidRequestException",
        ),
        (
            action(json!({"republish": {"roleArn": ROLE, "topic": "$$aws/things/a/jobs/get"}})),
            "InvalidRequestException",
        ),
        (
            action(json!({"republish": {"roleArn": ROLE.replace("rule", "none"), "topic": "b"}})),
            "InvalidRequestException",
        ),
        (
            action(json!({"republish": {"roleArn": ROLE.replace("rule", "other"), "topic": "b"}})),
            "InvalidRequestException",
        ),
        (
            action(json!({"http": {"url": "ftp://a.example/"}})),
            "InvalidRequestException",
        ),
        (
            action(json!({"http": {"url": "https://a.example/${topic()}"}})),
            "InvalidRequestException",
        ),
        (
            action(json!({"http": {"url": "https://b.example/", "confirmationUrl": "https://a.example/"}})),
            "InvalidRequestException",
        ),
        (
            json!({"sql": sql, "actions": [], "errorAction": {"republish": {"roleArn": ROLE,
                "topic": "e/${aws_lambda('arn:aws:lambda:us-east-1:123456789012:function:f', *)}"}}}),
            "InvalidRequestException",
        ),
    ] {
        refused(&create(&admin, "wrong", wrong.clone()).await, 400, exception);
        let replace = json!({"ruleName": "there", "topicRulePayload": wrong});
        refused(&named(&admin, "ReplaceTopicRule", replace).await, 400, exception);
    }
    let ten: Vec<Value> = (0..11).map(|_| republish(ROLE)).collect();
    refused(
        &create(&admin, "wrong", json!({"sql": sql, "actions": ten})).await,
        400,
        "InvalidRequestException",
    );
    refused(
        &create(&admin, "with-hyphen", json!({"sql": sql, "actions": []})).await,
        400,
        "InvalidRequestException",
    );
    let long = json!({"sql": sql, "description": "x".repeat(256 * 1024), "actions": []});
    refused(
        &create(&admin, "wrong", long).await,
        400,
        "InvalidRequestException",
    );
    let tags =
        json!({"ruleName": "wrong", "topicRulePayload": {"sql": sql, "actions": []}, "tags": "aws:a=b"});
    refused(
        &named(&admin, "CreateTopicRule", tags).await,
        400,
        "InvalidRequestException",
    );
    let listed = done(named(&admin, "ListTopicRules", json!({})).await).json();
    assert_eq!(listed["rules"].as_array().unwrap().len(), 1, "{listed}");
    server.stop().await;
}

#[tokio::test]
async fn a_rules_roles_are_handed_over_by_whom_they_may_be() {
    let rules = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:*","Resource":"*"}}"#;
    let pass = |service: &str| {
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:PassRole", "Resource": ROLE,
            "Condition": {"StringEquals": {"iam:PassedToService": service}}}})
        .to_string()
    };
    let server = TestServer::builder()
        .key("may", ACCOUNT, &[rules, &pass("iot.amazonaws.com")])
        .key("may-not", ACCOUNT, &[rules])
        .key("other-service", ACCOUNT, &[rules, &pass("lambda.amazonaws.com")])
        .start()
        .await;
    make_role(&server.administrator(), "rule", "iot.amazonaws.com").await;
    let payloads = [
        json!({"sql": "SELECT * FROM 'a'", "actions": [republish(ROLE)]}),
        json!({"sql": "SELECT * FROM 'a'", "actions": [], "errorAction": republish(ROLE)}),
        json!({"sql": "SELECT * FROM 'a'", "actions": [{"http": {"url": "http://127.0.0.1:9/",
            "auth": {"sigv4": {"signingRegion": "us-east-1", "serviceName": "a", "roleArn": ROLE}}}}]}),
    ];
    for (number, payload) in payloads.iter().enumerate() {
        let name = format!("rule{number}");
        for key in ["may-not", "other-service"] {
            let reply = create(&server.client(key), &name, payload.clone()).await;
            refused(&reply, 403, "AccessDeniedException");
            assert!(reply.message().contains("iam:PassRole"), "{reply}");
        }
        done(create(&server.client("may"), &name, payload.clone()).await);
        let replace = json!({"ruleName": name, "topicRulePayload": payload});
        refused(
            &named(&server.client("may-not"), "ReplaceTopicRule", replace.clone()).await,
            403,
            "AccessDeniedException",
        );
        done(named(&server.client("may"), "ReplaceTopicRule", replace).await);
    }
    server.stop().await;
}
