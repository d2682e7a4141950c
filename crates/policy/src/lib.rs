//! The policy language of AWS IoT and IAM: one JSON grammar, one matcher, one order of evaluation.
//!
//! IoT policies decide what a device may do (`iot:Connect`, `iot:Publish`...), IAM policies of access keys and
//! roles decide the control plane. A [`Document`] is parsed once, holds its patterns compiled and never changes;
//! [`evaluate`] answers one [`Request`] against any number of them without touching a clock, a socket or a store.
//! What the request is about comes through [`Variables`]; [`IotContext`] is the one of the device gateway.
//!
//! Which documents apply to a principal, and the exception an API caller sees, are decided elsewhere.

mod certificate;
mod compare;
mod condition;
mod context;
mod date;
mod elements;
mod error;
mod evaluate;
mod explain;
mod json;
mod parse;
mod pattern;
mod trust;
mod variables;

pub use certificate::{AlternativeName, CertificateAttribute, CertificateFacts, NameFacts};
pub use context::{ConnectAttributes, IotContext, ThingFacts};
pub use error::PolicyError;
pub use evaluate::{DecidedBy, Decision, Request, Verdict, evaluate};
pub use explain::{DocumentMatch, Explanation, explain};
pub use parse::{Document, Effect, Language};
pub use trust::{Assuming, Trust, TrustPolicy};
pub use variables::{Key, Values, Variables};

#[cfg(test)]
mod tests;
