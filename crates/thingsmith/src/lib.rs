//! The one program: reads its configuration, wires the edges to the deeds, and serves.
//!
//! It is a library so that tests and benchmarks can start the very server that `main` starts.

mod admin;
pub mod commands;
pub mod config;
mod control;
mod endpoints;
mod files;
mod records;
mod rsa_key_pool;
mod say;
mod wiring;
mod world;

pub use endpoints::Endpoints;
pub use rsa_key_pool::{RsaKeyPool, RsaKeyPoolSize};
pub use wiring::{Server, StartError};
pub use world::{SystemClock, SystemRandom};
