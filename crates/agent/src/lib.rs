//! The device's side: a private key that stays here, a certificate, and a connection that publishes and subscribes.
//!
//! It knows nothing of the server's inside: what it does, any device does with any MQTT client.

mod client;
mod error;
mod identity;

pub use client::{Client, Message, Options};
pub use error::AgentError;
pub use identity::{Authority, DeviceKey, Identity};
