//! The AWS HTTP edge: one port on which every AWS service that Thingsmith speaks is answered.
//!
//! A request passes these stations, each in a module of its own: its signature is read and verified ([`auth`]), the
//! service model says which operation it means and [`protocol`] reads its members, the model's constraints are enforced,
//! the caller's permission is decided, and only then an operation ([`Operation`]) looks at anything. One operation is one
//! file; each service has one table of them ([`iam`], [`iot`], [`lambda`], [`sts`]).

mod api;
pub mod auth;
mod config;
mod context;
mod dispatch;
pub mod iam;
pub mod iot;
pub mod iot_data;
pub mod lambda;
mod operation;
mod own;
mod pages;
pub mod protocol;
mod readiness;
mod s3;
mod server;
mod service;
pub mod sts;
mod tls;

pub use api::Api;
pub use config::Config;
pub use context::Context;
pub use operation::{Empty, Http, Operation};
pub use server::{serve, serve_tls};
pub use service::{Entry, Service};
pub use tls::{Tls, TlsError};

#[cfg(test)]
mod compatibility_tests;
#[cfg(test)]
mod model_tests;
