//! What a worker's runtime reads of its environment, and what comes with each event.

use std::path::Path;
use std::time::Duration;

use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use thingsmith_model::Secret;
use thingsmith_ports::{Call, FunctionCredentials};

use super::Shop;
use super::code::Code;
use super::confinement::PATH;
use super::launch::Places;
use super::runtime_api::Event;
use crate::runner::OwnApi;

/// The variables that Lambda's runtimes have: Lambda Developer Guide, "Working with Lambda environment variables".
pub(super) struct Environment<'a> {
    pub(super) arn: &'a str,
    pub(super) name: &'a str,
    pub(super) runtime: &'a str,
    pub(super) handler: &'a str,
    pub(super) memory_mib: u32,
    pub(super) places: &'a Places,
    /// The address of the worker's Runtime API.
    pub(super) runtime_api: &'a str,
    pub(super) worker: u64,
    pub(super) credentials: Option<&'a FunctionCredentials>,
    pub(super) own_api: Option<&'a OwnApi>,
}

impl Environment<'_> {
    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        // arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME
        let region = self.arn.split(':').nth(3).unwrap_or_default();
        let root = &self.places.task_root;
        let mut all = vec![
            ("AWS_DEFAULT_REGION", region.to_owned()),
            ("AWS_EXECUTION_ENV", format!("AWS_Lambda_{}", self.runtime)),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", self.memory_mib.to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", self.name.to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", self.name)),
            ("AWS_LAMBDA_LOG_STREAM_NAME", format!("worker-{}", self.worker)),
            ("AWS_LAMBDA_RUNTIME_API", self.runtime_api.to_owned()),
            ("AWS_REGION", region.to_owned()),
            ("HOME", self.places.temporary.clone()),
            ("LAMBDA_TASK_ROOT", root.clone()),
            ("LANG", "C.UTF-8".to_owned()),
            ("PATH", PATH.to_owned()),
            ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
            ("TMPDIR", self.places.temporary.clone()),
            ("TZ", ":UTC".to_owned()),
            ("_HANDLER", self.handler.to_owned()),
        ];
        if let Some(credentials) = self.credentials {
            all.push(("AWS_ACCESS_KEY_ID", credentials.access_key_id.clone()));
            all.push((
                "AWS_SECRET_ACCESS_KEY",
                credentials.secret.expose_secret().clone(),
            ));
            if let Some(token) = &credentials.session_token {
                all.push(("AWS_SESSION_TOKEN", token.expose_secret().clone()));
            }
        }
        if let Some(api) = self.own_api {
            all.push(("AWS_ENDPOINT_URL", api.url.clone()));
            if api.roots_pem.is_some() {
                all.push(("AWS_CA_BUNDLE", self.places.roots.clone()));
                all.push(("NODE_EXTRA_CA_CERTS", self.places.roots.clone()));
            }
        }
        all
    }
}

/// The variables of a customer that may be set. AWS refuses the others when the function is made.
pub(super) fn customers(variables: &[(String, Secret<String>)]) -> Vec<(String, Secret<String>)> {
    variables
        .iter()
        .filter(|(name, value)| !is_reserved(name) && !value.expose_secret().contains('\0'))
        .cloned()
        .collect()
}

