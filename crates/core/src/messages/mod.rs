//! Messages between clients: who subscribes to what, the way of a message to them, and what is kept of it.

mod members;
mod memory;
mod publish;
mod queue;
pub mod retained;
mod router;
mod schema;
pub mod sessions;
mod shared;
mod stored;
mod sweep;
pub mod user_properties;
pub mod wills;

pub use members::Members;
pub use publish::{ForSessions, pass_on, publish, refusal};
pub(crate) use queue::Queue;
pub use queue::{Deliveries, Delivery, QueueLimits};
pub use router::{Routed, Router, Subscriber, ToKeep};
pub use schema::MIGRATIONS;
pub use shared::{Shared, hand_on};
pub use stored::{LONGEST_EXPIRY_SECONDS, Stored};
pub use sweep::{reset, sweep};
