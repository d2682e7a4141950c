//! The device gateway, through its front door.

mod admission;
mod changes;
mod connect_policies;
mod events;
mod hostile;
mod https;
mod lab;
mod live;
mod messages;
mod refusals;
mod sessions;
mod slow;
mod whole;
mod wire;
