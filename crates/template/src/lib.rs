//! Provisioning templates (AWS IoT guide, "Provisioning templates"): JSON that says which thing, certificate and policies a
//! device gets, with parameters and functions.
//!
//! A [`Template`] is parsed once and never changes; a device's [`Values`] make it a [`Plan`]. Nothing here knows the registry:
//! somebody else carries the plan out, and says whether its names are names that the registry takes.

mod document;
mod error;
mod evaluate;
mod expression;
mod json;
mod mappings;
mod members;
mod overrides;
mod place;
mod plan;
mod policy_name;
mod resolve;
mod resources;
mod substitution;
mod template;
mod usage;
mod values;

pub use error::TemplateError;
pub use plan::{
    CertificateSource, CertificateStatus, Named, OnExisting, Plan, PlannedCertificate, PlannedPolicy,
    PlannedThing, ThingOverrides,
};
pub use policy_name::policy_name;
pub use template::{MOST_CHARACTERS, Parameter, Template};
pub use usage::Use;
pub use values::{Values, certificate};

#[cfg(test)]
mod tests;
