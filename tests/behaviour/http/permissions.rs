//! Who may do what: every operation needs exactly its own action, on exactly its resource.

use serde_json::json;
use thingsmith_testkit::{ACCOUNT, TestServer, iot, samples};

use super::{call, named, written};

/// What each operation is done to, with the least input. Source: the Service Authorization Reference, "Actions, resources,
/// and condition keys for AWS IoT".
const RESOURCES: &[(&str, &str)] = &[
    ("AcceptCertificateTransfer", CERTIFICATE),
    ("AddThingToBillingGroup", "*"),
    ("AddThingToThingGroup", "*"),
    ("AttachPolicy", "a"),
    ("AttachPrincipalPolicy", "a"),
    ("AttachThingPrincipal", "*"),
    ("CancelCertificateTransfer", CERTIFICATE),
    ("ConfirmTopicRuleDestination", "*"),
    (
        "CreateBillingGroup",
        "arn:aws:iot:us-east-1:123456789012:billinggroup/a",
    ),
    ("CreateCertificateFromCsr", "*"),
    ("CreateDomainConfiguration", DOMAIN_CONFIGURATION),
    ("CreateKeysAndCertificate", "*"),
    ("CreatePolicy", "arn:aws:iot:us-east-1:123456789012:policy/a"),
    (
        "CreatePolicyVersion",
        "arn:aws:iot:us-east-1:123456789012:policy/a",
    ),
    ("CreateProvisioningTemplate", PROVISIONING_TEMPLATE),
    ("CreateProvisioningTemplateVersion", PROVISIONING_TEMPLATE),
    (
        "CreateRoleAlias",
        "arn:aws:iot:us-east-1:123456789012:rolealias/a",
    ),
    ("CreateThing", "arn:aws:iot:us-east-1:123456789012:thing/a"),
    (
        "CreateThingGroup",
        "arn:aws:iot:us-east-1:123456789012:thinggroup/a",
    ),
    (
        "CreateThingType",
        "arn:aws:iot:us-east-1:123456789012:thingtype/a",
    ),
    ("CreateTopicRule", TOPIC_RULE),
    ("CreateTopicRuleDestination", "*"),
    (
        "DeleteBillingGroup",
        "arn:aws:iot:us-east-1:123456789012:billinggroup/a",
    ),
    ("DeleteCACertificate", CA_CERTIFICATE),
    ("DeleteCertificate", CERTIFICATE),
    ("DeleteDomainConfiguration", DOMAIN_CONFIGURATION),
    ("DeletePolicy", "arn:aws:iot:us-east-1:123456789012:policy/a"),
    (
        "DeletePolicyVersion",
        "arn:aws:iot:us-east-1:123456789012:policy/a",
    ),
    ("DeleteProvisioningTemplate", PROVISIONING_TEMPLATE),
    ("DeleteProvisioningTemplateVersion", PROVISIONING_TEMPLATE),
    ("DeleteRegistrationCode", "*"),
    (
        "DeleteRoleAlias",
        "arn:aws:iot:us-east-1:123456789012:rolealias/a",
    ),
    ("DeleteThing", "arn:aws:iot:us-east-1:123456789012:thing/a"),
    (
        "DeleteThingGroup",
        "arn:aws:iot:us-east-1:123456789012:thinggroup/a",
    ),
    (
        "DeleteThingType",
        "arn:aws:iot:us-east-1:123456789012:thingtype/a",
    ),
    ("DeleteTopicRule", TOPIC_RULE),
    ("DeleteTopicRuleDestination", "a"),
    ("DeleteV2LoggingLevel", "*"),
    (
        "DeprecateThingType",
        "arn:aws:iot:us-east-1:123456789012:thingtype/a",
    ),
    (
        "DescribeBillingGroup",
        "arn:aws:iot:us-east-1:123456789012:billinggroup/a",
    ),
    ("DescribeCACertificate", CA_CERTIFICATE),
    ("DescribeCertificate", CERTIFICATE),
    ("DescribeDomainConfiguration", DOMAIN_CONFIGURATION),
    ("DescribeEndpoint", "*"),
    ("DescribeEventConfigurations", "*"),
    ("DescribeProvisioningTemplate", PROVISIONING_TEMPLATE),
    ("DescribeProvisioningTemplateVersion", PROVISIONING_TEMPLATE),
    (
        "DescribeRoleAlias",
        "arn:aws:iot:us-east-1:123456789012:rolealias/a",
    ),
    ("DescribeThing", "arn:aws:iot:us-east-1:123456789012:thing/a"),
    (
        "DescribeThingGroup",
        "arn:aws:iot:us-east-1:123456789012:thinggroup/a",
    ),
    ("DescribeThingRegistrationTask", "*"),
    (
        "DescribeThingType",
        "arn:aws:iot:us-east-1:123456789012:thingtype/a",
    ),
    ("DetachPolicy", "a"),
    ("DetachPrincipalPolicy", "a"),
    ("DetachThingPrincipal", "*"),
    ("DisableTopicRule", TOPIC_RULE),
    ("EnableTopicRule", TOPIC_RULE),
    ("GetEffectivePolicies", "*"),
    ("GetLoggingOptions", "*"),
    ("GetPolicy", "arn:aws:iot:us-east-1:123456789012:policy/a"),
    ("GetPolicyVersion", "arn:aws:iot:us-east-1:123456789012:policy/a"),
    ("GetRegistrationCode", "*"),
    ("GetTopicRule", TOPIC_RULE),
    ("GetTopicRuleDestination", "a"),
    ("GetV2LoggingOptions", "*"),
    ("ListAttachedPolicies", "*"),
    ("ListBillingGroups", "*"),
    ("ListCACertificates", "*"),
    ("ListCertificates", "*"),
    ("ListCertificatesByCA", "*"),
    ("ListDomainConfigurations", "*"),
    ("ListOutgoingCertificates", "*"),
    ("ListPolicies", "*"),
    ("ListPolicyPrincipals", "*"),
    (
        "ListPolicyVersions",
        "arn:aws:iot:us-east-1:123456789012:policy/a",
    ),
    ("ListPrincipalPolicies", "*"),
    ("ListPrincipalThings", "*"),
    ("ListPrincipalThingsV2", "*"),
    ("ListProvisioningTemplateVersions", PROVISIONING_TEMPLATE),
    ("ListProvisioningTemplates", "*"),
    ("ListRoleAliases", "*"),
    ("ListTagsForResource", "a"),
    (
        "ListTargetsForPolicy",
        "arn:aws:iot:us-east-1:123456789012:policy/a",
    ),
    ("ListThingGroups", "*"),
    (
        "ListThingGroupsForThing",
        "arn:aws:iot:us-east-1:123456789012:thing/a",
    ),
    ("ListThingPrincipals", "*"),
    ("ListThingPrincipalsV2", "*"),
    ("ListThingRegistrationTaskReports", "*"),
    ("ListThingRegistrationTasks", "*"),
    ("ListThingTypes", "*"),
    ("ListThings", "*"),
    (
        "ListThingsInBillingGroup",
        "arn:aws:iot:us-east-1:123456789012:billinggroup/a",
    ),
    (
        "ListThingsInThingGroup",
        "arn:aws:iot:us-east-1:123456789012:thinggroup/a",
    ),
    ("ListTopicRuleDestinations", "*"),
    ("ListTopicRules", "*"),
    ("ListV2LoggingLevels", "*"),
    ("RegisterCACertificate", "*"),
    ("RegisterCertificate", "*"),
    ("RegisterCertificateWithoutCA", "*"),
    ("RegisterThing", "*"),
    ("RejectCertificateTransfer", CERTIFICATE),
    ("RemoveThingFromBillingGroup", "*"),
    ("RemoveThingFromThingGroup", "*"),
    ("ReplaceTopicRule", TOPIC_RULE),
    (
        "SetDefaultPolicyVersion",
        "arn:aws:iot:us-east-1:123456789012:policy/a",
    ),
    ("SetLoggingOptions", "*"),
    ("SetV2LoggingLevel", "*"),
    ("SetV2LoggingOptions", "*"),
    ("StartThingRegistrationTask", "*"),
    ("StopThingRegistrationTask", "*"),
    ("TagResource", "a"),
    ("TestAuthorization", "*"),
    ("TransferCertificate", CERTIFICATE),
    ("UntagResource", "a"),
    (
        "UpdateBillingGroup",
        "arn:aws:iot:us-east-1:123456789012:billinggroup/a",
    ),
    ("UpdateCACertificate", CA_CERTIFICATE),
    ("UpdateCertificate", CERTIFICATE),
    ("UpdateDomainConfiguration", DOMAIN_CONFIGURATION),
    ("UpdateEventConfigurations", "*"),
    ("UpdateProvisioningTemplate", PROVISIONING_TEMPLATE),
    (
        "UpdateRoleAlias",
        "arn:aws:iot:us-east-1:123456789012:rolealias/a",
    ),
    ("UpdateThing", "arn:aws:iot:us-east-1:123456789012:thing/a"),
    (
        "UpdateThingGroup",
        "arn:aws:iot:us-east-1:123456789012:thinggroup/a",
    ),
    ("UpdateThingGroupsForThing", "*"),
    (
        "UpdateThingType",
        "arn:aws:iot:us-east-1:123456789012:thingtype/a",
    ),
    ("UpdateTopicRuleDestination", "a"),
];
const CA_CERTIFICATE: &str = "arn:aws:iot:us-east-1:123456789012:cacert/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const PROVISIONING_TEMPLATE: &str = "arn:aws:iot:us-east-1:123456789012:provisioningtemplate/a";
const TOPIC_RULE: &str = "arn:aws:iot:us-east-1:123456789012:rule/a";
const DOMAIN_CONFIGURATION: &str = "arn:aws:iot:us-east-1:123456789012:domainconfiguration/a/tq22z";
const CERTIFICATE: &str = "arn:aws:iot:us-east-1:123456789012:cert/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn policy(effect: &str, action: &str, resource: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": action, "Resource": resource}})
        .to_string()
}

