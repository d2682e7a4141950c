//! The service `lambda`, as much of it as it takes to bring functions here and to call them.

pub mod functions;
mod missing;
pub mod permissions;

use thingsmith_aws_model as aws;
use thingsmith_core::functions::FunctionName;

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
    entry::<permissions::AddPermission>(),
    entry::<permissions::GetPolicy>(),
    entry::<permissions::RemovePermission>(),
];

pub(crate) fn service() -> Service {
    Service::new(aws::Service::Lambda.model(), WRITTEN)
}

/// The path of the list of functions in its one form: older SDKs write a slash behind it.
pub(crate) fn without_slash(path: &str) -> &str {
    match path.strip_suffix('/') {
        Some(list) if list.ends_with("/functions") => list,
        _ => path,
    }
}

/// Most bytes of the body of an operation that takes more than others do.
pub(crate) fn body_bytes(operation: &str) -> Option<usize> {
    /// A zip file of 50 MiB is 67 in base64.
    const CODE: usize = 70 << 20;
    /// The largest event.
    const EVENT: usize = 6 << 20;
    match operation {
        "CreateFunction" | "UpdateFunctionCode" => Some(CODE),
        "Invoke" => Some(EVENT),
        _ => None,
    }
}

/// What a caller must be permitted to do something to.
fn resource(cx: &Context<'_>, name: &FunctionName) -> Vec<String> {
    vec![name.resource(cx.region, &cx.caller.account)]
}
