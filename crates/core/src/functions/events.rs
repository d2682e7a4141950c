//! Calls that nobody waits for.
//!
//! They wait in memory: a restart loses them, as it loses what a function was just doing. A call that fails is made twice
//! more, a minute and two minutes later (Lambda guide, "How Lambda handles errors and retries with asynchronous invocation").

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thingsmith_ports::{Call, Functions};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::{Code, Fault};

/// Most calls that wait or run at once.
const MOST_CALLS: usize = 1000;
/// Most bytes of their events.
const MOST_BYTES: usize = 64 << 20;
/// How long after a failure the call is made again.
const PAUSES: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];
/// How long after a refusal for too many calls it is tried again.
const BUSY: Duration = Duration::from_secs(1);
/// How often such refusals are borne.
const MOST_BUSY: u32 = 600;

/// The calls that nobody waits for. They end with it.
pub(crate) struct Events {
    calls: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    tasks: Mutex<JoinSet<()>>,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            calls: Arc::new(Semaphore::new(MOST_CALLS)),
            bytes: Arc::new(Semaphore::new(MOST_BYTES)),
            tasks: Mutex::default(),
        }
    }
}

impl Events {
    /// Takes a call over.
    ///
    /// # Errors
    /// `ThrottlingException` when too many wait.
    pub(super) fn submit(&self, functions: Arc<dyn Functions>, call: Call) -> Result<(), Fault> {
        let bytes = u32::try_from(call.event.len()).unwrap_or(u32::MAX);
        let permits = (
            Arc::clone(&self.calls).try_acquire_owned(),
            Arc::clone(&self.bytes).try_acquire_many_owned(bytes),
        );
        let (Ok(one), Ok(bytes)) = permits else {
            tracing::warn!(function = call.function.arn, "a call is refused: too many wait");
            return Err(Fault::new(Code::Throttling, "Rate Exceeded."));
        };
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            make(functions.as_ref(), call).await;
            drop((one, bytes));
        });
        Ok(())
    }
}

/// Makes a call until the function answers it, as often as may be.
async fn make(functions: &dyn Functions, call: Call) {
    let mut pauses = PAUSES.iter();
    let mut busy = 0;
    loop {
        let outcome = functions.run(call.clone()).await;
        let why = match outcome {
            Ok(outcome) if outcome.failed.is_none() => return,
            Ok(_) => "it failed or did not answer in time".to_owned(),
            Err(thingsmith_ports::RunError::TooManyRequests) if busy < MOST_BUSY => {
                busy += 1;
                sleep(BUSY).await;
                continue;
            }
            Err(error) => error.to_string(),
        };
        let (arn, request) = (&call.function.arn, &call.request_id);
        let Some(pause) = pauses.next() else {
            tracing::warn!(function = arn, request_id = request, why, "a call is given up");
            return;
        };
        tracing::info!(function = arn, request_id = request, why, "a call is made again");
        sleep(*pause).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use bytes::Bytes;
    use thingsmith_ports::{Failed, FunctionKind, Outcome, RunError, Runnable};

    use super::*;
    use crate::functions::supplies::NoSupplies;

    /// Fails as often as it is told, and then answers.
    struct Failing {
        failures: usize,
        calls: AtomicUsize,
    }

    #[async_trait]
    impl Functions for Failing {
        async fn run(&self, _: Call) -> Result<Outcome, RunError> {
            let before = self.calls.fetch_add(1, Ordering::SeqCst);
            Ok(Outcome {
                payload: Bytes::new(),
                failed: (before < self.failures).then_some(Failed::Unhandled),
                log_tail: Bytes::new(),
            })
        }

        fn retire(&self, _: &str) {}
    }

    fn call(bytes: usize) -> Call {
        Call {
            function: Arc::new(Runnable {
                arn: "arn".into(),
                name: "f".into(),
                revision: "1".into(),
                kind: FunctionKind::Http {
                    url: "http://localhost".into(),
                    headers: Vec::new(),
                },
                timeout: Duration::from_secs(1),
                supplies: Arc::new(NoSupplies),
            }),
            request_id: "id".into(),
            event: vec![b' '; bytes].into(),
            client_context: None,
            patience: Duration::from_secs(1),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_fails_is_made_twice_more() {
        for (failures, calls, seconds) in [(0, 1, 0), (1, 2, 60), (9, 3, 180)] {
            let functions = Failing {
                failures,
                calls: AtomicUsize::new(0),
            };
            let start = tokio::time::Instant::now();
            make(&functions, call(0)).await;
            assert_eq!(functions.calls.load(Ordering::SeqCst), calls);
            assert_eq!(start.elapsed().as_secs(), seconds);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_wait_than_may() {
        let functions: Arc<dyn Functions> = Arc::new(Failing {
            failures: usize::MAX,
            calls: AtomicUsize::new(0),
        });
        let events = Events::default();
        for _ in 0..MOST_CALLS {
            events.submit(Arc::clone(&functions), call(0)).unwrap();
        }
        let refused = events.submit(Arc::clone(&functions), call(0)).unwrap_err();
        assert_eq!(refused.code, Code::Throttling);
        let events = Events::default();
        events.submit(Arc::clone(&functions), call(MOST_BYTES)).unwrap();
        assert!(events.submit(functions, call(1)).is_err());
    }
}
