//! Operations on event configurations.

mod describe_event_configurations;
mod update_event_configurations;

use serde::{Deserialize, Serialize};

pub use describe_event_configurations::DescribeEventConfigurations;
pub use update_event_configurations::UpdateEventConfigurations;

/// AWS's `Configuration`, whose one member is written with a capital letter.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Configuration {
    #[serde(default)]
    enabled: bool,
}
