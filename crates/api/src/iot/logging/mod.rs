//! Operations on logging options.

mod delete_v2_logging_level;
mod get_logging_options;
mod get_v2_logging_options;
mod list_v2_logging_levels;
mod set_logging_options;
mod set_v2_logging_level;
mod set_v2_logging_options;

use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::logging::{DEFAULT, Target};

pub use delete_v2_logging_level::DeleteV2LoggingLevel;
pub use get_logging_options::GetLoggingOptions;
pub use get_v2_logging_options::GetV2LoggingOptions;
pub use list_v2_logging_levels::ListV2LoggingLevels;
pub use set_logging_options::SetLoggingOptions;
pub use set_v2_logging_level::SetV2LoggingLevel;
pub use set_v2_logging_options::SetV2LoggingOptions;

/// The service that writes logs with the role that it is given.
const IOT: &str = "iot.amazonaws.com";

/// AWS's `LogTarget`.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogTarget {
    target_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_name: Option<String>,
}

/// AWS's `LogEventConfiguration`.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogEventConfiguration {
    event_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_level: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_destination: Option<String>,
}

/// Most characters of a target's name: the model says none, and a thing group's name, the longest there is, has 128.
const MOST_CHARACTERS: usize = 1024;

impl LogTarget {
    fn checked(self) -> Result<Target, Fault> {
        let name = self.target_name.unwrap_or_default();
        if name.is_empty() != (self.target_type == DEFAULT) {
            return Err(Fault::invalid(format!(
                "targetName {name:?} does not go with the targetType {}: DEFAULT has no name, every other type has one.",
                self.target_type
            )));
        }
        if name.chars().count() > MOST_CHARACTERS {
            return Err(Fault::invalid(format!(
                "targetName has more than {MOST_CHARACTERS} characters."
            )));
        }
        Ok(Target {
            kind: self.target_type,
            name,
        })
    }
}

impl From<Target> for LogTarget {
    fn from(target: Target) -> Self {
        Self {
            target_type: target.kind,
            target_name: (!target.name.is_empty()).then_some(target.name),
        }
    }
}
