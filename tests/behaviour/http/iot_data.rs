//! Messages over HTTP: the service `iotdata`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use thingsmith_core::messages::{Deliveries, QueueLimits, Subscriber};
use thingsmith_mqtt::{Qos, SubscriptionOptions, TopicFilter, TopicLimits};
use thingsmith_testkit::{ACCOUNT, Client, Engine, REGION, Reply, TestServer};

use super::Seen;

const OTHER: &str = "210987654321";
const ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// Somebody who subscribes to everything in the realm of test servers.
async fn listener(server: &TestServer) -> (Subscriber, Deliveries) {
    let realm = server
        .deeds
        .realm(&ACCOUNT.parse().unwrap(), &REGION.parse().unwrap())
        .await
        .unwrap();
    let limits = QueueLimits {
        messages: 8,
        bytes: 1_000_000,
    };
    let (subscriber, queue) = server.deeds.router().subscriber(limits);
    let filter = TopicFilter::parse("#", &TopicLimits::default()).unwrap();
    let options = SubscriptionOptions::default();
    server
        .deeds
        .router()
        .subscribe(realm.realm, &subscriber, &filter, Qos::AtLeastOnce, options);
    (subscriber, queue)
}

async fn publish(client: &Client, target: &str, body: &[u8]) -> Reply {
    client.send("POST", target, &[], body).await
}

fn refused(reply: &Reply, status: u16, exception: &str) {
    assert_eq!((reply.status, reply.exception()), (status, exception), "{reply}");
}