#[tokio::test]
async fn an_operation_needs_its_own_action_on_its_own_resource() {
    let mut builder = TestServer::builder().key("nothing", ACCOUNT, &[]);
    let everything_but = json!({"Version": "2012-10-17", "Statement":
        {"Effect": "Allow", "NotAction": "iot:*", "Resource": "*"}});
    builder = builder.key("everything-else", ACCOUNT, &[&everything_but.to_string()]);
    for &(name, resource) in RESOURCES {
        let action = format!("iot:{name}");
        // `a` is no ARN: as a target it is refused, but only after the permission.
        let resource = if resource == "a" { "*" } else { resource };
        let elsewhere = "arn:aws:iot:us-east-1:123456789012:thing/elsewhere";
        builder = builder
            .key(
                &format!("only-{name}"),
                ACCOUNT,
                // Some operations hand a role over, which is a permission of its own.
                &[
                    &policy("Allow", &action, resource),
                    &policy("Allow", "iam:PassRole", "*"),
                ],
            )
            .key(
                &format!("elsewhere-{name}"),
                ACCOUNT,
                &[&policy("Allow", &action, elsewhere)],
            )
            .key(
                &format!("denied-{name}"),
                ACCOUNT,
                &[&policy("Allow", "*", "*"), &policy("Deny", &action, resource)],
            );
    }
    let server = builder.start().await;
    let mut seen = Vec::new();
    for operation in written() {
        let name = operation.name.as_str();
        seen.push(name);
        let input = samples::least_input(iot(), operation);
        let resource = RESOURCES.iter().find(|(it, _)| *it == name).unwrap().1;
        for key in [
            "nothing",
            "everything-else",
            &format!("elsewhere-{name}"),
            &format!("denied-{name}"),
        ] {
            let reply = call(&server.client(key), operation, &input).await.unwrap();
            assert_eq!(
                (reply.status, reply.exception()),
                (403, "AccessDeniedException"),
                "{name} by {key}: {reply}"
            );
            let start = format!(
                "User: arn:aws:iam::123456789012:user/{key} is not authorized to perform: iot:{name} on resource: {resource} "
            );
            assert!(reply.message().starts_with(&start), "{}", reply.message());
        }
        let reply = call(&server.client(&format!("only-{name}")), operation, &input)
            .await
            .unwrap();
        assert_ne!(reply.status, 403, "{name}: {reply}");
    }
    assert_eq!(seen, RESOURCES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_refusal_says_nothing_about_what_is_there() {
    let server = TestServer::builder().key("nothing", ACCOUNT, &[]).start().await;
    named(
        &server.administrator(),
        "CreateThing",
        json!({"thingName": "pump"}),
    )
    .await;
    let stranger = server.client("nothing");
    let there = named(&stranger, "DescribeThing", json!({"thingName": "pump"})).await;
    let absent = named(&stranger, "DescribeThing", json!({"thingName": "none"})).await;
    assert_eq!(there.to_string().replace("pump", "none"), absent.to_string());
    insta::assert_snapshot!(absent, @r#"
    403 AccessDeniedException
    {
      "message": "User: arn:aws:iam::123456789012:user/nothing is not authorized to perform: iot:DescribeThing on resource: arn:aws:iot:us-east-1:123456789012:thing/none because no identity-based policy allows the iot:DescribeThing action"
    }
    "#);
}

#[tokio::test]
async fn a_certificate_cannot_be_named_past_a_deny() {
    let id = "ab".repeat(32);
    let arn = format!("arn:aws:iot:us-east-1:{ACCOUNT}:cert/{id}");
    let policies = [policy("Allow", "iot:*", "*"), policy("Deny", "iot:*", &arn)];
    let server = TestServer::builder()
        .key("most", ACCOUNT, &[&policies[0], &policies[1]])
        .start()
        .await;
    let most = server.client("most");
    for spelled in [id.clone(), id.to_uppercase()] {
        let reply = named(&most, "DescribeCertificate", json!({"certificateId": spelled})).await;
        assert_eq!(reply.status, 403, "{reply}");
        let target = format!("arn:aws:iot:us-east-1:{ACCOUNT}:cert/{spelled}");
        let reply = named(
            &most,
            "AttachPolicy",
            json!({"policyName": "P", "target": target}),
        )
        .await;
        assert_eq!(reply.status, 403, "{reply}");
    }
}

#[tokio::test]
async fn conditions_see_the_request() {
    let condition = |operator: &str, key: &str, value: &str| {
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iot:ListThings", "Resource": "*",
            "Condition": {operator: {key: value}}}})
        .to_string()
    };
    let cases = [
        (
            "address",
            condition("IpAddress", "aws:SourceIp", "127.0.0.0/8"),
            true,
        ),
        (
            "other-address",
            condition("IpAddress", "aws:SourceIp", "10.0.0.0/8"),
            false,
        ),
        (
            "before",
            condition("DateLessThan", "aws:CurrentTime", "2026-11-22T00:00:00Z"),
            true,
        ),
        (
            "after",
            condition("DateGreaterThan", "aws:CurrentTime", "2026-11-22T00:00:00Z"),
            false,
        ),
        ("user", condition("StringEquals", "aws:username", "user"), true),
        (
            "other-user",
            condition("StringEquals", "aws:username", "user"),
            false,
        ),
        (
            "account",
            condition("StringEquals", "aws:PrincipalAccount", ACCOUNT),
            true,
        ),
        (
            "region",
            condition("StringEquals", "aws:RequestedRegion", "eu-west-1"),
            false,
        ),
        ("tls", condition("Bool", "aws:SecureTransport", "true"), false),
    ];
    let mut builder = TestServer::builder();
    for (key, policy, _) in &cases {
        builder = builder.key(key, ACCOUNT, &[policy]);
    }
    let server = builder.start().await;
    for (key, _, allowed) in &cases {
        let reply = server.client(key).call("GET", "/things").await;
        assert_eq!(reply.status == 200, *allowed, "{key}: {reply}");
    }
}
