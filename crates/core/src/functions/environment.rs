//! Environment variables of functions. Their values may be secrets, so that they are sealed in the store.

use std::collections::BTreeMap;

use thingsmith_model::Secret;
use zeroize::Zeroizing;

use super::Function;
use crate::{Deeds, Fault, SealKey};

/// The environment variables of a function.
pub type Environment = BTreeMap<String, Secret<String>>;

/// Most bytes of all names and values together (Lambda quotas, "Environment variables").
const MOST_BYTES: usize = 4096;

/// What a function may not set, since the runtime sets it (Lambda guide, "Defined runtime environment variables").
const RESERVED: [&str; 18] = [
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
];

/// The environment variables of a function.
///
/// # Errors
/// When they were sealed with another seal key.
pub fn environment_of(deeds: &Deeds, function: &Function) -> Result<Environment, Fault> {
    let Some(sealed) = &function.sealed_environment else {
        return Ok(Environment::new());
    };
    let name = seal_name(function.number);
    let content = deeds.world().seal.open(&name, sealed).map_err(Fault::internal)?;
    let variables: BTreeMap<String, String> = serde_json::from_slice(&content).map_err(Fault::internal)?;
    Ok(variables
        .into_iter()
        .map(|(name, value)| (name, Secret::new(value)))
        .collect())
}

/// Seals the environment variables of the function with a number.
///
/// # Errors
/// `InvalidRequestException` for variables that the runtime sets, and for too many bytes.
pub(super) fn seal(seal: &SealKey, number: i64, environment: &Environment) -> Result<Option<Vec<u8>>, Fault> {
    let reserved: Vec<&str> = environment
        .keys()
        .map(String::as_str)
        .filter(|name| RESERVED.contains(name))
        .collect();
    if !reserved.is_empty() {
        return Err(Fault::invalid(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have \
             provided contains reserved keys that are currently not supported for modification. Reserved keys used in \
             this request: {}",
            reserved.join(", ")
        )));
    }
    let bytes: usize = environment
        .iter()
        .map(|(name, value)| name.len() + value.expose_secret().len())
        .sum();
    if bytes > MOST_BYTES {
        return Err(Fault::invalid(format!(
            "Environment has {bytes} bytes of names and values; {MOST_BYTES} are allowed."
        )));
    }
    if let Some((name, _)) = environment
        .iter()
        .find(|(name, value)| name.contains(['=', '\0']) || value.expose_secret().contains('\0'))
    {
        return Err(Fault::invalid(format!(
            "The environment variable {name} holds what no environment variable can hold."
        )));
    }
    if environment.is_empty() {
        return Ok(None);
    }
    let plain: BTreeMap<&str, &str> = environment
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose_secret().as_str()))
        .collect();
    let content = Zeroizing::new(serde_json::to_vec(&plain).map_err(Fault::internal)?);
    seal.seal(&seal_name(number), &content)
        .map(Some)
        .map_err(Fault::internal)
}

fn seal_name(number: i64) -> String {
    format!("environment of function {number}")
}
