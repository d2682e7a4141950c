//! Time.

use thingsmith_model::Timestamp;

/// Tells the time. Tests turn theirs by hand.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}
