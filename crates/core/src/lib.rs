//! The deeds: what Thingsmith does with things, certificates, policies and connections.
//!
//! A deed is a function that takes the [`Deeds`] (everything it needs from the world), the realm in which it happens and
//! what its caller asks. It reads, then writes one guarded batch, and starts again when the guards do not hold. Edges
//! call deeds; deeds know no HTTP and no MQTT packets.

pub mod access_keys;
pub mod acting;
pub mod authorities;
pub mod billing_groups;
pub mod ca_certificates;
pub mod callers;
pub mod certificate_providers;
pub mod certificates;
pub mod claims;
pub mod clients;
pub mod connections;
pub mod decisions;
mod deeds;
pub mod domain_configurations;
pub mod events;
mod fault;
pub mod fleet_provisioning;
pub mod functions;
pub mod iam;
pub mod identity_policies;
mod iso8601;
pub mod layers;
pub mod logging;
pub mod managed_policies;
pub mod messages;
pub mod metrics;
mod numbers;
pub mod objects;
pub mod outbox;
mod pages;
pub mod policies;
pub mod provisioning;
pub mod provisioning_claims;
pub mod provisioning_templates;
pub mod quotas;
pub mod rates;
pub mod realms;
pub mod registration_codes;
pub mod reset;
pub mod role_aliases;
pub mod roles;
pub mod rules;
pub mod schema;
pub mod sessions;
pub mod settings;
pub mod tags;
pub mod thing_groups;
pub mod thing_registration_tasks;
pub mod thing_types;
pub mod things;
pub mod topic_rule_destinations;
pub mod topic_rules;
pub mod transfers;
mod tries;
pub mod user_keys;
pub mod users;

pub use authorities::SealKey;
pub use deeds::{Deeds, OpenError, World};
pub use fault::{Code, Fault};
pub use iso8601::iso8601;
pub use numbers::rows as number_rows;
pub use pages::{Page, PageRequest};
