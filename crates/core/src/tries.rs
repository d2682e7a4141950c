//! Reading, writing once, and starting again.
//!
//! A deed reads what it needs, then sends one batch whose guards prove that what it read still holds. When a guard
//! fails somebody else was faster, and the deed looks again.

use std::time::Duration;

use thingsmith_ports::StoreError;

use crate::Fault;

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

/// The tries of one deed.
#[derive(Default)]
pub(crate) struct Tries {
    count: u32,
    unknown: bool,
}

impl Tries {
    /// Whether an earlier try may have done the deed: then finding it done is success.
    pub(crate) fn unknown(&self) -> bool {
        self.unknown
    }

    /// Gives back the answer of a try, or `None` after a pause when the deed is to try again.
    ///
    /// # Errors
    /// The deed's own fault, or that of the store after too many tries.
    pub(crate) async fn settle<T>(&mut self, outcome: Result<T, Attempt>) -> Result<Option<T>, Fault> {
        let error = match outcome {
            Ok(done) => return Ok(Some(done)),
            Err(Attempt::Fault(fault)) => return Err(fault),
            Err(Attempt::Again(error)) => error,
        };
        self.count += 1;
        self.unknown |= matches!(error, StoreError::Unknown(_));
        if self.count >= LIMIT {
            return Err(match error {
                StoreError::Duplicate(_) | StoreError::Guard(_) => {
                    StoreError::Retry(error.to_string()).into()
                }
                error => error.into(),
            });
        }
        // Losing a race is settled by reading again at once; a busy or lost store wants a moment.
        if matches!(error, StoreError::Retry(_) | StoreError::Unknown(_)) {
            tokio::time::sleep(Duration::from_millis(5 << self.count.min(7))).await;
        }
        Ok(None)
    }
}
