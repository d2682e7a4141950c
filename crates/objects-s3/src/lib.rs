//! Objects at another server that speaks S3: AWS's own, MinIO, another Thingsmith.
//!
//! [`Remote`] keeps the buckets of all realms in one bucket of that server, below a prefix, so that nodes which share a store
//! share their objects too. [`Mounted`] lets a realm use buckets of that server as they are, beside those that another keeper
//! keeps.
//!
//! Bodies pass through in pieces: what is read is a response that is read as slowly as it is asked for, and what is put is
//! sent in parts as soon as there is more of it than [`PART_BYTES`].

mod connections;
mod endpoint;
mod failure;
mod headers;
mod mounted;
mod names;
mod place;
mod putting;
mod reading;
mod remote;
mod signed;
mod times;
mod xml;

pub use endpoint::{Config, ConfigError, Endpoint};
pub use mounted::{Mount, Mounted};
pub use place::Place;
pub use remote::{Limits, Remote};

/// Bytes that are sent at once. An object of more goes in parts of this size, and of one that is being put so many are in memory.
pub const PART_BYTES: usize = 8 << 20;
/// Most bytes of an object: as many parts as S3 takes, with room to spare.
pub const MOST_OBJECT_BYTES: u64 = 64 << 30;
