//! Provisioning templates (AWS IoT guide, "Provisioning templates"): JSON that says which thing, certificate and policies a
//! device gets, with parameters and functions.
//!
//! Nothing here knows the registry: a template and a device's values come to a [`Plan`], which somebody else carries out.

mod plan;

pub use plan::{
    CertificateSource, CertificateStatus, Named, OnExisting, Plan, PlannedCertificate, PlannedPolicy,
    PlannedThing, ThingOverrides,
};
