//! Realms never see each other.

mod bulk;
mod certs;
mod domains;
mod provisioning;
mod registry;
mod roles;
mod thing_groups;
mod topic_rules;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use thingsmith_testkit::{Client, Engine, Reply, TestServer};

use super::{named, testdata, written};

const OTHER: &str = "210987654321";
const ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// A caller that keeps track of the operations it has tried.
struct Side {
    client: Client,
    region: &'static str,
    account: &'static str,
    tried: BTreeSet<String>,
}

impl Side {
    fn new(client: Client, account: &'static str, region: &'static str) -> Self {
        Self {
            client: client.region(region),
            region,
            account,
            tried: BTreeSet::new(),
        }
    }

    async fn try_it(&mut self, name: &str, input: Value) -> Reply {
        self.tried.insert(name.to_owned());
        named(&self.client, name, input).await
    }

    async fn expect(&mut self, name: &str, input: Value, status: u16) -> Reply {
        let reply = self.try_it(name, input).await;
        assert_eq!(
            reply.status, status,
            "{name} in {} {}: {reply}",
            self.account, self.region
        );
        if status == 404 {
            assert_eq!(reply.exception(), "ResourceNotFoundException", "{name}");
        }
        reply
    }

    fn arn(&self, resource: &str) -> String {
        format!("arn:aws:iot:{}:{}:{resource}", self.region, self.account)
    }
}

/// Makes a thing, a policy and a certificate, attached to each other, and returns the certificate's id.
async fn furnish(side: &mut Side) -> String {
    let csr = testdata!("request-p256.csr");
    side.expect("CreateThing", json!({"thingName": "theirs"}), 200)
        .await;
    let document = r#"{"Version":"2012-10-17","Statement":[]}"#.replace(
        "[]",
        r#"{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}"#,
    );
    side.expect(
        "CreatePolicy",
        json!({"policyName": "theirs", "policyDocument": document}),
        200,
    )
    .await;
    let made = side
        .expect(
            "CreateCertificateFromCsr",
            json!({"certificateSigningRequest": csr}),
            200,
        )
        .await;
    let target = made.text("certificateArn");
    side.expect(
        "AttachPolicy",
        json!({"policyName": "theirs", "target": target}),
        200,
    )
    .await;
    side.expect(
        "AttachThingPrincipal",
        json!({"thingName": "theirs", "principal": target}),
        200,
    )
    .await;
    registry::furnish(side).await;
    thing_groups::furnish(side).await;
    provisioning::furnish(side).await;
    roles::furnish(side).await;
    domains::furnish(side).await;
    topic_rules::furnish(side).await;
    made.text("certificateId")
}

/// Everything that `side` has, as it reads it itself.
async fn inventory(side: &mut Side, id: &str) -> Vec<String> {
    let arn = side.arn(&format!("cert/{id}"));
    let mut replies = Vec::new();
    for (name, input) in [
        ("DescribeThing", json!({"thingName": "theirs"})),
        ("ListThings", json!({})),
        ("ListThingPrincipals", json!({"thingName": "theirs"})),
        ("DescribeCertificate", json!({"certificateId": id})),
        ("ListCertificates", json!({})),
        ("GetPolicy", json!({"policyName": "theirs"})),
        ("ListPolicies", json!({})),
        ("ListAttachedPolicies", json!({"target": arn})),
        ("DescribeEndpoint", json!({"endpointType": "iot:Data-ATS"})),
    ] {
        replies.push(side.expect(name, input, 200).await.to_string());
    }
    replies.extend(registry::inventory(side, id).await);
    replies.extend(thing_groups::inventory(side, id).await);
    replies.extend(provisioning::inventory(side).await);
    replies.extend(bulk::inventory(side).await);
    replies.extend(roles::inventory(side).await);
    replies.extend(domains::inventory(side).await);
    replies.extend(topic_rules::inventory(side).await);
    replies
}

