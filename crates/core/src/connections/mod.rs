//! Connections of devices: who may come in, and what a connection may do.
//!
//! A gateway asks [`admit`] with the certificate that a client has proven to hold, and then a [`Principal`] before each
//! connect, publish, subscribe and delivery.

mod admission;
mod principal;
mod propagation;
pub mod rows;
mod watches;

pub use admission::{Admission, Refusal, admit};
pub use principal::{Answer, ConnectFacts, DecidingStatement, Principal};
pub(crate) use principal::{certificate_facts, rights};
pub(crate) use watches::Watch;
pub use watches::Watches;
