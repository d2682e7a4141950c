//! Provisioning templates and their versions.

use std::time::Duration;

use serde_json::{Value, json};
use thingsmith_testkit::{ACCOUNT, Client, Engine, Reply, TestServer};

use super::authority::{Authority, refused, role};
use super::named;
use super::query::done;

const ARN: &str = "arn:aws:iot:us-east-1:123456789012:provisioningtemplate/fleet";
const HOOK: &str = "arn:aws:lambda:us-east-1:123456789012:function:hook";

/// A template for devices that connect.
pub(super) fn jitp() -> String {
    json!({
        "Parameters": {"AWS::IoT::Certificate::Id": {"Type": "String"}},
        "Resources": {
            "certificate": {
                "Type": "AWS::IoT::Certificate",
                "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "ACTIVE"},
            },
        },
    })
    .to_string()
}

/// A template of which a version is known by its number.
fn numbered(number: u32) -> String {
    let mut body: Value = serde_json::from_str(&jitp()).unwrap();
    body["Parameters"]["Number"] = json!({"Type": "String", "Default": number.to_string()});
    body.to_string()
}

/// The input with more members, or others.
fn with(mut input: Value, more: &Value) -> Value {
    input
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    input
}

async fn create(client: &Client, more: &Value) -> Reply {
    let input = json!({
        "templateName": "fleet",
        "templateBody": numbered(1),
        "provisioningRoleArn": "arn:aws:iam::123456789012:role/provisioning",
    });
    named(client, "CreateProvisioningTemplate", with(input, more)).await
}

async fn describe(client: &Client) -> Value {
    let reply = named(
        client,
        "DescribeProvisioningTemplate",
        json!({"templateName": "fleet"}),
    )
    .await;
    done(reply).json()
}

#[tokio::test]
async fn a_provisioning_template_lives() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let role_arn = role(&admin, "provisioning").await;
        let call = |operation: &'static str, input: Value| named(&admin, operation, input);
        let fleet = |more: Value| with(json!({"templateName": "fleet"}), &more);
        let created = json!({
            "description": "für alle",
            "preProvisioningHook": {"targetArn": HOOK, "payloadVersion": "2020-04-01"},
            "tags": [{"Key": "line", "Value": "4"}],
        });
        let made = done(create(&admin, &created).await);
        assert_eq!(
            made.json(),
            json!({"templateArn": ARN, "templateName": "fleet", "defaultVersionId": 1})
        );
        let taken = create(&admin, &json!({})).await;
        refused(&taken, 409, "ResourceAlreadyExistsException");
        assert_eq!(
            (
                taken.text("resourceArn").as_str(),
                taken.text("resourceId").as_str()
            ),
            (ARN, "fleet")
        );
        let tags = done(call("ListTagsForResource", json!({"resourceArn": ARN})).await);
        assert_eq!(tags.json()["tags"], json!([{"Key": "line", "Value": "4"}]));
        let tag = json!({"resourceArn": ARN, "tags": [{"Key": "a", "Value": "b"}]});
        done(call("TagResource", tag).await);
        assert_eq!(
            describe(&admin).await,
            json!({
                "templateArn": ARN,
                "templateName": "fleet",
                "description": "für alle",
                "creationDate": 1_795_291_200.123,
                "lastModifiedDate": 1_795_291_200.123,
                "defaultVersionId": 1,
                "templateBody": numbered(1),
                "enabled": false,
                "provisioningRoleArn": role_arn,
                "preProvisioningHook": {"targetArn": HOOK, "payloadVersion": "2020-04-01"},
                "type": "FLEET_PROVISIONING",
            })
        );

        // Nothing, and what it is already, change nothing.
        let before = describe(&admin).await;
        server.clock.advance(Duration::from_secs(1));
        for more in [
            json!({}),
            json!({"enabled": false}),
            json!({"defaultVersionId": 1}),
            json!({"description": "für alle"}),
        ] {
            done(call("UpdateProvisioningTemplate", fleet(more)).await);
            assert_eq!(describe(&admin).await, before);
        }
        let other = role(&admin, "other").await;
        let update = json!({
            "description": "",
            "enabled": true,
            "provisioningRoleArn": other,
            "removePreProvisioningHook": true,
        });
        assert_eq!(
            done(call("UpdateProvisioningTemplate", fleet(update)).await).json(),
            json!({})
        );
        let after = describe(&admin).await;
        assert_eq!(
            after,
            json!({
                "templateArn": ARN,
                "templateName": "fleet",
                "description": "",
                "creationDate": 1_795_291_200.123,
                "lastModifiedDate": 1_795_291_201.123,
                "defaultVersionId": 1,
                "templateBody": numbered(1),
                "enabled": true,
                "provisioningRoleArn": other,
                "type": "FLEET_PROVISIONING",
            })
        );
        let hook = json!({"preProvisioningHook": {"targetArn": HOOK}});
        done(call("UpdateProvisioningTemplate", fleet(hook.clone())).await);
        assert_eq!(
            describe(&admin).await["preProvisioningHook"],
            hook["preProvisioningHook"]
        );

        let delete = || call("DeleteProvisioningTemplate", fleet(json!({})));
        assert_eq!(done(delete().await).json(), json!({}));
        refused(&delete().await, 404, "ResourceNotFoundException");
        for (operation, more) in [
            ("DescribeProvisioningTemplate", json!({})),
            ("UpdateProvisioningTemplate", json!({"enabled": true})),
            (
                "CreateProvisioningTemplateVersion",
                json!({"templateBody": numbered(1)}),
            ),
            ("DescribeProvisioningTemplateVersion", json!({"versionId": 1})),
            ("DeleteProvisioningTemplateVersion", json!({"versionId": 1})),
            ("ListProvisioningTemplateVersions", json!({})),
        ] {
            let reply = call(operation, fleet(more)).await;
            refused(&reply, 404, "ResourceNotFoundException");
            assert_eq!(reply.message(), "Provisioning template fleet not found.");
        }
        let tags = call("ListTagsForResource", json!({"resourceArn": ARN})).await;
        refused(&tags, 404, "ResourceNotFoundException");
        // The name has no tags and no versions from before.
        done(create(&admin, &json!({})).await);
        let tags = done(call("ListTagsForResource", json!({"resourceArn": ARN})).await);
        assert_eq!(tags.json()["tags"], json!([]));
        server.stop().await;
    }
}

