//! Destinations of topic rules, and how they are confirmed.

use std::net::SocketAddr;

use serde_json::{Value, json};
use thingsmith_testkit::{Client, Engine, TestServer, raw};

use super::named;
use super::query::{done, refused};
use crate::receiver::{Received, Receiver};

async fn create(client: &Client, url: &str) -> thingsmith_testkit::Reply {
    let configuration = json!({"httpUrlConfiguration": {"confirmationUrl": url}});
    named(
        client,
        "CreateTopicRuleDestination",
        json!({"destinationConfiguration": configuration}),
    )
    .await
}

async fn status(client: &Client, arn: &Value) -> Value {
    let read = done(named(client, "GetTopicRuleDestination", json!({"arn": arn})).await);
    read.json()["topicRuleDestination"]["status"].clone()
}

/// Waits until a destination has this status.
async fn until(client: &Client, arn: &Value, wanted: &str) {
    for _ in 0..5_000 {
        if status(client, arn).await == wanted {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    panic!("it is {}, not {wanted}", status(client, arn).await);
}

fn token(confirmation: &Received) -> String {
    confirmation.json()["confirmationToken"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn visit(address: SocketAddr, token: &str) -> u16 {
    let request =
        format!("GET /confirmdestination/{token} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    raw(address, request.as_bytes()).await.status
}

#[tokio::test]
async fn a_destination_is_confirmed_by_whoever_receives_its_token() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let mut receiver = Receiver::start().await;
        let url = receiver.url("/confirm");
        let made = done(create(&admin, &url).await).json();
        let made = &made["topicRuleDestination"];
        let arn = made["arn"].clone();
        assert!(
            arn.as_str()
                .unwrap()
                .starts_with("arn:aws:iot:us-east-1:123456789012:ruledestination/http/")
        );
        assert_eq!(
            (&made["status"], &made["httpUrlProperties"]["confirmationUrl"]),
            (&json!("IN_PROGRESS"), &json!(url))
        );
        let sent = receiver.next().await;
        let token = token(&sent);
        assert_eq!(
            (sent.method.as_str(), sent.target.as_str()),
            ("POST", format!("/confirm/?confirmationToken={token}").as_str())
        );
        assert_eq!(
            sent.header("x-amz-rules-engine-message-type"),
            Some("DestinationConfirmation")
        );
        assert_eq!(sent.header("x-amz-rules-engine-destination-arn"), arn.as_str());
        let enable_url = format!("http://{}/confirmdestination/{token}", server.address);
        assert_eq!(
            sent.json(),
            json!({"arn": arn, "confirmationToken": token, "enableUrl": enable_url,
                "messageType": "DestinationConfirmation"})
        );
        let update = |status: &str| {
            let input = json!({"arn": arn, "status": status});
            named(&admin, "UpdateTopicRuleDestination", input)
        };
        refused(&update("ENABLED").await, 400, "InvalidRequestException");
        for wrong in ["ERROR", "DELETING"] {
            refused(&update(wrong).await, 400, "InvalidRequestException");
        }
        // Another token takes the place of the first.
        done(update("IN_PROGRESS").await);
        let second = self::token(&receiver.next().await);
        assert_eq!(visit(server.address, &token).await, 400);
        let elsewhere = admin.clone().region("eu-west-1");
        for (client, token) in [(&admin, &token), (&elsewhere, &second)] {
            refused(
                &named(
                    client,
                    "ConfirmTopicRuleDestination",
                    json!({"confirmationToken": token}),
                )
                .await,
                400,
                "InvalidRequestException",
            );
        }
        assert_eq!(status(&admin, &arn).await, "IN_PROGRESS");
        // The link needs no key, and the token is used up with it.
        assert_eq!(visit(server.address, &second).await, 200);
        assert_eq!(status(&admin, &arn).await, "ENABLED");
        assert_eq!(visit(server.address, &second).await, 400);

        done(update("DISABLED").await);
        assert_eq!(status(&admin, &arn).await, "DISABLED");
        done(update("ENABLED").await);
        done(update("IN_PROGRESS").await);
        let third = self::token(&receiver.next().await);
        done(
            named(
                &admin,
                "ConfirmTopicRuleDestination",
                json!({"confirmationToken": third}),
            )
            .await,
        );
        assert_eq!(status(&admin, &arn).await, "ENABLED");

        let taken = create(&admin, &url).await;
        refused(&taken, 409, "ResourceAlreadyExistsException");
        assert_eq!(json!(taken.text("resourceArn")), arn);
        done(create(&admin, &receiver.url("/other")).await);
        let page = done(named(&admin, "ListTopicRuleDestinations", json!({"maxResults": 1})).await).json();
        let summaries = page["destinationSummaries"].as_array().unwrap();
        assert_eq!(
            (
                &summaries[0]["arn"],
                &summaries[0]["httpUrlSummary"]["confirmationUrl"]
            ),
            (&arn, &json!(url))
        );
        let next = json!({"nextToken": page["nextToken"]});
        let page = done(named(&admin, "ListTopicRuleDestinations", next).await).json();
        assert_eq!(page["destinationSummaries"].as_array().unwrap().len(), 1);
        let forged = json!({"nextToken": "none"});
        refused(
            &named(&admin, "ListTopicRuleDestinations", forged).await,
            400,
            "InvalidRequestException",
        );

        done(named(&admin, "DeleteTopicRuleDestination", json!({"arn": arn})).await);
        for operation in ["GetTopicRuleDestination", "DeleteTopicRuleDestination"] {
            let reply = named(&admin, operation, json!({"arn": arn})).await;
            refused(&reply, 401, "UnauthorizedException");
        }
        refused(&update("DISABLED").await, 401, "UnauthorizedException");
        for wrong in ["none", "arn:aws:iot:us-east-1:123456789012:rule/a"] {
            let reply = named(&admin, "GetTopicRuleDestination", json!({"arn": wrong})).await;
            refused(&reply, 401, "UnauthorizedException");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_sent_is_an_error_of_the_destination() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let mut receiver = Receiver::start().await;
    receiver.answer(|_| 403);
    let made = done(create(&admin, &receiver.url("/")).await).json();
    let arn = made["topicRuleDestination"]["arn"].clone();
    receiver.next().await;
    until(&admin, &arn, "ERROR").await;
    let read = done(named(&admin, "GetTopicRuleDestination", json!({"arn": arn})).await).json();
    let reason = read["topicRuleDestination"]["statusReason"].as_str().unwrap();
    assert!(reason.contains("403"), "{reason}");
    receiver.answer(|_| 200);
    let update = json!({"arn": arn, "status": "IN_PROGRESS"});
    done(named(&admin, "UpdateTopicRuleDestination", update).await);
    let token = token(&receiver.next().await);
    assert_eq!(visit(server.address, &token).await, 200);
    until(&admin, &arn, "ENABLED").await;
    for wrong in [
        "not a url",
        "https://",
        "ftp://a.example",
        "https://user@a.example/",
        "https://a.example/ b",
    ] {
        refused(&create(&admin, wrong).await, 400, "InvalidRequestException");
    }
    let none = json!({"destinationConfiguration": {}});
    refused(
        &named(&admin, "CreateTopicRuleDestination", none).await,
        400,
        "InvalidRequestException",
    );
    let vpc = json!({"destinationConfiguration": {"vpcConfiguration": {"subnetIds": ["a"], "vpcId": "b",
        "roleArn": "arn:aws:iam::123456789012:role/a"}}});
    refused(
        &named(&admin, "CreateTopicRuleDestination", vpc).await,
        501,
        "NotImplementedException",
    );
    for wrong in ["", "x", "zz-00", "-", &"1-".repeat(900)] {
        assert_ne!(visit(server.address, wrong).await, 200, "{wrong}");
    }
    server.stop().await;
}
