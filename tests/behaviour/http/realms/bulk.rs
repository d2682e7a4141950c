//! Tasks of bulk registration.

use serde_json::{Value, json};

use super::Side;

fn new(side: &Side) -> Value {
    let template = json!({"Resources": {"thing": {"Type": "AWS::IoT::Thing",
        "Properties": {"ThingName": "theirs"}}}});
    json!({
        "templateBody": template.to_string(),
        "inputFileBucket": "none",
        "inputFileKey": "none",
        "roleArn": format!("arn:aws:iam::{}:role/provisioning", side.account),
    })
}

/// Everything of it that `side` has, as it reads it itself.
pub(super) async fn inventory(side: &mut Side) -> Vec<String> {
    let listed = side.expect("ListThingRegistrationTasks", json!({}), 200).await;
    vec![listed.to_string()]
}

/// Tries every operation; tasks of another realm are tried in `bulk`, where there are files.
pub(super) async fn trespass(ours: &mut Side, theirs: &Side) {
    let listed = ours.expect("ListThingRegistrationTasks", json!({}), 200).await;
    assert_eq!(listed.json(), json!({"taskIds": []}));
    for operation in ["DescribeThingRegistrationTask", "StopThingRegistrationTask"] {
        ours.expect(operation, json!({"taskId": "none"}), 404).await;
    }
    let reports = json!({"taskId": "none", "reportType": "RESULTS"});
    ours.expect("ListThingRegistrationTaskReports", reports, 400)
        .await;
    // Their role is not ours to hand over.
    ours.expect("StartThingRegistrationTask", new(theirs), 400).await;
}
