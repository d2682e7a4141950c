//! Role aliases and logging options.

use serde_json::json;

use super::Side;
use crate::http::query::{done, iam};

fn role(side: &Side) -> String {
    format!("arn:aws:iam::{}:role/theirs", side.account)
}

async fn make_role(side: &Side) {
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",
        "Principal":{"Service":["iot.amazonaws.com","credentials.iot.amazonaws.com"]}}}"#;
    let new = json!({"RoleName": "theirs", "AssumeRolePolicyDocument": trust});
    let reply = iam(&side.client, "CreateRole", new).await;
    // The role of an account is the same in each of its regions.
    if reply.status != 409 {
        done(reply);
    }
}

/// Makes a role alias and sets logging options.
pub(super) async fn furnish(side: &mut Side) {
    make_role(side).await;
    let role = role(side);
    for (operation, input) in [
        ("CreateRoleAlias", json!({"roleAlias": "theirs", "roleArn": role})),
        (
            "SetLoggingOptions",
            json!({"loggingOptionsPayload": {"roleArn": role, "logLevel": "INFO"}}),
        ),
        (
            "SetV2LoggingOptions",
            json!({"roleArn": role, "defaultLogLevel": "WARN"}),
        ),
        (
            "SetV2LoggingLevel",
            json!({"logTarget": {"targetType": "CLIENT_ID", "targetName": "theirs"}, "logLevel": "DEBUG"}),
        ),
    ] {
        side.expect(operation, input, 200).await;
    }
}

/// Everything of it that `side` has, as it reads it itself.
pub(super) async fn inventory(side: &mut Side) -> Vec<String> {
    let mut replies = Vec::new();
    for (operation, input) in [
        ("DescribeRoleAlias", json!({"roleAlias": "theirs"})),
        ("ListRoleAliases", json!({})),
        ("GetLoggingOptions", json!({})),
        ("GetV2LoggingOptions", json!({})),
        ("ListV2LoggingLevels", json!({})),
    ] {
        replies.push(side.expect(operation, input, 200).await.to_string());
    }
    replies
}

/// Tries every operation on what `theirs` has.
pub(super) async fn trespass(ours: &mut Side, theirs: &Side) {
    for (operation, input, status) in [
        ("DescribeRoleAlias", json!({"roleAlias": "theirs"}), 404),
        (
            "UpdateRoleAlias",
            json!({"roleAlias": "theirs", "credentialDurationSeconds": 900}),
            404,
        ),
        ("DeleteRoleAlias", json!({"roleAlias": "theirs"}), 404),
        ("GetLoggingOptions", json!({}), 200),
        ("ListRoleAliases", json!({}), 200),
    ] {
        let reply = ours.expect(operation, input, status).await;
        assert!(
            status == 404 || !reply.to_string().contains("role/theirs"),
            "{reply}"
        );
    }
    let level = json!({"logTarget": {"targetType": "CLIENT_ID", "targetName": "theirs"}, "logLevel": "INFO"});
    for (operation, input) in [
        ("GetV2LoggingOptions", json!({})),
        ("ListV2LoggingLevels", json!({})),
        ("SetV2LoggingLevel", level.clone()),
    ] {
        let reply = ours.try_it(operation, input).await;
        assert_eq!(
            reply.exception(),
            "NotConfiguredException",
            "{operation}: {reply}"
        );
    }
    let level_of_theirs = json!({"targetType": "CLIENT_ID", "targetName": "theirs"});
    ours.expect("DeleteV2LoggingLevel", level_of_theirs, 200).await;
    // A role of another account is not handed over, and its own account's is made here first.
    if ours.account != theirs.account {
        let foreign = json!({"roleAlias": "ours", "roleArn": role(theirs)});
        ours.expect("CreateRoleAlias", foreign, 400).await;
    }
    make_role(ours).await;
    let role = role(ours);
    for (operation, input) in [
        ("CreateRoleAlias", json!({"roleAlias": "theirs", "roleArn": role})),
        (
            "SetLoggingOptions",
            json!({"loggingOptionsPayload": {"roleArn": role}}),
        ),
        ("SetV2LoggingOptions", json!({"roleArn": role})),
        ("SetV2LoggingLevel", level),
    ] {
        ours.expect(operation, input, 200).await;
    }
}
