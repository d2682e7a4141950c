//! Certificates that go from one account to another, seen from the sender, the receiver and somebody else.

use std::time::Duration;

use serde_json::{Value, json};
use thingsmith_testkit::{Client, Engine, Reply, TestServer};

use super::authority::{Authority, refused};
use super::{named, testdata};

const RECEIVER: &str = "210987654321";
const STRANGER: &str = "333333333333";
const ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// A server with three accounts, and a certificate of the first.
struct Sides {
    server: TestServer,
    sender: Client,
    receiver: Client,
    stranger: Client,
    id: String,
}

impl Sides {
    async fn new(engine: Engine) -> Self {
        let server = TestServer::builder()
            .engine(engine)
            .key("receiver", RECEIVER, &[ALL])
            .key("stranger", STRANGER, &[ALL])
            .start()
            .await;
        let sender = server.administrator();
        let input = json!({"certificateSigningRequest": testdata!("request-p256.csr")});
        let id = named(&sender, "CreateCertificateFromCsr", input)
            .await
            .text("certificateId");
        Self {
            sender,
            receiver: server.client("receiver"),
            stranger: server.client("stranger"),
            server,
            id,
        }
    }

    async fn call(&self, client: &Client, name: &str, more: Value) -> Reply {
        let mut input = json!({"certificateId": self.id});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        named(client, name, input).await
    }

    async fn send(&self) -> Reply {
        let more = json!({"targetAwsAccount": RECEIVER, "transferMessage": "for you"});
        self.call(&self.sender, "TransferCertificate", more).await
    }

    async fn describe(&self, client: &Client) -> Option<Value> {
        let reply = self.call(client, "DescribeCertificate", json!({})).await;
        (reply.status == 200).then(|| reply.json()["certificateDescription"].clone())
    }

    async fn status(&self, client: &Client) -> Option<String> {
        let found = self.describe(client).await?;
        Some(found["status"].as_str().unwrap().to_owned())
    }

    /// The statuses on the three sides.
    async fn statuses(&self) -> [Option<String>; 3] {
        [
            self.status(&self.sender).await,
            self.status(&self.receiver).await,
            self.status(&self.stranger).await,
        ]
    }

    async fn outgoing(&self, client: &Client) -> Value {
        named(client, "ListOutgoingCertificates", json!({})).await.json()["outgoingCertificates"].clone()
    }
}

fn statuses<const N: usize>(statuses: [Option<&str>; N]) -> [Option<String>; N] {
    statuses.map(|status| status.map(str::to_owned))
}

const PENDING: Option<&str> = Some("PENDING_TRANSFER");
const INACTIVE: Option<&str> = Some("INACTIVE");

#[tokio::test]
async fn a_certificate_goes_to_another_account() {
    for engine in Engine::available() {
        let sides = Sides::new(engine).await;
        let there = format!("arn:aws:iot:us-east-1:{RECEIVER}:cert/{}", sides.id);
        sides.server.clock.advance(Duration::from_secs(1));
        let sent = sides.send().await;
        assert_eq!(sent.json(), json!({"transferredCertificateArn": there}));
        assert_eq!(sides.statuses().await, statuses([PENDING, PENDING, None]));
        let listed = sides.outgoing(&sides.sender).await;
        let made = sides.describe(&sides.sender).await.unwrap();
        assert_eq!(
            listed,
            json!([{
                "certificateArn": there,
                "certificateId": sides.id,
                "transferredTo": RECEIVER,
                "transferDate": made["lastModifiedDate"],
                "transferMessage": "for you",
                "creationDate": made["creationDate"],
            }])
        );
        for (client, seen) in [(&sides.receiver, 1), (&sides.stranger, 0)] {
            assert_eq!(sides.outgoing(client).await, json!([]));
            let listed = named(client, "ListCertificates", json!({})).await.json();
            assert_eq!(listed["certificates"].as_array().unwrap().len(), seen);
        }
        sides.server.clock.advance(Duration::from_secs(1));
        let accepted = sides
            .call(
                &sides.receiver,
                "AcceptCertificateTransfer",
                json!({"setAsActive": true}),
            )
            .await;
        assert_eq!(accepted.status, 200, "{accepted}");
        assert_eq!(sides.statuses().await, statuses([None, Some("ACTIVE"), None]));
        let found = sides.describe(&sides.receiver).await.unwrap();
        assert_eq!(
            (
                &found["ownedBy"],
                &found["previousOwnedBy"],
                &found["certificateArn"]
            ),
            (&json!(RECEIVER), &json!("123456789012"), &json!(there))
        );
        assert_eq!(found["certificatePem"], made["certificatePem"]);
        assert_eq!(
            found["transferData"],
            json!({
                "transferMessage": "for you",
                "transferDate": made["lastModifiedDate"],
                "acceptDate": found["lastModifiedDate"],
            })
        );
        assert_eq!(sides.outgoing(&sides.sender).await, json!([]));
        // It is over, for both.
        for (client, name) in [
            (&sides.sender, "CancelCertificateTransfer"),
            (&sides.receiver, "AcceptCertificateTransfer"),
            (&sides.receiver, "RejectCertificateTransfer"),
        ] {
            let refusal = sides.call(client, name, json!({})).await;
            refused(&refusal, 410, "TransferAlreadyCompletedException");
        }
        assert_eq!(sides.statuses().await, statuses([None, Some("ACTIVE"), None]));
        sides.server.stop().await;
    }
}

