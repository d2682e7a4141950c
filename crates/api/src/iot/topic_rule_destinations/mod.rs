//! Operations on the destinations of topic rules.

mod confirm_topic_rule_destination;
mod create_topic_rule_destination;
mod delete_topic_rule_destination;
mod get_topic_rule_destination;
mod list_topic_rule_destinations;
mod update_topic_rule_destination;

use serde::Serialize;
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::topic_rule_destinations::Destination;

pub use confirm_topic_rule_destination::ConfirmTopicRuleDestination;
pub use create_topic_rule_destination::CreateTopicRuleDestination;
pub use delete_topic_rule_destination::DeleteTopicRuleDestination;
pub use get_topic_rule_destination::GetTopicRuleDestination;
pub use list_topic_rule_destinations::ListTopicRuleDestinations;
pub use update_topic_rule_destination::UpdateTopicRuleDestination;

/// AWS's `TopicRuleDestination`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TopicRuleDestination {
    #[serde(flatten)]
    state: State,
    http_url_properties: HttpUrl,
}

/// What a destination and its summary both have.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct State {
    arn: String,
    status: &'static str,
    created_at: f64,
    last_updated_at: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_reason: Option<String>,
}

/// AWS's `HttpUrlDestinationProperties` and `HttpUrlDestinationSummary`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HttpUrl {
    confirmation_url: String,
}

fn parts(realm: &RealmRecord, destination: Destination) -> (State, HttpUrl) {
    let state = State {
        arn: destination.arn(realm).to_string(),
        status: destination.status.as_str(),
        created_at: destination.created_at.as_seconds_f64(),
        last_updated_at: destination.updated_at.as_seconds_f64(),
        status_reason: destination.status_reason,
    };
    let confirmation_url = destination.confirmation_url;
    (state, HttpUrl { confirmation_url })
}

impl TopicRuleDestination {
    fn new(realm: &RealmRecord, destination: Destination) -> Self {
        let (state, http_url_properties) = parts(realm, destination);
        Self {
            state,
            http_url_properties,
        }
    }
}
