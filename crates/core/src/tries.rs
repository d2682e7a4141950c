//! Reading, writing once, and starting again.
//!
//! A deed reads what it needs, then sends one batch whose guards prove that what it read still holds. When a guard
//! fails somebody else was faster, and the deed looks again.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use thingsmith_ports::{Store, StoreError};

use crate::Fault;
use crate::outbox::{self, Mark};

/// How often a deed starts again before it says that the store is too busy.
const LIMIT: u32 = 12;

/// What one try of a deed ends with when it does not end well.
pub(crate) enum Attempt {
    /// What was read no longer holds, or the store asks to try again.
    Again(StoreError),
    /// The deed's answer.
    Fault(Fault),
}

impl From<StoreError> for Attempt {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Duplicate(_)
            | StoreError::Guard(_)
            | StoreError::Retry(_)
            | StoreError::Unknown(_) => Self::Again(error),
            StoreError::Other(_) => Self::Fault(error.into()),
        }
    }
}

impl From<Fault> for Attempt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// The tries of one deed, each of which sees what became of those before it.
#[derive(Default)]
pub(crate) struct Tries {
    count: AtomicU32,
    unknown: AtomicBool,
    sent: Mutex<Vec<Mark>>,
}

impl Tries {
    /// Remembers the mark that the batch of this try is about to leave.
    pub(crate) fn sending(&self, mark: Mark) {
        self.sent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(mark);
    }

    /// Whether the batch of an earlier try may have happened.
    pub(crate) fn in_doubt(&self) -> bool {
        self.unknown.load(Ordering::Relaxed)
    }

    /// Whether this is the first try.
    pub(crate) fn is_first(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    /// Gives back the answer of a try, or `None` after a pause when the deed is to try again. A deed that makes an
    /// object knows its own by the object's number when a commit was not answered.
    ///
    /// # Errors
    /// The deed's own fault, or that of the store after too many tries.
    pub(crate) async fn settle<T>(&self, outcome: Result<T, Attempt>) -> Result<Option<T>, Fault> {
        let error = match outcome {
            Ok(done) => return Ok(Some(done)),
            Err(Attempt::Fault(fault)) => return Err(fault),
            Err(Attempt::Again(error)) => error,
        };
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        if matches!(error, StoreError::Unknown(_)) {
            self.unknown.store(true, Ordering::Relaxed);
        }
        if count >= LIMIT {
            return Err(match error {
                StoreError::Duplicate(_) | StoreError::Guard(_) => {
                    StoreError::Retry(error.to_string()).into()
                }
                error => error.into(),
            });
        }
        // Losing a race is settled by reading again at once; a busy or lost store wants a moment.
        if matches!(error, StoreError::Retry(_) | StoreError::Unknown(_)) {
            tokio::time::sleep(Duration::from_millis(5 << count.min(7))).await;
        }
        Ok(None)
    }

    /// As [`Self::settle`], for a deed that announces its change: when a commit was not answered, the mark that it left
    /// in the outbox tells whether it happened. What the changed object looks like cannot tell: by now somebody else
    /// may have changed it further, or have made the same change.
    ///
    /// # Errors
    /// As [`Self::settle`], and never a fault that the deed's own success has caused.
    pub(crate) async fn settle_change(
        &self,
        store: &dyn Store,
        mut outcome: Result<(), Attempt>,
    ) -> Result<Option<()>, Fault> {
        loop {
            let answer = self.settle(outcome).await;
            if !self.in_doubt() || matches!(answer, Ok(Some(()))) {
                return answer;
            }
            match (self.happened(store).await, answer) {
                (Ok(true), _) => return Ok(Some(())),
                (Ok(false), answer) => return answer,
                (Err(error), Ok(_)) => outcome = Err(error.into()),
                (Err(error), Err(_)) => return Err(StoreError::Unknown(error.to_string()).into()),
            }
        }
    }

    /// Tries a change of one batch until it is settled (see [`Self::settle_change`]). `once` is a try.
    ///
    /// # Errors
    /// As [`Self::settle_change`].
    pub(crate) async fn change<F>(&self, store: &dyn Store, mut once: impl FnMut() -> F) -> Result<(), Fault>
    where
        F: Future<Output = Result<(), Attempt>>,
    {
        loop {
            let outcome = once().await;
            if let Some(done) = self.settle_change(store, outcome).await? {
                return Ok(done);
            }
        }
    }

    async fn happened(&self, store: &dyn Store) -> Result<bool, StoreError> {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for mark in sent {
            if outbox::rows::holds(store, mark).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