#[tokio::test]
async fn templates_are_listed_by_name() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        role(&admin, "provisioning").await;
        for (name, more) in [
            ("b", json!({"type": "JITP", "enabled": true})),
            ("B", json!({"description": "second"})),
            ("_a", json!({"type": "FLEET_PROVISIONING"})),
        ] {
            let name = json!({"templateName": name});
            done(create(&admin, &with(name, &more)).await);
        }
        let list = |input: Value| named(&admin, "ListProvisioningTemplates", input);
        let page = done(list(json!({"maxResults": 2})).await).json();
        let item = |name: &str, more: &Value| {
            let item = json!({
                "templateArn": format!("arn:aws:iot:us-east-1:123456789012:provisioningtemplate/{name}"),
                "templateName": name,
                "creationDate": 1_795_291_200.123,
                "lastModifiedDate": 1_795_291_200.123,
                "enabled": false,
                "type": "FLEET_PROVISIONING",
            });
            with(item, more)
        };
        assert_eq!(
            page["templates"],
            json!([
                item("B", &json!({"description": "second"})),
                item("_a", &json!({}))
            ])
        );
        let last = done(list(json!({"nextToken": page["nextToken"]})).await).json();
        assert_eq!(
            last,
            json!({"templates": [item("b", &json!({"type": "JITP", "enabled": true}))]})
        );
        let foreign = json!({"templateName": "b", "nextToken": page["nextToken"]});
        let reply = named(&admin, "ListProvisioningTemplateVersions", foreign).await;
        refused(&reply, 400, "InvalidRequestException");
        refused(
            &list(json!({"nextToken": "forged"})).await,
            400,
            "InvalidRequestException",
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn versions_of_a_template_are_made_chosen_and_deleted() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        role(&admin, "provisioning").await;
        done(create(&admin, &json!({"type": "JITP"})).await);
        let call = |operation: &'static str, more: Value| {
            named(&admin, operation, with(json!({"templateName": "fleet"}), &more))
        };
        let add = |number: u32, default: Option<bool>| {
            let mut more = json!({"templateBody": numbered(number)});
            if let Some(default) = default {
                more["setAsDefault"] = json!(default);
            }
            call("CreateProvisioningTemplateVersion", more)
        };
        server.clock.advance(Duration::from_secs(1));
        assert_eq!(
            done(add(2, None).await).json(),
            json!({"templateArn": ARN, "templateName": "fleet", "versionId": 2, "isDefaultVersion": false})
        );
        assert_eq!(describe(&admin).await["defaultVersionId"], 1);
        assert_eq!(done(add(3, Some(true)).await).json()["isDefaultVersion"], true);
        let described = describe(&admin).await;
        assert_eq!(
            (&described["defaultVersionId"], &described["templateBody"]),
            (&json!(3), &json!(numbered(3)))
        );
        let of = |version: i64| json!({"versionId": version});
        assert_eq!(
            done(call("DescribeProvisioningTemplateVersion", of(2)).await).json(),
            json!({"versionId": 2, "creationDate": 1_795_291_201.123, "templateBody": numbered(2), "isDefaultVersion": false})
        );
        let choose = |version: i64| call("UpdateProvisioningTemplate", json!({"defaultVersionId": version}));
        done(choose(2).await);
        let second = done(call("DescribeProvisioningTemplateVersion", of(2)).await).json();
        assert_eq!(second["isDefaultVersion"], true);
        let delete = |version: i64| call("DeleteProvisioningTemplateVersion", of(version));
        refused(&delete(2).await, 409, "DeleteConflictException");
        done(delete(3).await);
        for reply in [
            delete(3).await,
            choose(3).await,
            call("DescribeProvisioningTemplateVersion", of(3)).await,
            call("DescribeProvisioningTemplateVersion", of(0)).await,
        ] {
            refused(&reply, 404, "ResourceNotFoundException");
        }
        // A number is never given again.
        for number in 4..=6 {
            assert_eq!(done(add(number, None).await).json()["versionId"], json!(number));
        }
        refused(&add(7, None).await, 409, "VersionsLimitExceededException");
        let list = |more: Value| call("ListProvisioningTemplateVersions", more);
        let page = done(list(json!({"maxResults": 2})).await).json();
        assert_eq!(
            page["versions"],
            json!([
                {"versionId": 1, "creationDate": 1_795_291_200.123, "isDefaultVersion": false},
                {"versionId": 2, "creationDate": 1_795_291_201.123, "isDefaultVersion": true},
            ])
        );
        let last = done(list(json!({"nextToken": page["nextToken"]})).await).json();
        let numbers: Vec<&Value> = last["versions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|version| &version["versionId"])
            .collect();
        assert_eq!(numbers, [4, 5, 6]);
        let forged = json!({"nextToken": "forged"});
        refused(&list(forged).await, 400, "InvalidRequestException");
        done(delete(6).await);
        assert_eq!(done(add(7, None).await).json()["versionId"], 7);
        server.stop().await;
    }
}

