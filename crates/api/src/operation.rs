//! What an AWS operation is to this edge.

use std::fmt;
use std::future::Future;

use serde::Serialize;
use serde::de::DeserializeOwned;
use thingsmith_core::Fault;

use crate::Context;

/// One operation of an AWS service. Operations never see HTTP: they take their members and give theirs.
///
/// Lengths, patterns, enumerations and required members are checked before an operation is asked anything.
pub trait Operation: 'static {
    /// AWS's name.
    const NAME: &'static str;
    /// How HTTP reaches it.
    const HTTP: Http;
    /// The IAM action that permits it; none where whoever has a key may call it.
    const ACTION: Option<&'static str>;
    /// Its members, by their names in AWS's model.
    type Input: DeserializeOwned + Send + Sync;
    /// The members of its answer.
    type Output: Serialize;

    /// A second IAM action that this input needs on the same resources.
    fn further_action(_input: &Self::Input) -> Option<&'static str> {
        None
    }

    /// The member of this input that asks for what does not exist yet, if there is one: the answer names it, rather than
    /// ignoring it.
    fn not_implemented(_input: &Self::Input) -> Option<&'static str> {
        None
    }

    /// What the action is done to: the ARNs that the caller needs permission for, every one of them; `*` where AWS's
    /// Service Authorization Reference has no type of resource for the action.
    fn resources(cx: &Context<'_>, input: &Self::Input) -> Vec<String>;

    /// The same for an operation that must look something up to name it, as a user's ARN has its path. It is asked before
    /// the permission is decided, so it must change nothing.
    fn find_resources(
        cx: &Context<'_>,
        input: &Self::Input,
    ) -> impl Future<Output = Result<Vec<String>, Fault>> + Send {
        let resources = Self::resources(cx, input);
        async { Ok(resources) }
    }

    /// Does it.
    fn call(cx: &Context<'_>, input: Self::Input)
    -> impl Future<Output = Result<Self::Output, Fault>> + Send;
}

/// The verb and path of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Http {
    method: &'static str,
    path: &'static str,
}

impl Http {
    /// `GET`
    pub const fn get(path: &'static str) -> Self {
        Self { method: "GET", path }
    }

    /// `POST`
    pub const fn post(path: &'static str) -> Self {
        Self { method: "POST", path }
    }

    /// `PUT`
    pub const fn put(path: &'static str) -> Self {
        Self { method: "PUT", path }
    }

    /// `PATCH`
    pub const fn patch(path: &'static str) -> Self {
        Self {
            method: "PATCH",
            path,
        }
    }

    /// `DELETE`
    pub const fn delete(path: &'static str) -> Self {
        Self {
            method: "DELETE",
            path,
        }
    }
}

impl fmt::Display for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// The answer of an operation that has nothing to say.
#[derive(Debug, Serialize)]
pub struct Empty {}