#[tokio::test]
async fn a_transfer_is_rejected_or_cancelled() {
    for engine in Engine::available() {
        let sides = Sides::new(engine).await;
        sides.send().await;
        let more = json!({"rejectReason": "not mine"});
        let rejected = sides
            .call(&sides.receiver, "RejectCertificateTransfer", more)
            .await;
        assert_eq!(rejected.status, 200, "{rejected}");
        assert_eq!(sides.statuses().await, statuses([INACTIVE, None, None]));
        let found = sides.describe(&sides.sender).await.unwrap();
        assert_eq!(found["transferData"]["rejectReason"], "not mine");
        assert_eq!(found["transferData"]["rejectDate"], found["lastModifiedDate"]);
        assert!(found.get("previousOwnedBy").is_none());
        for (client, name) in [
            (&sides.sender, "CancelCertificateTransfer"),
            (&sides.receiver, "AcceptCertificateTransfer"),
            (&sides.receiver, "RejectCertificateTransfer"),
        ] {
            let refusal = sides.call(client, name, json!({})).await;
            refused(&refusal, 410, "TransferAlreadyCompletedException");
        }
        // Again, and taken back.
        assert_eq!(sides.send().await.status, 200);
        let cancelled = sides
            .call(&sides.sender, "CancelCertificateTransfer", json!({}))
            .await;
        assert_eq!(cancelled.status, 200, "{cancelled}");
        assert_eq!(sides.statuses().await, statuses([INACTIVE, None, None]));
        assert_eq!(
            sides.describe(&sides.sender).await.unwrap()["transferData"],
            json!({})
        );
        let refusal = sides
            .call(&sides.sender, "CancelCertificateTransfer", json!({}))
            .await;
        refused(&refusal, 400, "InvalidRequestException");
        for name in ["AcceptCertificateTransfer", "RejectCertificateTransfer"] {
            let refusal = sides.call(&sides.receiver, name, json!({})).await;
            refused(&refusal, 404, "ResourceNotFoundException");
        }
        // And once more, to the end.
        assert_eq!(sides.send().await.status, 200);
        let accepted = sides
            .call(&sides.receiver, "AcceptCertificateTransfer", json!({}))
            .await;
        assert_eq!(accepted.status, 200, "{accepted}");
        assert_eq!(sides.statuses().await, statuses([None, INACTIVE, None]));
        // The receiver may send it on, and back.
        let more = json!({"targetAwsAccount": "123456789012"});
        assert_eq!(
            sides
                .call(&sides.receiver, "TransferCertificate", more)
                .await
                .status,
            200
        );
        assert_eq!(
            sides
                .call(&sides.sender, "AcceptCertificateTransfer", json!({}))
                .await
                .status,
            200
        );
        assert_eq!(sides.statuses().await, statuses([INACTIVE, None, None]));
        assert_eq!(
            sides.describe(&sides.sender).await.unwrap()["previousOwnedBy"],
            RECEIVER
        );
        sides.server.stop().await;
    }
}