/// Tries every operation on what `theirs` has.
async fn trespass(ours: &mut Side, theirs: &Side, id: &str) {
    let their_certificate = theirs.arn(&format!("cert/{id}"));
    let as_if_ours = ours.arn(&format!("cert/{id}"));
    let thing = || json!({"thingName": "theirs"});
    ours.expect("DescribeThing", thing(), 404).await;
    ours.expect(
        "UpdateThing",
        json!({"thingName": "theirs", "attributePayload": {"attributes": {"a": "b"}}}),
        404,
    )
    .await;
    ours.expect("ListThingPrincipals", thing(), 404).await;
    // A thing that is not there counts as deleted; the inventory shows that theirs is not.
    ours.expect("DeleteThing", thing(), 200).await;
    ours.expect("CreateThing", json!({"thingName": "ours"}), 200)
        .await;
    ours.expect("DescribeCertificate", json!({"certificateId": id}), 404)
        .await;
    ours.expect(
        "UpdateCertificate",
        json!({"certificateId": id, "newStatus": "REVOKED"}),
        404,
    )
    .await;
    ours.expect(
        "DeleteCertificate",
        json!({"certificateId": id, "forceDelete": true}),
        404,
    )
    .await;
    ours.expect("GetPolicy", json!({"policyName": "theirs"}), 404)
        .await;
    ours.expect("DeletePolicy", json!({"policyName": "theirs"}), 404)
        .await;
    let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
    ours.expect(
        "CreatePolicy",
        json!({"policyName": "ours", "policyDocument": document}),
        200,
    )
    .await;
    for target in [&their_certificate, &as_if_ours] {
        for thing in ["ours", "theirs"] {
            ours.expect(
                "AttachThingPrincipal",
                json!({"thingName": thing, "principal": target}),
                404,
            )
            .await;
            ours.expect(
                "DetachThingPrincipal",
                json!({"thingName": thing, "principal": target}),
                404,
            )
            .await;
        }
        for policy in ["ours", "theirs"] {
            ours.expect(
                "AttachPolicy",
                json!({"policyName": policy, "target": target}),
                404,
            )
            .await;
            // What is not attached counts as detached.
            ours.expect(
                "DetachPolicy",
                json!({"policyName": policy, "target": target}),
                200,
            )
            .await;
        }
        ours.expect("ListAttachedPolicies", json!({"target": target}), 404)
            .await;
    }
    let own = ours.expect("ListThings", json!({}), 200).await.json();
    assert_eq!(own["things"].as_array().unwrap().len(), 1);
    assert_eq!(
        ours.expect("ListCertificates", json!({}), 200).await.json()["certificates"],
        json!([])
    );
    let own = ours.expect("ListPolicies", json!({}), 200).await.json();
    assert_eq!(own["policies"][0]["policyName"], "ours");
    ours.expect("DescribeEndpoint", json!({}), 200).await;
    ours.expect(
        "CreateCertificateFromCsr",
        json!({"certificateSigningRequest": testdata!("request-p384.csr")}),
        200,
    )
    .await;
    let pem = testdata!("good-p256.pem");
    ours.expect(
        "RegisterCertificateWithoutCA",
        json!({"certificatePem": pem}),
        200,
    )
    .await;
    thing_groups::trespass(ours, theirs, id).await;
    // Their own names are free here.
    ours.expect(
        "CreateThing",
        json!({"thingName": "theirs", "attributePayload": {"attributes": {"a": "b"}}}),
        200,
    )
    .await;
    ours.expect(
        "CreatePolicy",
        json!({"policyName": "theirs", "policyDocument": document}),
        200,
    )
    .await;
    registry::trespass(ours, theirs, id).await;
    provisioning::trespass(ours, theirs, id).await;
    bulk::trespass(ours, theirs).await;
    roles::trespass(ours, theirs).await;
    domains::trespass(ours).await;
    topic_rules::trespass(ours, theirs).await;
}

#[tokio::test]
async fn no_operation_reaches_into_another_account_or_region() {
    let every: BTreeSet<String> = written().map(|operation| operation.name.clone()).collect();
    for engine in Engine::available() {
        let start = || {
            TestServer::builder()
                .engine(engine)
                .key("other", OTHER, &[ALL])
                .start()
        };
        for turned in [false, true] {
            for other_region in ["us-east-1", "eu-west-1"] {
                let server = start().await;
                let one = Side::new(server.administrator(), "123456789012", "us-east-1");
                // Another account in the same region, and another region of the same account.
                let two = if other_region == "us-east-1" {
                    Side::new(server.client("other"), OTHER, other_region)
                } else {
                    Side::new(server.administrator(), "123456789012", other_region)
                };
                let (mut theirs, mut ours) = if turned { (two, one) } else { (one, two) };
                let id = furnish(&mut theirs).await;
                let certs = certs::furnish(&mut theirs).await;
                let before = inventory(&mut theirs, &id).await;
                let certs_before = certs::inventory(&mut theirs, &certs).await;
                trespass(&mut ours, &theirs, &id).await;
                certs::trespass(&mut ours, &certs).await;
                assert_eq!(inventory(&mut theirs, &id).await, before);
                assert_eq!(certs::inventory(&mut theirs, &certs).await, certs_before);
                assert_eq!(ours.tried, every);
                server.stop().await;
            }
        }
    }
}

#[tokio::test]
async fn a_page_token_is_good_for_its_own_list_and_realm_only() {
    let server = TestServer::builder().key("other", OTHER, &[ALL]).start().await;
    let admin = server.administrator();
    for name in ["a", "b"] {
        named(&admin, "CreateThing", json!({"thingName": name})).await;
    }
    let token = named(&admin, "ListThings", json!({"maxResults": 1}))
        .await
        .text("nextToken");
    let next = |client: Client, token: String| async move {
        named(&client, "ListThings", json!({"nextToken": token})).await
    };
    assert_eq!(
        next(admin.clone(), token.clone()).await.json()["things"][0]["thingName"],
        "b"
    );
    let mut forged = token.clone();
    forged.replace_range(0..1, if token.starts_with('A') { "B" } else { "A" });
    for (client, token) in [
        (admin.clone().region("eu-west-1"), token.clone()),
        (server.client("other"), token.clone()),
        (admin.clone(), forged),
        (admin.clone(), "none".into()),
        (admin.clone(), token[..8].into()),
    ] {
        let reply = next(client, token).await;
        assert_eq!(
            (reply.status, reply.exception()),
            (400, "InvalidRequestException"),
            "{reply}"
        );
    }
    let reply = named(&admin, "ListCertificates", json!({"marker": token})).await;
    assert_eq!(reply.exception(), "InvalidRequestException", "{reply}");
}
