//! Behaviour tests.

#![allow(clippy::unwrap_used, reason = "a test that does not find what it needs fails")]

mod caller;
mod clients;
mod durability;
mod gateway;
mod http;
mod server;
