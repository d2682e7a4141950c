//! Functions: code of customers, what AWS calls Lambda functions.
//!
//! A function is made through the API, with a zip file that is kept in the store, or by the operator's configuration
//! ([`Configured`]), for one that is reached over HTTP. Either is run by [`ports::Functions`](thingsmith_ports::Functions),
//! for a caller of the API ([`invoke()`]) or for a service that acts for a resource of AWS IoT
//! ([`invoke_for_service`]), which the function's policy must permit.

mod change;
mod code;
mod configured;
mod create;
mod environment;
mod events;
mod for_service;
mod invoke;
mod known;
mod name;
mod permissions;
pub mod rows;
mod supplies;

use thingsmith_model::Timestamp;

pub use change::{CodeUpdate, FunctionUpdate, delete_function, update_code, update_configuration};
pub use code::code_in_bucket;
pub use configured::Configured;
pub(crate) use create::check_zip;
pub use create::{NewFunction, create_function};
pub use environment::{Environment, environment_of};
pub use for_service::{InvokeFailure, OnBehalf, invoke_for_service};
pub use invoke::{Invocation, invoke, invoke_later, may_be_event};
pub(crate) use known::Known;
pub use name::FunctionName;
pub use permissions::{NewPermission, Permission, add_permission, policy, remove_permission};

use crate::layers::LayerOfFunction;
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::tags::{self, Tags};
use crate::{Code, Deeds, Fault};

/// The service that runs functions, as roles trust it.
pub const SERVICE: &str = "lambda.amazonaws.com";
/// The one version that a function has.
pub const LATEST: &str = "$LATEST";
/// Most bytes of a zip file (Lambda quotas, "Deployment package size").
pub const MOST_CODE_BYTES: usize = 50 << 20;

/// A function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its number.
    pub number: i64,
    /// Its name; case matters.
    pub name: String,
    /// The role by which it calls AWS.
    pub role_arn: String,
    /// What its code is written for, such as `python3.11`.
    pub runtime: String,
    /// What of the code is called, such as `app.handler`.
    pub handler: String,
    /// What it is for; may be empty.
    pub description: String,
    /// How long a call may take, in seconds.
    pub timeout_seconds: i64,
    /// The memory that it may take, in MiB.
    pub memory_mib: i64,
    /// The size of its `/tmp`, in MiB.
    pub storage_mib: i64,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// Its environment variables, sealed; see [`environment_of`].
    pub sealed_environment: Option<Vec<u8>>,
    /// The SHA-256 of its zip file.
    pub code_sha256: Vec<u8>,
    /// The size of its zip file.
    pub code_bytes: i64,
    /// A UUID that changes with code and configuration.
    pub revision: String,
    /// A UUID that changes with its policy.
    pub policy_revision: String,
    /// When it was changed last.
    pub modified_at: Timestamp,
    /// The layers that are unpacked before its code, in this order.
    pub layers: Vec<LayerOfFunction>,
}

impl Function {
    /// Its ARN.
    pub fn arn(&self, realm: &RealmRecord) -> String {
        arn(realm, &self.name)
    }
}

/// The ARN of a realm's function of this name.
pub fn arn(realm: &RealmRecord, name: &str) -> String {
    format!(
        "arn:aws:lambda:{}:{}:function:{name}",
        realm.region, realm.account
    )
}

/// The function of this name that was made through the API.
///
/// # Errors
/// `ResourceNotFoundException`
pub async fn function(deeds: &Deeds, realm: &RealmRecord, name: &FunctionName) -> Result<Function, Fault> {
    let name = name.within(realm)?;
    rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(realm, name))
}

/// The tags of a function.
///
/// # Errors
/// When the store fails.
pub async fn tags_of(deeds: &Deeds, realm: &RealmRecord, function: &Function) -> Result<Tags, Fault> {
    let found = tags::rows::page(deeds.store(), realm.realm, function.number, "", i64::MAX).await?;
    Ok(found.into_iter().collect())
}

/// Lists functions by name.
///
/// # Errors
/// `InvalidRequestException` for a marker that is not of this list.
pub async fn list_functions(
    deeds: &Deeds,
    realm: &RealmRecord,
    page: &PageRequest,
) -> Result<Page<Function>, Fault> {
    let list = "ListFunctions";
    let after: Option<String> = page.place(deeds, realm.realm, list)?;
    let after = after.unwrap_or_default();
    let found = rows::page(deeds.store(), realm.realm, &after, page.limit_and_one()).await?;
    page.cut(deeds, realm.realm, list, found, |last| last.name.clone())
}

/// A function that is not there, in AWS's words.
pub(crate) fn not_found(realm: &RealmRecord, name: &str) -> Fault {
    Fault::not_found(format!("Function not found: {}", arn(realm, name)))
}

/// Refuses a change of what is not any more as its caller knows it.
fn expect_revision(expected: Option<&str>, found: &str) -> Result<(), Fault> {
    match expected {
        Some(expected) if expected != found => Err(Fault::new(
            Code::PreconditionFailed,
            format!(
                "The RevisionId provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to \
                 retrieve the latest Revision Id: {found} is not {expected}."
            ),
        )),
        _ => Ok(()),
    }
}
