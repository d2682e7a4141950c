//! The gate before real clients: rustls, openssl, mosquitto and Python, in TLS 1.2 and 1.3.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot be set up fails, and one that cannot be run says so"
)]

mod bounds;
mod clients;
mod doors;
mod matrix;
mod server;
mod verdict;
