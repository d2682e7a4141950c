//! Behaviour tests.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that does not find what it needs fails, and one that is skipped or counts says so"
)]

mod caller;
mod clients;
mod durability;
mod fleet;
mod gateway;
mod http;
mod operating;
mod receiver;
mod server;
