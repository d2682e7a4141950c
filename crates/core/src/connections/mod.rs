//! Connections of devices: who may come in, and what a connection may do.
//!
//! A gateway asks [`admit`] with the certificate that a client has proven to hold, or proves a [`Signatory`], and then asks a
//! [`Principal`] before each connect, publish, subscribe and delivery.

mod admission;
mod just_in_time;
mod permitted;
mod principal;
mod propagation;
mod refusal;
pub mod rows;
mod signatory;
mod watches;

pub use admission::{Admission, FirstConnection, Shown, admit};
pub(crate) use just_in_time::Flights;
pub use permitted::TopicAction;
pub use principal::{Answer, ConnectFacts, DecidingStatement, Principal, Proof};
pub(crate) use principal::{certificate_facts, rights};
pub use refusal::{Because, JustInTime, Refusal};
pub use signatory::{Signatory, SignatoryError};
pub(crate) use watches::Watch;
pub use watches::Watches;
