//! The device's side: a private key that stays here, a certificate, a connection that publishes and subscribes, and the
//! ways by which a device comes to its certificate.
//!
//! It knows nothing of the server's inside: what it does, any device does with any MQTT client.

mod client;
mod device;
mod directory;
mod error;
mod identity;
mod pace;
mod payload;
mod provisioning;

pub use client::{Client, Message, Options};
pub use device::{Claim, Device, Lasting, Progress};
pub use directory::{Change, Directory, Endpoint, Kept, Pending, Record, Request, Stage};
pub use error::AgentError;
pub use identity::{Authority, DeviceKey, Identity};
pub use pace::{Backoff, Pace, SystemPace};
pub use payload::Format;
pub use provisioning::{Created, Creation, Parameters, Provisioning, Registered};
