//! Where devices find the server.

use serde_json::json;
use thingsmith_testkit::TestServer;

use super::named;

#[tokio::test]
async fn the_default_realm_has_the_servers_name_and_others_their_own() {
    let server = TestServer::builder()
        .config(|config| config.domain = "iot.example".into())
        .start()
        .await;
    let admin = server.administrator();
    let abroad = admin.clone().region("eu-west-1");
    let ats = || json!({"endpointType": "iot:Data-ATS"});
    insta::assert_snapshot!(named(&admin, "DescribeEndpoint", ats()).await, @r#"
    200
    {
      "endpointAddress": "iot.example"
    }
    "#);
    assert_eq!(
        named(&admin, "DescribeEndpoint", json!({}))
            .await
            .text("endpointAddress"),
        "iot.example"
    );
    let name = named(&abroad, "DescribeEndpoint", ats())
        .await
        .text("endpointAddress");
    let prefix = name.strip_suffix("-ats.iot.eu-west-1.iot.example").unwrap();
    assert_eq!(prefix.len(), 14);
    assert_eq!(
        named(&abroad, "DescribeEndpoint", ats())
            .await
            .text("endpointAddress"),
        name
    );
    let old = named(&abroad, "DescribeEndpoint", json!({}))
        .await
        .text("endpointAddress");
    assert_eq!(old, format!("{prefix}.iot.eu-west-1.iot.example"));
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_not_named() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    insta::assert_snapshot!(named(&admin, "DescribeEndpoint", json!({"endpointType": "iot:Jobs"})).await, @r#"
    501 NotImplementedException
    {
      "message": "The endpointType iot:Jobs is not implemented."
    }
    "#);
    insta::assert_snapshot!(named(&admin, "DescribeEndpoint", json!({"endpointType": "data"})).await, @r#"
    400 InvalidRequestException
    {
      "message": "endpointType must be one of iot:Data, iot:Data-ATS, iot:CredentialProvider, iot:Jobs and iot:DeviceAdvisor."
    }
    "#);
}
