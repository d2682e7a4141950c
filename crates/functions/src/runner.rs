//! The implementation of the port.

use std::sync::Arc;

use async_trait::async_trait;
use thingsmith_ports::{Call, Clock, FunctionKind, Functions, Outcome, Random, RunError};
use thiserror::Error;

use crate::local::{Local, Program};
use crate::outbound::{Client, http, remote};
use crate::{Config, MOST_BYTES};

/// Runs functions of every kind.
pub struct Runner {
    clock: Arc<dyn Clock>,
    client: Client,
    local: Option<Local>,
}

/// Why functions cannot be run.
#[derive(Debug, Error)]
pub enum StartError {
    /// A folder that the configuration names cannot be used.
    #[error("the folder {path} for functions cannot be used: {cause}")]
    Folder {
        /// The folder.
        path: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A root certificate of the configuration cannot be read.
    #[error("the root certificates for functions cannot be read: {0}")]
    Roots(String),
    /// The thread that starts workers does not run.
    #[error("the thread that starts functions does not run: {0}")]
    Thread(std::io::Error),
}

/// Where a worker reaches this server's API.
#[derive(Debug, Clone)]
pub(crate) struct OwnApi {
    pub(crate) url: String,
    pub(crate) roots_pem: Option<String>,
}

impl Runner {
    /// Makes ready to run functions. Its tasks run in the Tokio runtime that this is called in, and end with the runner.
    ///
    /// # Errors
    /// See [`StartError`]. That the machine cannot run local functions is none: each call of one then says so.
    pub async fn start(
        config: Config,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, StartError> {
        let client = Client::new(&config.roots_pem)?;
        let local = match config.local {
            Some(local) => Some(Local::start(local, Arc::clone(&clock), random)?),
            None => None,
        };
        Ok(Self { clock, client, local })
    }

    /// Looks at what this machine offers to keep local functions apart, and says in the log what it found. The first call of
    /// one does so else.
    ///
    /// # Errors
    /// A sentence that says why no local function can be run.
    pub async fn look(&self) -> Result<(), String> {
        match &self.local {
            Some(local) => local.look().await,
            None => Err(NOT_ENABLED.into()),
        }
    }

    /// Says where workers reach this server's API, once it listens: the URL for `AWS_ENDPOINT_URL`, and what they are to
    /// trust besides the system's roots, as PEM. Only the first call counts.
    pub fn set_api(&self, url: &str, roots_pem: Option<&str>) {
        if let Some(local) = &self.local {
            local.set_api(OwnApi {
                url: url.to_owned(),
                roots_pem: roots_pem.map(str::to_owned),
            });
        }
    }

    /// Ends every worker, those with calls under way too, and starts no more. Returns when they are gone.
    pub async fn stop(&self) {
        if let Some(local) = &self.local {
            local.stop().await;
        }
    }
}

#[async_trait]
impl Functions for Runner {
    async fn run(&self, call: Call) -> Result<Outcome, RunError> {
        if call.event.len() > MOST_BYTES {
            return Err(RunError::TooLarge(format!(
                "the event has {} bytes, and may have {MOST_BYTES}",
                call.event.len()
            )));
        }
        let function = Arc::clone(&call.function);
        match &function.kind {
            FunctionKind::Http { url, headers } => {
                http::post(&self.client, self.clock.as_ref(), &call, url, headers).await
            }
            FunctionKind::Remote {
                endpoint,
                region,
                function,
                credentials,
            } => {
                let target = remote::Target {
                    endpoint,
                    region,
                    function,
                    credentials: credentials.as_ref(),
                };
                remote::invoke(&self.client, self.clock.as_ref(), &call, &target).await
            }
            FunctionKind::Local {
                runtime,
                handler,
                memory_mib,
                environment,
            } => {
                let Some(local) = &self.local else {
                    return Err(RunError::NotEnabled(NOT_ENABLED.into()));
                };
                let program = Program {
                    runtime,
                    handler,
                    memory_mib: *memory_mib,
                    environment,
                };
                local.run(&call, &program).await
            }
        }
    }

    fn retire(&self, arn: &str) {
        if let Some(local) = &self.local {
            local.retire(arn);
        }
    }
}

const NOT_ENABLED: &str = "functions with code of their own are not run by this server: start it with --dev, or turn \
                           them on with `local = true` under [functions] in its configuration";
