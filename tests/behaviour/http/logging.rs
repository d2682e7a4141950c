//! Logging options.

use serde_json::{Value, json};
use thingsmith_testkit::{ACCOUNT, Engine, TestServer};

use super::named;
use super::query::{done, iam, refused};

const ROLE: &str = "arn:aws:iam::123456789012:role/logs";

#[tokio::test]
async fn logging_options_are_set_and_read() {
    for engine in Engine::available() {
        let only_iot =
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:*","Resource":"*"}}"#;
        let server = TestServer::builder()
            .engine(engine)
            .key("may-not-pass", ACCOUNT, &[only_iot])
            .start()
            .await;
        let admin = server.administrator();
        let with = |operation: &'static str, input: Value| named(&admin, operation, input);
        let trust = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"Service": "iot.amazonaws.com"}}});
        let new = json!({"RoleName": "logs", "AssumeRolePolicyDocument": trust.to_string()});
        done(iam(&admin, "CreateRole", new).await);

        // The first version.
        assert_eq!(done(with("GetLoggingOptions", json!({})).await).json(), json!({}));
        let payload = |role: &str| json!({"loggingOptionsPayload": {"roleArn": role, "logLevel": "INFO"}});
        done(with("SetLoggingOptions", payload(ROLE)).await);
        assert_eq!(
            done(with("GetLoggingOptions", json!({})).await).json(),
            json!({"roleArn": ROLE, "logLevel": "INFO"})
        );
        let absent = ROLE.replace("logs", "none");
        refused(
            &with("SetLoggingOptions", payload(&absent)).await,
            400,
            "InvalidRequestException",
        );
        let stranger = server.client("may-not-pass");
        for (operation, input) in [
            ("SetLoggingOptions", payload(ROLE)),
            ("SetV2LoggingOptions", json!({"roleArn": ROLE})),
        ] {
            refused(
                &named(&stranger, operation, input).await,
                403,
                "AccessDeniedException",
            );
        }

        // The second.
        let level = |kind: &str, name: Option<&str>, level: &str| json!({"logTarget": {"targetType": kind, "targetName": name}, "logLevel": level});
        for (operation, input) in [
            ("GetV2LoggingOptions", json!({})),
            ("ListV2LoggingLevels", json!({})),
            ("SetV2LoggingLevel", level("CLIENT_ID", Some("a"), "INFO")),
        ] {
            refused(&with(operation, input).await, 404, "NotConfiguredException");
        }
        for wrong in [json!({"defaultLogLevel": "INFO"}), json!({"roleArn": absent})] {
            refused(
                &with("SetV2LoggingOptions", wrong).await,
                400,
                "InvalidRequestException",
            );
        }
        let events = json!([{"eventType": "Connect", "logLevel": "DEBUG", "logDestination": "a/b"}]);
        let options = json!({"roleArn": ROLE, "defaultLogLevel": "WARN", "eventConfigurations": events});
        done(with("SetV2LoggingOptions", options).await);
        done(with("SetV2LoggingOptions", json!({"disableAllLogs": true})).await);
        assert_eq!(
            done(with("GetV2LoggingOptions", json!({"verbose": true})).await).json(),
            json!({"roleArn": ROLE, "defaultLogLevel": "WARN", "disableAllLogs": true, "eventConfigurations": events})
        );
        for (kind, name) in [
            ("THING_GROUP", "g"),
            ("CLIENT_ID", "c"),
            ("SOURCE_IP", "10.0.0.1"),
        ] {
            done(with("SetV2LoggingLevel", level(kind, Some(name), "DEBUG")).await);
        }
        done(with("SetV2LoggingLevel", level("DEFAULT", None, "ERROR")).await);
        for (kind, name) in [
            ("DEFAULT", Some("x")),
            ("CLIENT_ID", None),
            ("CLIENT_ID", Some("")),
        ] {
            refused(
                &with("SetV2LoggingLevel", level(kind, name, "INFO")).await,
                400,
                "InvalidRequestException",
            );
        }
        let read = with("GetV2LoggingOptions", json!({})).await.json();
        assert_eq!(read["defaultLogLevel"], "ERROR");
        let page = done(with("ListV2LoggingLevels", json!({"maxResults": 2})).await).json();
        assert_eq!(
            page["logTargetConfigurations"],
            json!([
                {"logTarget": {"targetType": "CLIENT_ID", "targetName": "c"}, "logLevel": "DEBUG"},
                {"logTarget": {"targetType": "DEFAULT"}, "logLevel": "ERROR"},
            ])
        );
        let next = done(with("ListV2LoggingLevels", json!({"nextToken": page["nextToken"]})).await).json();
        assert_eq!(next["logTargetConfigurations"].as_array().unwrap().len(), 2);
        let groups = done(with("ListV2LoggingLevels", json!({"targetType": "THING_GROUP"})).await).json();
        assert_eq!(groups["logTargetConfigurations"].as_array().unwrap().len(), 1);
        let forged = json!({"nextToken": page["nextToken"], "targetType": "THING_GROUP"});
        refused(
            &with("ListV2LoggingLevels", forged).await,
            400,
            "InvalidRequestException",
        );
        let gone = json!({"targetType": "THING_GROUP", "targetName": "g"});
        done(with("DeleteV2LoggingLevel", gone.clone()).await);
        done(with("DeleteV2LoggingLevel", gone).await);
        let groups = done(with("ListV2LoggingLevels", json!({"targetType": "THING_GROUP"})).await).json();
        assert_eq!(groups["logTargetConfigurations"], json!([]));
        refused(
            &with(
                "DeleteV2LoggingLevel",
                json!({"targetType": "DEFAULT", "targetName": "x"}),
            )
            .await,
            400,
            "InvalidRequestException",
        );
        server.stop().await;
    }
}
