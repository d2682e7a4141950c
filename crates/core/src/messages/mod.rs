//! Messages between clients: who subscribes to what, and the way of a message to them.

mod clients;
mod router;

pub use clients::{Clients, Seat};
pub use router::{Delivery, QueueLimits, Router, Subscriber};