#[tokio::test]
async fn nobody_but_the_two_has_a_say_in_a_transfer() {
    for engine in Engine::available() {
        let sides = Sides::new(engine).await;
        for (client, name) in [
            (&sides.sender, "AcceptCertificateTransfer"),
            (&sides.sender, "RejectCertificateTransfer"),
            (&sides.sender, "CancelCertificateTransfer"),
        ] {
            let refusal = sides.call(client, name, json!({})).await;
            refused(&refusal, 400, "InvalidRequestException");
        }
        sides.send().await;
        let far = sides.receiver.clone().region("eu-west-1");
        for client in [&sides.stranger, &far] {
            for name in [
                "AcceptCertificateTransfer",
                "RejectCertificateTransfer",
                "CancelCertificateTransfer",
                "DescribeCertificate",
            ] {
                let refusal = sides.call(client, name, json!({})).await;
                refused(&refusal, 404, "ResourceNotFoundException");
            }
            let more = json!({"targetAwsAccount": STRANGER.replace('3', "4")});
            let refusal = sides.call(client, "TransferCertificate", more).await;
            refused(&refusal, 404, "ResourceNotFoundException");
        }
        // The sender does not accept for the receiver, nor does the receiver cancel for the sender.
        for (client, name) in [
            (&sides.sender, "AcceptCertificateTransfer"),
            (&sides.sender, "RejectCertificateTransfer"),
            (&sides.receiver, "CancelCertificateTransfer"),
        ] {
            let refusal = sides.call(client, name, json!({})).await;
            refused(&refusal, 400, "InvalidRequestException");
        }
        assert_eq!(sides.statuses().await, statuses([PENDING, PENDING, None]));
        sides.server.stop().await;
    }
}

#[tokio::test]
async fn nothing_hangs_on_a_certificate_on_its_way() {
    for engine in Engine::available() {
        let sides = Sides::new(engine).await;
        let document =
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:*","Resource":"*"}}"#;
        for client in [&sides.sender, &sides.receiver] {
            named(
                client,
                "CreatePolicy",
                json!({"policyName": "P", "policyDocument": document}),
            )
            .await;
            named(client, "CreateThing", json!({"thingName": "pump"})).await;
        }
        let arn = |account: &str| format!("arn:aws:iot:us-east-1:{account}:cert/{}", sides.id);
        let (here, there) = (arn("123456789012"), arn(RECEIVER));
        let policy = |client: &Client, name: &'static str, target: &str| {
            let (client, input) = (client.clone(), json!({"policyName": "P", "target": target}));
            async move { named(&client, name, input).await }
        };
        let thing = |client: &Client, name: &'static str, target: &str| {
            let (client, input) = (client.clone(), json!({"thingName": "pump", "principal": target}));
            async move { named(&client, name, input).await }
        };
        assert_eq!(policy(&sides.sender, "AttachPolicy", &here).await.status, 200);
        let refusal = sides.send().await;
        refused(&refusal, 409, "TransferConflictException");
        assert!(refusal.message().contains("policies"), "{refusal}");
        policy(&sides.sender, "DetachPolicy", &here).await;
        thing(&sides.sender, "AttachThingPrincipal", &here).await;
        let refusal = sides.send().await;
        refused(&refusal, 409, "TransferConflictException");
        assert!(refusal.message().contains("things"), "{refusal}");
        thing(&sides.sender, "DetachThingPrincipal", &here).await;
        assert_eq!(sides.send().await.status, 200);
        for (client, arn) in [(&sides.sender, &here), (&sides.receiver, &there)] {
            refused(
                &policy(client, "AttachPolicy", arn).await,
                400,
                "InvalidRequestException",
            );
            refused(
                &thing(client, "AttachThingPrincipal", arn).await,
                400,
                "InvalidRequestException",
            );
            let refusal = sides
                .call(client, "UpdateCertificate", json!({"newStatus": "ACTIVE"}))
                .await;
            refused(&refusal, 406, "CertificateStateException");
            let refusal = sides
                .call(client, "DeleteCertificate", json!({"forceDelete": true}))
                .await;
            refused(&refusal, 406, "CertificateStateException");
            let more = json!({"targetAwsAccount": STRANGER});
            let refusal = sides.call(client, "TransferCertificate", more).await;
            refused(&refusal, 406, "CertificateStateException");
        }
        sides
            .call(&sides.receiver, "AcceptCertificateTransfer", json!({}))
            .await;
        assert_eq!(policy(&sides.receiver, "AttachPolicy", &there).await.status, 200);
        sides.server.stop().await;
    }
}

