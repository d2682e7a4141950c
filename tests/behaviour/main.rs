//! Behaviour tests.

mod caller;
mod clients;
mod durability;
mod http;
mod server;
