//! Functions whose answers a test writes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use thingsmith_ports::{Call, Failed, Functions, Outcome, RunError};
use tokio::sync::watch;

/// Runs no code: each function, by its name, answers as the test says, and every call is kept.
#[derive(Default)]
pub struct ScriptedFunctions {
    scripts: Mutex<HashMap<String, Box<Script>>>,
    holds: Mutex<HashMap<String, watch::Receiver<()>>>,
    calls: Mutex<Vec<Call>>,
    retired: Mutex<Vec<String>>,
}

type Script = dyn Fn(&Call) -> Result<Outcome, RunError> + Send + Sync;

/// Calls of a function that are not answered until this is dropped.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "those who wait see it go")] watch::Sender<()>);

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

    /// Keeps every call of a function waiting, for as long as what is returned is there.
    #[must_use]
    pub fn hold(&self, name: &str) -> Held {
        let (held, over) = watch::channel(());
        let mut holds = self.holds.lock().unwrap_or_else(PoisonError::into_inner);
        holds.insert(name.to_owned(), over);
        Held(held)
    }

    /// Every call since the last time that this was asked, those that wait among them.
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
        let name = &call.function.name;
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(call.clone());
        let held = {
            let holds = self.holds.lock().unwrap_or_else(PoisonError::into_inner);
            holds.get(name).cloned()
        };
        if let Some(mut held) = held {
            while held.changed().await.is_ok() {}
        }
        let scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        match scripts.get(name) {
            Some(script) => script(&call),
            None => Err(RunError::Unavailable(format!(
                "the test says nothing of the function {name}"
            ))),
        }
    }

    fn retire(&self, arn: &str) {
        let mut retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
        retired.push(arn.to_owned());
    }
}
