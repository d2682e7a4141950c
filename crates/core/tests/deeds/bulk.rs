//! Tasks of bulk registration: what they read, and what is to become of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use serde_json::Value;
use tempfile::TempDir;
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::thing_registration_tasks::{
    NewTask, Progress, Task, TaskStatus, describe_task, start_task,
};
use thingsmith_core::{Deeds, objects, things};
use thingsmith_objects_directory::{Directory, Limits};
use thingsmith_ports::{Clock, NewObject, Objects};

use crate::fleet::make_role;
use crate::objects::thing_name;

const BUCKET: &str = "fleet";
const TEMPLATE: &str = r#"{"Parameters": {"Name": {"Type": "String"}}, "Resources": {
    "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "Name"}}}}}"#;

/// Buckets in a folder of their own.
pub(crate) fn buckets(clock: Arc<dyn Clock>) -> (TempDir, Arc<dyn Objects>) {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(folder.path(), Limits::default(), clock).unwrap();
    (folder, Arc::new(directory))
}

/// Starts a task: of things called `0` and so on, of the first once more, and of a line that is none.
pub(crate) async fn start(deeds: &Deeds, buckets: &dyn Objects, realm: &RealmRecord, things: usize) -> Task {
    let owner = objects::owner(realm);
    buckets.create_bucket(&owner, BUCKET).await.unwrap();
    let mut file: String = (0..things)
        .map(|number| format!("{{\"Name\": \"{number}\"}}\n"))
        .collect();
    file.push_str("{\"Name\": \"0\"}\nno JSON\n");
    let bytes = Box::pin(stream::iter([Ok(file.into_bytes().into())]));
    buckets
        .put(&owner, BUCKET, "file", NewObject::default(), bytes)
        .await
        .unwrap();
    let new = NewTask {
        template_body: TEMPLATE.into(),
        bucket: BUCKET.into(),
        key: "file".into(),
        role_arn: make_role(deeds, realm).await,
    };
    start_task(deeds, realm, new).await.unwrap()
}

/// Whether a task has ended.
pub(crate) async fn has_ended(deeds: &Deeds, realm: &RealmRecord, task: &Task) -> bool {
    describe_task(deeds, realm, &task.id)
        .await
        .unwrap()
        .0
        .ended_at
        .is_some()
}

/// Asserts that each line was done once, and that the reports have each once.
pub(crate) async fn assert_done_once(
    deeds: &Deeds,
    buckets: &dyn Objects,
    realm: &RealmRecord,
    (task, things): (&Task, usize),
    case: &str,
) {
    let (ended, progress) = describe_task(deeds, realm, &task.id).await.unwrap();
    let Progress {
        successes, failures, ..
    } = progress;
    assert_eq!(ended.status, TaskStatus::Completed, "{case}: {:?}", ended.message);
    let lines = i64::try_from(things).unwrap() + 1;
    assert_eq!((successes, failures), (lines, 1), "{case}");
    for number in 0..things {
        let name = thing_name(&format!("{number}"));
        let thing = things::rows::find(deeds.store(), realm.realm, &name).await;
        assert_eq!(thing.unwrap().unwrap().version, 1, "{case}: {number}");
    }
    for (report, expected) in [("results", 1..=lines), ("errors", lines + 1..=lines + 1)] {
        let key = format!("{}/{report}-000001.json", task.id);
        let found = numbers(buckets, realm, &key).await;
        assert_eq!(found.len(), expected.clone().count(), "{case}: {report}");
        let found: BTreeSet<i64> = found.into_iter().collect();
        assert_eq!(found, expected.collect(), "{case}: {report}");
    }
}

/// The numbers of the lines of a report.
async fn numbers(buckets: &dyn Objects, realm: &RealmRecord, key: &str) -> Vec<i64> {
    let (owner, bucket) = (objects::owner(realm), objects::reports_bucket(realm));
    let found = buckets.get(&owner, &bucket, key, 0..u64::MAX).await;
    let (_, mut bytes) = found.unwrap();
    let mut text = Vec::new();
    while let Some(piece) = bytes.next().await {
        text.extend_from_slice(&piece.unwrap());
    }
    let read = |line: &str| {
        serde_json::from_str::<Value>(line).unwrap()["lineNumber"]
            .as_i64()
            .unwrap()
    };
    String::from_utf8(text).unwrap().lines().map(read).collect()
}
