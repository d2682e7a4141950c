//! AWS's published service models: which operations a service has, where their members travel in HTTP, and which
//! lengths, patterns, ranges and enumerations AWS enforces.
//!
//! The models are the trimmed files of `testdata/aws-models/`, carried in the binary. [`ServiceModel::route`] finds
//! the operation that a request means, [`ServiceModel::value_from_text`] reads a label, query parameter or header,
//! and [`ServiceModel::validate`] is the one place that enforces constraints, in AWS's words. Nothing here knows
//! what an operation does.

mod error;
mod metadata;
mod operation;
mod pattern;
mod read;
mod route;
mod service;
mod shape;
mod text;
mod uri;
mod validate;

pub use error::AwsModelError;
pub use metadata::{Metadata, Protocol};
pub use operation::{HttpBinding, OperationModel};
pub use pattern::Pattern;
pub use route::Route;
pub use service::{Service, ServiceModel};
pub use shape::{Constraints, ErrorModel, Location, Member, Shape, ShapeId, ShapeKind, TimestampFormat};
pub use uri::{Label, UriTemplate};
pub use validate::{InputError, Violation, Violations};
