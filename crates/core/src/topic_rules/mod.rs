//! Topic rules: what is done with messages on topics besides delivering them.
//!
//! Here they are kept; [`rules`](crate::rules) carries them out.

mod change;
mod create;
mod list;
pub mod rows;
mod settings;

use thingsmith_model::{Arn, Resource, Timestamp};

pub use change::{delete_topic_rule, replace_topic_rule, set_disabled};
pub use create::{NewTopicRule, create_topic_rule};
pub use list::{TopicRuleSummary, list_topic_rules};
pub use settings::{Settings, role_arns};

use crate::realms::RealmRecord;
use crate::{Code, Deeds, Fault};

/// A topic rule.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicRule {
    /// Its number.
    pub number: i64,
    /// Its name; case matters.
    pub name: String,
    /// What it does.
    pub settings: Settings,
    /// The topic filter of its FROM; none when it is for Basic Ingest alone.
    pub filter: Option<String>,
    /// It does nothing at the moment.
    pub disabled: bool,
    /// Another number after every change.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

impl TopicRule {
    /// Its ARN.
    pub fn arn(&self, realm: &RealmRecord) -> Arn {
        realm.arn(resource(&self.name))
    }
}

/// What the ARN of a topic rule ends in.
pub fn resource(name: &str) -> Resource {
    Resource::Other(format!("rule/{name}"))
}

/// The topic rule of this name.
///
/// # Errors
/// `UnauthorizedException` when there is none: AWS does not tell whether it is missing or somebody else's.
pub async fn topic_rule(deeds: &Deeds, realm: &RealmRecord, name: &str) -> Result<TopicRule, Fault> {
    rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| denied(name))
}

/// The words that Terraform's provider and CloudFormation take for "not found".
fn denied(name: &str) -> Fault {
    Fault::new(
        Code::Unauthorized,
        format!("Access to topic rule '{name}' was denied"),
    )
}