#[tokio::test]
async fn a_message_reaches_its_subscribers_with_all_that_it_says() {
    let server = TestServer::start().await;
    let data = server.administrator().service("iotdata");
    let (_subscriber, mut queue) = listener(&server).await;
    for (target, qos) in [
        ("/topics/a%2Fb%20c", Qos::AtMostOnce),
        ("/topics/a/b%20c?qos=0", Qos::AtMostOnce),
        ("/topics/a%2Fb%20c?qos=1", Qos::AtLeastOnce),
    ] {
        let reply = publish(&data, target, b"\0\xff bytes").await;
        assert_eq!(reply.status, 200, "{reply}");
        assert_eq!(reply.text("message"), "OK");
        assert_eq!(reply.text("traceId").len(), 36);
        let delivery = queue.try_next().unwrap();
        assert_eq!(delivery.message.topic.as_str(), "a/b c");
        assert_eq!(&delivery.message.payload[..], b"\0\xff bytes");
        assert_eq!((delivery.qos, &delivery.message.properties), (qos, &None));
    }
    let user = STANDARD.encode(r#"[{"deviceName":"alpha"},{"deviceName":"beta"}]"#);
    let headers = [
        ("x-amz-mqtt5-user-properties", user.as_str()),
        ("x-amz-mqtt5-payload-format-indicator", "UTF8_DATA"),
        ("x-amz-mqtt5-correlation-data", "AAE="),
    ];
    let target = "/topics/a?contentType=text%2Fplain&responseTopic=re%2Fply&messageExpiry=700000";
    let reply = data.send("POST", target, &headers, b"").await;
    assert_eq!(reply.status, 200, "{reply}");
    let message = queue.try_next().unwrap().message;
    assert!(message.payload.is_empty());
    let properties = message.properties.unwrap();
    assert!(properties.payload_is_utf8);
    assert_eq!(properties.message_expiry_seconds, Some(604_800));
    assert_eq!(properties.content_type.as_deref(), Some("text/plain"));
    assert_eq!(properties.response_topic.as_ref().unwrap().as_str(), "re/ply");
    assert_eq!(properties.correlation_data.as_deref(), Some(&b"\0\x01"[..]));
    let pairs = [("deviceName", "alpha"), ("deviceName", "beta")];
    assert_eq!(
        properties.user_properties,
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_goes_nowhere() {
    let server = TestServer::start().await;
    let data = server.administrator().service("iotdata");
    let (_subscriber, mut queue) = listener(&server).await;
    for target in [
        "/topics/a%2B",
        "/topics/a%2F%23",
        "/topics/%24aws%2Fthings",
        "/topics/1/2/3/4/5/6/7/8/9",
        "/topics/a%00",
        "/topics/a?qos=2",
        "/topics/a?qos=-1",
        "/topics/a?responseTopic=%23",
        "/topics/a?contentType=a%00b",
        "/topics/a?messageExpiry=-1",
    ] {
        refused(
            &publish(&data, target, b"x").await,
            400,
            "InvalidRequestException",
        );
    }
    for target in [
        "/topics/a?qos=one",
        "/topics/a?retain=TRUE",
        "/topics/a?messageExpiry=soon",
    ] {
        refused(&publish(&data, target, b"x").await, 400, "SerializationException");
    }
    let reply = data.call("GET", "/retainedMessage/a%00").await;
    refused(&reply, 400, "InvalidRequestException");
    let long = "x".repeat(257);
    let reply = publish(&data, &format!("/topics/a?contentType={long}"), b"").await;
    refused(&reply, 400, "InvalidRequestException");
    for (name, value) in [
        ("x-amz-mqtt5-user-properties", "[]"),
        ("x-amz-mqtt5-user-properties", "e30="),
        ("x-amz-mqtt5-payload-format-indicator", "TEXT"),
        ("x-amz-mqtt5-correlation-data", "no base64"),
    ] {
        let reply = data.send("POST", "/topics/a", &[(name, value)], b"x").await;
        refused(&reply, 400, "InvalidRequestException");
    }
    let largest = vec![b'x'; 128 * 1024 + 1];
    refused(
        &publish(&data, "/topics/a", &largest).await,
        400,
        "InvalidRequestException",
    );
    refused(
        &publish(&data, "/topics/", b"x").await,
        404,
        "UnknownOperationException",
    );
    assert!(queue.try_next().is_none());
    assert_eq!(publish(&data, "/topics/a", &largest[1..]).await.status, 200);
    assert_eq!(queue.try_next().unwrap().message.payload.len(), 128 * 1024);
}

#[tokio::test]
async fn retained_messages_are_found_and_listed_by_topic() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let data = server.administrator().service("iotdata");
        let user = STANDARD.encode(r#"[{"b":"1"},{"a":"2"}]"#);
        let headers = [("x-amz-mqtt5-user-properties", user.as_str())];
        for (topic, qos, body, headers) in [
            ("plant%2F1", 1, &b"one"[..], &headers[..]),
            ("Plant", 0, b"\xff\0", &[]),
            ("plant", 0, b"zero", &[]),
            ("gone", 1, b"gone", &[]),
            ("gone", 1, b"", &[]),
            ("never", 1, b"", &[]),
        ] {
            let target = format!("/topics/{topic}?qos={qos}&retain=true");
            let reply = data.send("POST", &target, headers, body).await;
            assert_eq!(reply.status, 200, "{reply}");
        }
        assert_eq!(publish(&data, "/topics/not-retained", b"x").await.status, 200);
        for topic in ["plant%2F1", "plant/1", "Plant"] {
            seen.note(&data.call("GET", &format!("/retainedMessage/{topic}")).await);
        }
        for topic in ["gone", "never", "not-retained", "PLANT"] {
            let reply = data.call("GET", &format!("/retainedMessage/{topic}")).await;
            refused(&reply, 404, "ResourceNotFoundException");
        }
        let list = data.call("GET", "/retainedMessage").await;
        seen.note(&list);
        let first = data.call("GET", "/retainedMessage?maxResults=2").await.json();
        assert_eq!(first["retainedTopics"].as_array().unwrap().len(), 2);
        let token = first["nextToken"].as_str().unwrap();
        let encoded = token.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let second = data
            .call("GET", &format!("/retainedMessage?nextToken={encoded}"))
            .await
            .json();
        assert_eq!(
            second["retainedTopics"],
            json!([list.json()["retainedTopics"][2]])
        );
        assert_eq!(second.get("nextToken"), None);
        for query in ["maxResults=0", "maxResults=201", "nextToken=forged"] {
            let reply = data.call("GET", &format!("/retainedMessage?{query}")).await;
            refused(&reply, 400, "InvalidRequestException");
        }
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    200
    {
      "topic": "plant/1",
      "payload": "b25l",
      "qos": 1,
      "lastModifiedTime": 1795291200123,
      "userProperties": "W3siYiI6IjEifSx7ImEiOiIyIn1d"
    }
    200
    {
      "topic": "plant/1",
      "payload": "b25l",
      "qos": 1,
      "lastModifiedTime": 1795291200123,
      "userProperties": "W3siYiI6IjEifSx7ImEiOiIyIn1d"
    }
    200
    {
      "topic": "Plant",
      "payload": "/wA=",
      "qos": 0,
      "lastModifiedTime": 1795291200123
    }
    200
    {
      "retainedTopics": [
        {
          "topic": "Plant",
          "payloadSize": 2,
          "qos": 0,
          "lastModifiedTime": 1795291200123
        },
        {
          "topic": "plant",
          "payloadSize": 4,
          "qos": 0,
          "lastModifiedTime": 1795291200123
        },
        {
          "topic": "plant/1",
          "payloadSize": 3,
          "qos": 1,
          "lastModifiedTime": 1795291200123
        }
      ]
    }
    "#);
}

fn policy(effect: &str, action: &str, resource: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": action, "Resource": resource}})
        .to_string()
}

#[tokio::test]
async fn an_operation_needs_its_own_action_on_its_own_topic() {
    let topic = "arn:aws:iot:us-east-1:123456789012:topic/a/b";
    let other = "arn:aws:iot:us-east-1:123456789012:topic/a";
    let operations = [
        ("iot:Publish", "POST", "/topics/a%2Fb", topic),
        ("iot:GetRetainedMessage", "GET", "/retainedMessage/a%2Fb", topic),
        ("iot:ListRetainedMessages", "GET", "/retainedMessage", "*"),
    ];
    let publish_only = policy("Allow", "iot:Publish", topic);
    let retain_only = policy("Allow", "iot:RetainPublish", topic);
    let mut builder = TestServer::builder()
        .key("nothing", ACCOUNT, &[])
        .key("publish-only", ACCOUNT, &[&publish_only])
        .key("retain-only", ACCOUNT, &[&retain_only])
        .key("both", ACCOUNT, &[&publish_only, &retain_only]);
    for (action, _, _, resource) in operations {
        builder = builder
            .key(
                &format!("only-{action}"),
                ACCOUNT,
                &[&policy("Allow", action, resource)],
            )
            .key(
                &format!("elsewhere-{action}"),
                ACCOUNT,
                &[&policy("Allow", action, other)],
            )
            .key(
                &format!("denied-{action}"),
                ACCOUNT,
                &[ALL, &policy("Deny", action, resource)],
            );
    }
    let server = builder.start().await;
    let client = |key: &str| server.client(key).service("iotdata");
    for (action, method, target, resource) in operations {
        for key in [
            "nothing",
            &format!("elsewhere-{action}"),
            &format!("denied-{action}"),
        ] {
            let reply = client(key).call(method, target).await;
            refused(&reply, 403, "AccessDeniedException");
            let part = format!("is not authorized to perform: {action} on resource: {resource} ");
            assert!(reply.message().contains(&part), "{}", reply.message());
        }
        let reply = client(&format!("only-{action}")).call(method, target).await;
        assert_ne!(reply.status, 403, "{reply}");
    }
    let retain = "/topics/a%2Fb?retain=true";
    for (key, missing) in [
        ("publish-only", "iot:RetainPublish"),
        ("retain-only", "iot:Publish"),
    ] {
        let reply = publish(&client(key), retain, b"x").await;
        refused(&reply, 403, "AccessDeniedException");
        assert!(
            reply.message().contains(&format!("perform: {missing} on")),
            "{reply}"
        );
    }
    assert_eq!(publish(&client("both"), retain, b"x").await.status, 200);
    assert_eq!(
        publish(&client("publish-only"), "/topics/a%2Fb?retain=false", b"x")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn no_message_crosses_into_another_account_or_region() {
    for engine in Engine::available() {
        let server = TestServer::builder()
            .engine(engine)
            .key("other", OTHER, &[ALL])
            .start()
            .await;
        let ours = server.administrator().service("iotdata");
        let (_subscriber, mut queue) = listener(&server).await;
        assert_eq!(
            publish(&ours, "/topics/a?retain=true&qos=1", b"ours")
                .await
                .status,
            200
        );
        assert_eq!(&queue.try_next().unwrap().message.payload[..], b"ours");
        for stranger in [
            server.client("other").service("iotdata"),
            ours.clone().region("eu-west-1"),
        ] {
            let reply = stranger.call("GET", "/retainedMessage/a").await;
            refused(&reply, 404, "ResourceNotFoundException");
            let list = stranger.call("GET", "/retainedMessage").await.json();
            assert_eq!(list["retainedTopics"], json!([]));
            for body in [&b"theirs"[..], b""] {
                assert_eq!(
                    publish(&stranger, "/topics/a?retain=true", body).await.status,
                    200
                );
            }
            assert!(queue.try_next().is_none());
        }
        let reply = ours.call("GET", "/retainedMessage/a").await.json();
        assert_eq!(reply["payload"], Value::from(STANDARD.encode("ours")));
        server.stop().await;
    }
}

#[tokio::test]
async fn a_reset_forgets_what_was_retained() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).dev().start().await;
        let data = server.administrator().service("iotdata");
        assert_eq!(publish(&data, "/topics/a?retain=true", b"x").await.status, 200);
        thingsmith_core::reset::reset(&server.deeds).await.unwrap();
        let list = data.call("GET", "/retainedMessage").await.json();
        assert_eq!(list["retainedTopics"], json!([]));
        assert_eq!(publish(&data, "/topics/a?retain=true", b"x").await.status, 200);
        server.stop().await;
    }
}
