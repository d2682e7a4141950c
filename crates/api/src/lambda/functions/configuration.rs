//! What operations answer of a function.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use thingsmith_core::functions::{self, Function, LATEST};
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::{Fault, iso8601};

use super::settings::{EphemeralStorage, TracingConfig};
use crate::Context;

/// AWS's `FunctionConfiguration`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct FunctionConfiguration {
    function_name: String,
    function_arn: String,
    runtime: String,
    role: String,
    handler: String,
    code_size: i64,
    description: String,
    timeout: i64,
    memory_size: i64,
    last_modified: String,
    code_sha256: String,
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<Environment>,
    tracing_config: TracingConfig,
    revision_id: String,
    state: &'static str,
    last_update_status: &'static str,
    package_type: &'static str,
    architectures: Vec<String>,
    ephemeral_storage: EphemeralStorage,
    snap_start: SnapStart,
}

/// AWS's `EnvironmentResponse`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    variables: BTreeMap<String, String>,
}

/// AWS's `SnapStartResponse`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SnapStart {
    apply_on: &'static str,
    optimization_status: &'static str,
}

/// A function as operations answer it. It is made and changed at once, so that whoever waits for it has waited.
///
/// # Errors
/// When its environment was sealed with another key.
pub(super) fn configuration(
    cx: &Context<'_>,
    realm: &RealmRecord,
    function: Function,
    qualified: bool,
) -> Result<FunctionConfiguration, Fault> {
    let variables: BTreeMap<String, String> = functions::environment_of(cx.deeds, &function)?
        .into_iter()
        .map(|(name, value)| (name, value.expose_secret().clone()))
        .collect();
    let arn = function.arn(realm);
    Ok(FunctionConfiguration {
        function_arn: if qualified { format!("{arn}:{LATEST}") } else { arn },
        function_name: function.name,
        runtime: function.runtime,
        role: function.role_arn,
        handler: function.handler,
        code_size: function.code_bytes,
        description: function.description,
        timeout: function.timeout_seconds,
        memory_size: function.memory_mib,
        last_modified: last_modified(function.modified_at),
        code_sha256: STANDARD.encode(function.code_sha256),
        version: LATEST,
        environment: (!variables.is_empty()).then_some(Environment { variables }),
        tracing_config: TracingConfig {
            mode: Some("PassThrough".to_owned()),
        },
        revision_id: function.revision,
        state: "Active",
        last_update_status: "Successful",
        package_type: "Zip",
        architectures: vec![function.architecture],
        ephemeral_storage: EphemeralStorage {
            size: function.storage_mib,
        },
        snap_start: SnapStart {
            apply_on: "None",
            optimization_status: "Off",
        },
    })
}

/// A time as this service writes it: `2026-01-31T12:00:00.123+0000`.
fn last_modified(time: thingsmith_model::Timestamp) -> String {
    let seconds = iso8601(time);
    let millis = time.as_millis().rem_euclid(1000);
    format!("{}.{millis:03}+0000", seconds.trim_end_matches('Z'))
}