#[tokio::test]
async fn only_an_inactive_certificate_goes_and_only_where_it_is_not() {
    let sides = Sides::new(Engine::Sqlite).await;
    for (status, exception) in [
        ("ACTIVE", "CertificateStateException"),
        ("REVOKED", "CertificateStateException"),
    ] {
        sides
            .call(&sides.sender, "UpdateCertificate", json!({"newStatus": status}))
            .await;
        refused(&sides.send().await, 406, exception);
    }
    let none = json!({"certificateId": "ab".repeat(32), "targetAwsAccount": RECEIVER});
    refused(
        &named(&sides.sender, "TransferCertificate", none).await,
        404,
        "ResourceNotFoundException",
    );
    // The receiver has it in the mode SNI_ONLY already; the mode and the CA go along.
    let authority = Authority::new("Maker");
    let ca = authority
        .register_by_name(&sides.sender)
        .await
        .text("certificateId");
    let pem = authority.device("pump");
    let made = named(
        &sides.sender,
        "RegisterCertificate",
        json!({"certificatePem": pem}),
    )
    .await;
    let id = made.text("certificateId");
    let own = json!({"certificateId": id, "targetAwsAccount": "123456789012"});
    refused(
        &named(&sides.sender, "TransferCertificate", own).await,
        400,
        "InvalidRequestException",
    );
    let input = json!({"certificatePem": pem});
    named(&sides.receiver, "RegisterCertificateWithoutCA", input).await;
    let send = json!({"certificateId": id, "targetAwsAccount": RECEIVER});
    let refusal = named(&sides.sender, "TransferCertificate", send.clone()).await;
    refused(&refusal, 409, "TransferConflictException");
    named(&sides.receiver, "DeleteCertificate", json!({"certificateId": id})).await;
    assert_eq!(
        named(&sides.sender, "TransferCertificate", send).await.status,
        200
    );
    named(
        &sides.receiver,
        "AcceptCertificateTransfer",
        json!({"certificateId": id}),
    )
    .await;
    let found = named(
        &sides.receiver,
        "DescribeCertificate",
        json!({"certificateId": id}),
    )
    .await
    .json();
    let found = &found["certificateDescription"];
    assert_eq!(
        (&found["certificateMode"], &found["caCertificateId"]),
        (&json!("SNI_ONLY"), &json!(ca))
    );
}

#[tokio::test]
async fn outgoing_certificates_are_listed_by_age_in_pages() {
    for engine in Engine::available() {
        let sides = Sides::new(engine).await;
        let mut ids = Vec::new();
        for _ in 0..5 {
            sides.server.clock.advance(Duration::from_millis(5));
            let input = json!({"certificateSigningRequest": testdata!("request-p256.csr")});
            let id = named(&sides.sender, "CreateCertificateFromCsr", input)
                .await
                .text("certificateId");
            ids.push(id);
        }
        // Sent in another order than made.
        for id in ids.iter().rev() {
            let send = json!({"certificateId": id, "targetAwsAccount": RECEIVER});
            named(&sides.sender, "TransferCertificate", send).await;
        }
        let list = async |input: Value| {
            let reply = named(&sides.sender, "ListOutgoingCertificates", input)
                .await
                .json();
            let ids: Vec<String> = reply["outgoingCertificates"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["certificateId"].as_str().unwrap().to_owned())
                .collect();
            (ids, reply["nextMarker"].as_str().map(str::to_owned))
        };
        let (first, marker) = list(json!({"pageSize": 3, "ascendingOrder": true})).await;
        assert_eq!(first, ids[..3]);
        let marker = marker.unwrap();
        let (rest, none) = list(json!({"ascendingOrder": true, "marker": marker})).await;
        assert_eq!((rest.as_slice(), none), (&ids[3..], None));
        let forged = named(
            &sides.sender,
            "ListOutgoingCertificates",
            json!({"marker": marker}),
        )
        .await;
        refused(&forged, 400, "InvalidRequestException");
        let mut newest_first = ids.clone();
        newest_first.reverse();
        assert_eq!(list(json!({})).await, (newest_first, None));
        sides.server.stop().await;
    }
}