/// The variables of a customer, and those by which runtimes find what layers bring (Lambda guide, "Packaging your layer
/// content"). They are the worker's alone: a program that runs before it is confined must not load what a customer brought.
pub(super) fn with_layers(
    mut variables: Vec<(String, Secret<String>)>,
    code: &Code,
    places: &Places,
) -> Vec<(String, Secret<String>)> {
    let (Some(folder), Some(place)) = (code.layers(), &places.layers) else {
        return variables;
    };
    for (name, paths, after) in [
        ("PYTHONPATH", python(folder), ""),
        ("NODE_PATH", vec!["nodejs/node_modules".to_owned()], ""),
        ("LD_LIBRARY_PATH", vec!["lib".to_owned()], ""),
        ("PATH", vec!["bin".to_owned()], PATH),
    ] {
        let mut all: Vec<String> = Vec::new();
        if !after.is_empty() {
            all.push(after.to_owned());
        }
        let there = paths.iter().filter(|path| folder.join(path).is_dir());
        all.extend(there.map(|path| format!("{place}/{path}")));
        if all.len() == usize::from(!after.is_empty()) {
            continue;
        }
        let own = variables.iter().position(|(given, _)| given == name);
        // What a customer set comes first, and takes the place of our own path.
        let own = own.map(|at| variables.swap_remove(at).1.expose_secret().clone());
        if let Some(own) = own {
            all.retain(|path| path != after);
            all.insert(0, own);
        }
        variables.push((name.to_owned(), Secret::new(all.join(":"))));
    }
    variables
}

/// Where layers have modules of Python.
fn python(folder: &Path) -> Vec<String> {
    let mut paths = vec!["python".to_owned()];
    let versions = std::fs::read_dir(folder.join("python/lib"));
    for version in versions.into_iter().flatten().flatten() {
        if let Some(name) = version.file_name().to_str() {
            paths.push(format!("python/lib/{name}/site-packages"));
        }
    }
    paths.sort();
    paths
}

fn is_reserved(name: &str) -> bool {
    name.starts_with("AWS_LAMBDA_")
        || [
            "AWS_ACCESS_KEY",
            "AWS_ACCESS_KEY_ID",
            "AWS_DEFAULT_REGION",
            "AWS_EXECUTION_ENV",
            "AWS_REGION",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SECRET_KEY",
            "AWS_SESSION_TOKEN",
            "LAMBDA_RUNTIME_DIR",
            "LAMBDA_TASK_ROOT",
            "_HANDLER",
            "_X_AMZN_TRACE_ID",
        ]
        .contains(&name)
}

impl Shop {
    /// A call as the worker gets it.
    pub(super) fn event(&self, call: &Call, limit: Duration) -> Event {
        let deadline = self.clock.now().plus(limit).as_millis().to_string();
        let mut trace = [0; 20];
        self.random.fill(&mut trace);
        let digits: String = trace.iter().map(|byte| format!("{byte:02x}")).collect();
        let seconds = self.clock.now().as_seconds().max(0);
        let trace = format!(
            "Root=1-{seconds:08x}-{};Parent={};Sampled=0",
            &digits[..24],
            &digits[24..]
        );
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let context = call.client_context.as_deref().and_then(in_one_line);
        let mut add = |name, value: &str| {
            // What cannot be a header's value is left out rather than the event.
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        add("lambda-runtime-aws-request-id", &call.request_id);
        add("lambda-runtime-deadline-ms", &deadline);
        add("lambda-runtime-invoked-function-arn", &call.function.arn);
        add("lambda-runtime-trace-id", &trace);
        if let Some(context) = context {
            add("lambda-runtime-client-context", &context);
        }
        Event {
            body: call.event.clone(),
            headers,
        }
    }
}

/// JSON in one line of ASCII, as a header needs it; none if it is no JSON.
fn in_one_line(json: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(json).ok()?;
    let mut line = String::new();
    for unit in value.to_string().encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => line.push(char::from(byte)),
            _ => line.push_str(&format!("\\u{unit:04x}")),
        }
    }
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_context_becomes_a_header_and_stays_the_same_json() {
        let given = "{\n \"name\": \"Pumpe \u{fc}ber \u{1f600}\" }";
        let line = in_one_line(given).unwrap();
        assert!(line.is_ascii() && !line.contains('\n'));
        let (before, after): (serde_json::Value, serde_json::Value) = (
            serde_json::from_str(given).unwrap(),
            serde_json::from_str(&line).unwrap(),
        );
        assert_eq!(before, after);
        assert_eq!(in_one_line("nonsense"), None);
    }
}
