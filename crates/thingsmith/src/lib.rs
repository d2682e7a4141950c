//! The one program: reads its configuration, wires the edges to the deeds, and serves.
//!
//! It is a library so that tests and benchmarks can start the very server that `main` starts.

pub mod commands;
pub mod config;
mod files;
mod say;
mod wiring;
mod world;

pub use wiring::{Server, StartError};
pub use world::{SystemClock, SystemRandom};
