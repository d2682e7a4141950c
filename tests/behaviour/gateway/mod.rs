//! The device gateway, through its front door.

mod admission;
mod changes;
mod connect_policies;
mod hostile;
mod lab;
mod messages;
mod mqtt5;
mod refusals;
mod sessions;
mod slow;
mod whole;
mod wire;
