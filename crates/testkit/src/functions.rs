//! Functions whose answers a test writes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use thingsmith_ports::{Call, Failed, Functions, Outcome, RunError};

/// Runs no code: each function, by its name, answers as the test says, and every call is kept.
#[derive(Default)]
pub struct ScriptedFunctions {
    scripts: Mutex<HashMap<String, Box<Script>>>,
    calls: Mutex<Vec<Call>>,
    retired: Mutex<Vec<String>>,
}

type Script = dyn Fn(&Call) -> Result<Outcome, RunError> + Send + Sync;

impl ScriptedFunctions {
    /// Says what the function of this name answers from now on.
    pub fn answer(
        &self,
        name: &str,
        script: impl Fn(&Call) -> Result<Outcome, RunError> + Send + Sync + 'static,
    ) {
        let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        scripts.insert(name.to_owned(), Box::new(script));
    }

    /// Every call since the last time that this was asked.
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The ARNs of the functions that were retired since the last time that this was asked.
    pub fn take_retired(&self) -> Vec<String> {
        std::mem::take(&mut *self.retired.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The outcome of a function that answers this.
    pub fn answered(payload: impl Into<Bytes>) -> Outcome {
        Outcome {
            payload: payload.into(),
            failed: None,
            log_tail: Bytes::new(),
        }
    }

    /// The outcome of a function that raises an error.
    pub fn raised(message: &str) -> Outcome {
        let error = serde_json::json!({ "errorMessage": message, "errorType": "Exception" });
        Outcome {
            payload: error.to_string().into(),
            failed: Some(Failed::Unhandled),
            log_tail: Bytes::new(),
        }
    }
}

#[async_trait]
impl Functions for ScriptedFunctions {
    async fn run(&self, call: Call) -> Result<Outcome, RunError> {
        let scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = match scripts.get(&call.function.name) {
            Some(script) => script(&call),
            None => Err(RunError::Unavailable(format!(
                "the test says nothing of the function {}",
                call.function.name
            ))),
        };
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(call);
        outcome
    }

    fn retire(&self, arn: &str) {
        let mut retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
        retired.push(arn.to_owned());
    }
}
