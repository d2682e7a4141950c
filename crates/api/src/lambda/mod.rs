//! The service `lambda`, as much of it as it takes to bring functions here and to call them.

pub mod functions;
pub mod layers;
mod missing;
pub mod permissions;

use std::borrow::Cow;

use thingsmith_aws_model as aws;
use thingsmith_core::functions::FunctionName;
use thingsmith_core::iso8601;
use thingsmith_model::Timestamp;

pub use missing::MISSING;

use crate::service::{Entry, entry};
use crate::{Context, Service};

const WRITTEN: &[Entry] = &[
    entry::<functions::CreateFunction>(),
    entry::<functions::DeleteFunction>(),
    entry::<functions::GetFunction>(),
    entry::<functions::GetFunctionConfiguration>(),
    entry::<functions::Invoke>(),
    entry::<functions::ListFunctions>(),
    entry::<functions::UpdateFunctionCode>(),
    entry::<functions::UpdateFunctionConfiguration>(),
    entry::<layers::DeleteLayerVersion>(),
    entry::<layers::GetLayerVersion>(),
    entry::<layers::GetLayerVersionByArn>(),
    entry::<layers::ListLayerVersions>(),
    entry::<layers::ListLayers>(),
    entry::<layers::PublishLayerVersion>(),
    entry::<permissions::AddPermission>(),
    entry::<permissions::GetPolicy>(),
    entry::<permissions::RemovePermission>(),
];

pub(crate) fn service() -> Service {
    Service::new(aws::Service::Lambda.model(), WRITTEN)
}

/// The path of a request target as AWS's model writes it. Older SDKs write a slash behind the list of functions, and one
/// operation is known by its query alone.
pub(crate) fn path(target: &str) -> Cow<'_, str> {
    const BY_QUERY: &str = "find=LayerVersion";
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    match path.strip_suffix('/') {
        Some(list) if list.ends_with("/functions") => list.into(),
        None if path.ends_with("/layers") && query.split('&').any(|part| part == BY_QUERY) => {
            format!("{path}?{BY_QUERY}").into()
        }
        _ => path.into(),
    }
}

/// Most bytes of the body of an operation that takes more than others do.
pub(crate) fn body_bytes(operation: &str) -> Option<usize> {
    /// A zip file of 50 MiB is 67 in base64.
    const CODE: usize = 70 << 20;
    /// The largest event.
    const EVENT: usize = 6 << 20;
    match operation {
        "CreateFunction" | "PublishLayerVersion" | "UpdateFunctionCode" => Some(CODE),
        "Invoke" => Some(EVENT),
        _ => None,
    }
}

/// What a caller must be permitted to do something to.
fn resource(cx: &Context<'_>, name: &FunctionName) -> Vec<String> {
    vec![name.resource(cx.region, &cx.caller.account)]
}

/// A time as this service writes it: `2026-01-31T12:00:00.123+0000`.
fn written(time: Timestamp) -> String {
    let seconds = iso8601(time);
    let millis = time.as_millis().rem_euclid(1000);
    format!("{}.{millis:03}+0000", seconds.trim_end_matches('Z'))
}
