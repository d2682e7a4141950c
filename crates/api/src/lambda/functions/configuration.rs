//! What operations answer of a function.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use thingsmith_core::Fault;
use thingsmith_core::functions::{self, Function, LATEST};
use thingsmith_core::realms::RealmRecord;

use super::settings::{EphemeralStorage, TracingConfig};
use crate::Context;
use crate::lambda::written;

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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    layers: Vec<Layer>,
    snap_start: SnapStart,
}

/// AWS's `Layer`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Layer {
    arn: String,
    code_size: i64,
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
    let layers = function.layers.iter().map(|layer| Layer {
        arn: layer.arn(realm),
        code_size: layer.code_bytes,
    });
    let layers = layers.collect();
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
        last_modified: written(function.modified_at),
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
        layers,
        snap_start: SnapStart {
            apply_on: "None",
            optimization_status: "Off",
        },
    })
}
