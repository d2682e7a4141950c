//! Code of customers that is run: what AWS calls a Lambda function.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use thingsmith_model::{Secret, Timestamp};
use thiserror::Error;

/// Runs functions, each call apart from the server: no function takes it down or reads its data.
#[async_trait]
pub trait Functions: Send + Sync + 'static {
    /// Runs a function once. A function that fails or is too slow has an [`Outcome`] as well: that of its error.
    ///
    /// # Errors
    /// When the function was not run.
    async fn run(&self, call: Call) -> Result<Outcome, RunError>;

    /// Ends what is kept ready for a function, of whatever revision: it was changed or deleted. Calls under way go on.
    fn retire(&self, arn: &str);
}

/// One call of a function.
#[derive(Debug, Clone)]
pub struct Call {
    /// The function.
    pub function: Arc<Runnable>,
    /// A UUID, which the function sees as its request id.
    pub request_id: String,
    /// JSON, at most 6 MiB.
    pub event: Bytes,
    /// JSON that an invoker gave as the client context.
    pub client_context: Option<String>,
    /// How long its caller waits; the function's own time-out may be shorter.
    pub patience: Duration,
}

/// A function as it can be run.
pub struct Runnable {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Changes with its code and its configuration.
    pub revision: String,
    /// How it is run.
    pub kind: FunctionKind,
    /// How long one call may take.
    pub timeout: Duration,
    /// What is only asked for where it is needed.
    pub supplies: Arc<dyn Supplies>,
}

/// How a function is run.
#[derive(Debug, Clone)]
pub enum FunctionKind {
    /// A process of this machine, with the code of a zip file.
    Local {
        /// AWS's name of the runtime, such as `python3.11`.
        runtime: String,
        /// What of the code is called, such as `app.handler`.
        handler: String,
        /// The memory that it may take, in MiB.
        memory_mib: u32,
        /// Variables of its environment. Their values may be secrets.
        environment: Vec<(String, Secret<String>)>,
    },
    /// The event is sent by POST, and JSON comes back.
    Http {
        /// Where to.
        url: String,
        /// Headers of the request. Their values may be secrets.
        headers: Vec<(String, Secret<String>)>,
    },
    /// Another endpoint that speaks Lambda's Invoke.
    Remote {
        /// The URL of the endpoint.
        endpoint: String,
        /// The region that the request is signed for.
        region: String,
        /// The function's name or ARN there.
        function: String,
        /// The key that signs the request; none sends it unsigned.
        credentials: Option<FunctionCredentials>,
    },
}

/// What a function needs besides, brought when it is asked for.
#[async_trait]
pub trait Supplies: Send + Sync + 'static {
    /// The zip file with the code of a local function.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn code(&self) -> Result<Bytes, SupplyError>;

    /// The zip file of a layer, which stands under `/opt` before the code; none behind the last one.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn layer(&self, place: usize) -> Result<Option<Bytes>, SupplyError> {
        let _ = place;
        Ok(None)
    }

    /// A new session of the function's role, for its calls to AWS; none if it has no role.
    ///
    /// # Errors
    /// When the role gives none.
    async fn credentials(&self) -> Result<Option<FunctionCredentials>, SupplyError>;
}

/// Credentials that a function signs with.
#[derive(Debug, Clone)]
pub struct FunctionCredentials {
    /// The access key id.
    pub access_key_id: String,
    /// Its secret.
    pub secret: Secret<String>,
    /// The token of a session.
    pub session_token: Option<Secret<String>>,
    /// When they end.
    pub expires_at: Option<Timestamp>,
}

/// What a function answered.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Its answer, or the JSON of its error (`errorMessage`, `errorType`).
    pub payload: Bytes,
    /// The function failed, or did not answer in time.
    pub failed: Option<Failed>,
    /// The end of what it wrote to its log during the call, at most 4 KiB.
    pub log_tail: Bytes,
}

/// How a function failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// It raised an error, or its process ended.
    Unhandled,
    /// It did not answer in time.
    TimedOut,
}

/// Why a function was not run.
#[derive(Debug, Error)]
pub enum RunError {
    /// As many calls as may be are under way.
    #[error("too many calls of the function are under way")]
    TooManyRequests,
    /// Functions of this kind are not run here.
    #[error("{0}")]
    NotEnabled(String),
    /// The event or the answer is longer than may be.
    #[error("{0}")]
    TooLarge(String),
    /// The function could not be started or reached.
    #[error("{0}")]
    Unavailable(String),
}

/// Why a supply was not brought.
#[derive(Debug, Error)]
#[error("{reason}")]
pub struct SupplyError {
    /// What stands in the way.
    pub reason: String,
}

impl fmt::Debug for Runnable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runnable")
            .field("arn", &self.arn)
            .field("revision", &self.revision)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Runs nothing: for programs that have no customers.
#[derive(Debug, Clone, Copy)]
pub struct NoFunctions;

#[async_trait]
impl Functions for NoFunctions {
    async fn run(&self, _call: Call) -> Result<Outcome, RunError> {
        Err(RunError::NotEnabled("no functions are run here".into()))
    }

    fn retire(&self, _arn: &str) {}
}
