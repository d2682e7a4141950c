//! Things over HTTP.

use serde_json::json;
use thingsmith_testkit::TestServer;

#[tokio::test]
async fn a_thing_is_made_read_changed_and_deleted() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let attributes = json!({"attributePayload": {"attributes": {"site": "north", "line": "4"}}});
    insta::assert_snapshot!(admin.call_with("POST", "/things/pump:1", attributes.clone()).await, @"");
    insta::assert_snapshot!(admin.call("GET", "/things/pump:1").await, @"");
    insta::assert_snapshot!(admin.call_with("POST", "/things/pump:1", json!({})).await, @"");
}
