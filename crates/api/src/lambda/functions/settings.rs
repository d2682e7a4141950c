//! Members that several operations have, and those of them that ask for what there is not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thingsmith_core::functions;
use thingsmith_model::Secret;

/// AWS's `Environment`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Environment {
    variables: Option<BTreeMap<String, String>>,
}

impl Environment {
    pub(super) fn into_variables(self) -> functions::Environment {
        let variables = self.variables.unwrap_or_default().into_iter();
        variables
            .map(|(name, value)| (name, Secret::new(value)))
            .collect()
    }
}

/// AWS's `EphemeralStorage`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EphemeralStorage {
    pub(super) size: i64,
}

/// AWS's `TracingConfig`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TracingConfig {
    pub(super) mode: Option<String>,
}

/// AWS's `SnapStart`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SnapStart {
    apply_on: Option<String>,
}

/// AWS's `LoggingConfig`. Logs of functions go to the server's log.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LoggingConfig {
    log_format: Option<String>,
    application_log_level: Option<String>,
    system_log_level: Option<String>,
    log_group: Option<String>,
}

/// The settings of functions that only say what is so anyway, or else ask for what there is not.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Unanswered {
    vpc_config: Option<Value>,
    dead_letter_config: Option<Value>,
    #[serde(rename = "KMSKeyArn")]
    kms_key_arn: Option<String>,
    tracing_config: Option<TracingConfig>,
    file_system_configs: Option<Value>,
    image_config: Option<Value>,
    snap_start: Option<SnapStart>,
    logging_config: Option<LoggingConfig>,
    capacity_provider_config: Option<Value>,
    durable_config: Option<Value>,
    runtime_config: Option<Value>,
    accelerator_config: Option<Value>,
}

impl Unanswered {
    /// The first member that asks for what there is not.
    pub(super) fn first(&self) -> Option<&'static str> {
        let other = |given: Option<&str>, usual: &str| given.is_some_and(|given| given != usual);
        let tracing = self.tracing_config.as_ref().and_then(|it| it.mode.as_deref());
        let snap = self.snap_start.as_ref().and_then(|it| it.apply_on.as_deref());
        let logs = self.logging_config.as_ref().is_some_and(|it| {
            other(it.log_format.as_deref(), "Text")
                || it.application_log_level.is_some()
                || it.system_log_level.is_some()
                || it.log_group.is_some()
        });
        let members = [
            ("VpcConfig", asks(self.vpc_config.as_ref())),
            ("DeadLetterConfig", asks(self.dead_letter_config.as_ref())),
            ("KMSKeyArn", other(self.kms_key_arn.as_deref(), "")),
            ("TracingConfig", other(tracing, "PassThrough")),
            ("FileSystemConfigs", asks(self.file_system_configs.as_ref())),
            ("ImageConfig", asks(self.image_config.as_ref())),
            ("SnapStart", other(snap, "None")),
            ("LoggingConfig", logs),
            (
                "CapacityProviderConfig",
                asks(self.capacity_provider_config.as_ref()),
            ),
            ("DurableConfig", asks(self.durable_config.as_ref())),
            ("RuntimeConfig", asks(self.runtime_config.as_ref())),
            ("AcceleratorConfig", asks(self.accelerator_config.as_ref())),
        ];
        first(&members)
    }
}

/// The name of the first member that asks for something.
pub(in crate::lambda) fn first(members: &[(&'static str, bool)]) -> Option<&'static str> {
    let mut asking = members.iter().filter(|(_, asks)| *asks);
    asking.next().map(|(name, _)| *name)
}

/// Whether a setting asks for anything: deployment tools write empty lists and texts where they want nothing.
pub(in crate::lambda) fn asks(setting: Option<&Value>) -> bool {
    match setting {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Bool(true) | Value::Number(_)) => true,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => items.iter().any(|item| asks(Some(item))),
        Some(Value::Object(members)) => members.values().any(|member| asks(Some(member))),
    }
}
