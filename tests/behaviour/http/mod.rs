//! The AWS HTTP edge, through its front door.

mod authority;
mod billing_groups;
mod bounds;
mod bulk;
mod ca_certificates;
mod certificate_providers;
mod certificates;
mod domain_configurations;
mod endpoints;
mod events;
mod exceptions;
mod functions;
mod hostile;
mod iam;
mod iam_limits;
mod identity;
mod iot_data;
mod keys;
mod logging;
mod own;
mod permissions;
mod policies;
mod policy_versions;
mod presigned;
mod principals;
mod provisioning_claims;
mod provisioning_templates;
mod query;
mod realms;
mod register_thing;
mod rights;
mod role_aliases;
mod s3;
mod sts;
mod tags;
mod thing_group_events;
mod thing_groups;
mod thing_types;
mod things;
mod topic_rule_destinations;
mod topic_rules;
mod transfers;

pub(crate) use authority::role;
pub(crate) use query::{client_of, done, iam, sts};

use std::fmt::Display;

use serde_json::Value;
use thingsmith_aws_model::OperationModel;
use thingsmith_testkit::{Client, Reply, iot, samples};

/// The operations of `iot` that are written.
fn written() -> impl Iterator<Item = &'static OperationModel> {
    iot()
        .operations()
        .iter()
        .filter(|operation| !thingsmith_api::iot::MISSING.contains(&operation.name.as_str()))
}

/// What a test saw of each engine, which must be the same.
#[derive(Default)]
struct Seen {
    stories: Vec<String>,
}

impl Seen {
    fn begin(&mut self) {
        self.stories.push(String::new());
    }

    fn note(&mut self, what: &impl Display) {
        let story = self.stories.last_mut().unwrap();
        story.push_str(&format!("{what}\n"));
    }

    fn whole(&self) -> &str {
        for story in &self.stories {
            assert_eq!(story, &self.stories[0]);
        }
        &self.stories[0]
    }
}

/// Calls an operation with an input; [`None`] where HTTP cannot say it.
async fn call(client: &Client, operation: &OperationModel, input: &Value) -> Option<Reply> {
    let said = samples::express(iot(), operation, input)?;
    let headers: Vec<(&str, &str)> = said
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    Some(
        client
            .send(&said.method, &said.target, &headers, said.body.as_bytes())
            .await,
    )
}

/// Calls an operation by its name.
pub(crate) async fn named(client: &Client, name: &str, input: Value) -> Reply {
    let operation = iot().operation(name).unwrap();
    call(client, operation, &input).await.unwrap()
}

/// A certificate or request of `testdata/certificates`.
macro_rules! testdata {
    ($file:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../testdata/certificates/",
            $file
        ))
    };
}
pub(crate) use testdata;
