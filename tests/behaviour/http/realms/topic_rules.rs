//! Topic rules and their destinations.

use serde_json::{Value, json};

use super::Side;
use crate::http::named;

/// A URL at which nobody listens: the confirmation fails, and the destination stays.
const URL: &str = "http://127.0.0.1:9/theirs";

fn payload(side: &Side) -> Value {
    // The role was made by those of `roles`.
    let role = format!("arn:aws:iam::{}:role/theirs", side.account);
    json!({"sql": "SELECT * FROM 'theirs'",
        "actions": [{"republish": {"roleArn": role, "topic": "out"}}], "ruleDisabled": true})
}

fn rule() -> Value {
    json!({"ruleName": "theirs"})
}

/// The ARN of the only destination.
async fn destination(side: &Side) -> String {
    let listed = named(&side.client, "ListTopicRuleDestinations", json!({})).await;
    let found = &listed.json()["destinationSummaries"][0]["arn"];
    found.as_str().expect("there is one").to_owned()
}

/// Makes a rule and a destination.
pub(super) async fn furnish(side: &mut Side) {
    let rule = json!({"ruleName": "theirs", "topicRulePayload": payload(side)});
    side.expect("CreateTopicRule", rule, 200).await;
    let new = json!({"destinationConfiguration": {"httpUrlConfiguration": {"confirmationUrl": URL}}});
    side.expect("CreateTopicRuleDestination", new, 200).await;
    // Whatever becomes of the confirmation, nothing changes any more.
    let arn = destination(side).await;
    let update = json!({"arn": arn, "status": "DISABLED"});
    side.expect("UpdateTopicRuleDestination", update, 200).await;
}

/// Everything of it that `side` has, as it reads it itself.
pub(super) async fn inventory(side: &mut Side) -> Vec<String> {
    let arn = destination(side).await;
    let mut replies = Vec::new();
    for (operation, input) in [
        ("GetTopicRule", rule()),
        ("ListTopicRules", json!({})),
        ("GetTopicRuleDestination", json!({"arn": arn})),
        ("ListTopicRuleDestinations", json!({})),
    ] {
        replies.push(side.expect(operation, input, 200).await.to_string());
    }
    replies
}

/// Tries every operation on what `theirs` has.
pub(super) async fn trespass(ours: &mut Side, theirs: &Side) {
    let arn = destination(theirs).await;
    let payload = payload(ours);
    for (operation, input) in [
        ("GetTopicRule", rule()),
        ("EnableTopicRule", rule()),
        ("DisableTopicRule", rule()),
        (
            "ReplaceTopicRule",
            json!({"ruleName": "theirs", "topicRulePayload": payload}),
        ),
        ("GetTopicRuleDestination", json!({"arn": arn})),
        (
            "UpdateTopicRuleDestination",
            json!({"arn": arn, "status": "DISABLED"}),
        ),
        ("DeleteTopicRuleDestination", json!({"arn": arn})),
    ] {
        let reply = ours.expect(operation, input, 401).await;
        assert_eq!(reply.exception(), "UnauthorizedException", "{operation}: {reply}");
    }
    // A rule that is not there counts as deleted; the inventory shows that theirs is not.
    ours.expect("DeleteTopicRule", rule(), 200).await;
    let listed = ours.expect("ListTopicRules", json!({}), 200).await;
    assert_eq!(listed.json()["rules"], json!([]));
    let listed = ours.expect("ListTopicRuleDestinations", json!({}), 200).await;
    assert_eq!(listed.json()["destinationSummaries"], json!([]));
    let token = json!({"confirmationToken": format!("1-{}", "ab".repeat(32))});
    ours.expect("ConfirmTopicRuleDestination", token, 400).await;
    // Their names and URLs are free here.
    let new = json!({"ruleName": "theirs", "topicRulePayload": payload});
    ours.expect("CreateTopicRule", new, 200).await;
    let new = json!({"destinationConfiguration": {"httpUrlConfiguration": {"confirmationUrl": URL}}});
    ours.expect("CreateTopicRuleDestination", new, 200).await;
}