#[tokio::test]
async fn what_is_no_template_is_refused_with_its_place() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    role(&admin, "provisioning").await;
    let no_certificate =
        r#"{"Resources": {"thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": "t"}}}}"#;
    let wrong = [
        (json!({"templateBody": ""}), "not valid JSON"),
        (json!({"templateBody": "[]"}), "object"),
        (json!({"templateBody": "{}"}), "Resources"),
        (
            json!({"templateBody": r#"{"Resources": {"thing": {"Type": "AWS::IoT::Lamp"}}}"#}),
            "Resources.thing.Type",
        ),
        (
            json!({"templateBody": no_certificate, "type": "JITP"}),
            "Resources",
        ),
        (
            json!({"type": "JITP", "preProvisioningHook": {"targetArn": HOOK}}),
            "preProvisioningHook",
        ),
        (
            json!({"preProvisioningHook": {"targetArn": "arn:aws:sns:us-east-1:123456789012:t"}}),
            "preProvisioningHook.targetArn",
        ),
        (
            json!({"preProvisioningHook": {"targetArn": HOOK, "payloadVersion": "2020-04-02"}}),
            "preProvisioningHook.payloadVersion",
        ),
        (
            json!({"provisioningRoleArn": "arn:aws:iam::123456789012:role/none"}),
            "provisioningRoleArn",
        ),
        (json!({"tags": [{"Key": "aws:a", "Value": "b"}]}), "tags"),
    ];
    for (more, place) in &wrong {
        let reply = create(&admin, more).await;
        refused(&reply, 400, "InvalidRequestException");
        assert!(reply.message().contains(place), "{place}: {reply}");
    }
    let listed = named(&admin, "ListProvisioningTemplates", json!({})).await;
    assert_eq!(listed.json(), json!({"templates": []}));

    done(create(&admin, &json!({"type": "JITP"})).await);
    for (operation, more) in [
        (
            "CreateProvisioningTemplateVersion",
            json!({"templateBody": no_certificate}),
        ),
        (
            "UpdateProvisioningTemplate",
            json!({"preProvisioningHook": {"targetArn": HOOK}}),
        ),
        (
            "UpdateProvisioningTemplate",
            json!({"preProvisioningHook": {"targetArn": HOOK}, "removePreProvisioningHook": true}),
        ),
        (
            "UpdateProvisioningTemplate",
            json!({"provisioningRoleArn": "arn:aws:iam::123456789012:role/none"}),
        ),
        ("DeleteProvisioningTemplate", json!({"templateName": "a b"})),
        ("DescribeProvisioningTemplate", json!({"templateName": "a b"})),
        (
            "DescribeProvisioningTemplateVersion",
            json!({"templateName": "a b", "versionId": 1}),
        ),
        (
            "DeleteProvisioningTemplateVersion",
            json!({"templateName": "a b", "versionId": 1}),
        ),
    ] {
        let reply = named(&admin, operation, with(json!({"templateName": "fleet"}), &more)).await;
        refused(&reply, 400, "InvalidRequestException");
    }
}

#[tokio::test]
async fn a_realm_has_so_many_templates_and_no_more() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    role(&admin, "provisioning").await;
    let number = |number: usize| json!({"templateName": format!("t{number}")});
    for made in 0..256 {
        done(create(&admin, &number(made)).await);
    }
    refused(&create(&admin, &number(256)).await, 410, "LimitExceededException");
    // A name that is there is no question of numbers.
    refused(
        &create(&admin, &number(0)).await,
        409,
        "ResourceAlreadyExistsException",
    );
    done(named(&admin, "DeleteProvisioningTemplate", number(0)).await);
    done(create(&admin, &number(256)).await);
    let elsewhere = admin.clone().region("eu-west-1");
    done(create(&elsewhere, &number(0)).await);
}

#[tokio::test]
async fn a_ca_certificate_names_a_template() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        role(&admin, "provisioning").await;
        done(create(&admin, &json!({"type": "JITP"})).await);
        done(create(&admin, &json!({"templateName": "claims"})).await);
        let authority = Authority::new("Naming");
        let naming = |name: &str| {
            with(
                authority.by_name(),
                &json!({"registrationConfig": {"templateName": name}, "allowAutoRegistration": true}),
            )
        };
        for (name, status, exception) in [
            ("none", 404, "ResourceNotFoundException"),
            ("claims", 400, "InvalidRequestException"),
        ] {
            let reply = named(&admin, "RegisterCACertificate", naming(name)).await;
            refused(&reply, status, exception);
        }
        let made = done(named(&admin, "RegisterCACertificate", naming("fleet")).await);
        let id = made.text("certificateId");
        let shown = named(&admin, "DescribeCACertificate", json!({"certificateId": id})).await;
        assert_eq!(
            shown.json()["registrationConfig"],
            json!({"templateName": "fleet"})
        );
        let listed = named(&admin, "ListCACertificates", json!({"templateName": "fleet"})).await;
        assert_eq!(listed.json()["certificates"].as_array().unwrap().len(), 1);
        let delete = || {
            named(
                &admin,
                "DeleteProvisioningTemplate",
                json!({"templateName": "fleet"}),
            )
        };
        refused(&delete().await, 409, "DeleteConflictException");
        for name in ["none", "claims"] {
            let input = json!({"certificateId": id, "registrationConfig": {"templateName": name}});
            let reply = named(&admin, "UpdateCACertificate", input).await;
            assert_ne!(reply.status, 200, "{reply}");
        }
        let forget = json!({"certificateId": id, "removeAutoRegistration": true});
        done(named(&admin, "UpdateCACertificate", forget).await);
        done(delete().await);
        server.stop().await;
    }
}

#[tokio::test]
async fn the_role_of_a_template_is_handed_over_by_whom_it_may_be() {
    let templates =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:*","Resource":"*"}}"#;
    let pass = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:PassRole",
        "Resource": "arn:aws:iam::123456789012:role/provisioning",
        "Condition": {"StringEquals": {"iam:PassedToService": "iot.amazonaws.com"}}}})
    .to_string();
    let server = TestServer::builder()
        .key("passing", ACCOUNT, &[templates, &pass])
        .key("holding", ACCOUNT, &[templates])
        .start()
        .await;
    role(&server.administrator(), "provisioning").await;
    let other = role(&server.administrator(), "other").await;
    let (passing, holding) = (server.client("passing"), server.client("holding"));
    refused(&create(&holding, &json!({})).await, 403, "AccessDeniedException");
    done(create(&passing, &json!({})).await);
    let update = |client: Client, more: Value| async move {
        let input = with(json!({"templateName": "fleet"}), &more);
        named(&client, "UpdateProvisioningTemplate", input).await
    };
    let to_other = update(passing, json!({"provisioningRoleArn": other})).await;
    refused(&to_other, 403, "AccessDeniedException");
    let same = json!({"provisioningRoleArn": "arn:aws:iam::123456789012:role/provisioning"});
    refused(&update(holding.clone(), same).await, 403, "AccessDeniedException");
    done(update(holding, json!({"enabled": true})).await);
}
