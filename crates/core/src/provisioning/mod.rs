//! Provisioning: the ways in that have a template.
//!
//! Each way in resolves its template into a plan. Behind them all is one room, [`register_thing`], which carries a plan
//! out as one batch: a device is registered whole or not at all.

mod certificate;
mod just_in_time;
mod place;
mod policies;
mod register_thing;
mod single_thing;
mod thing;

pub(crate) use just_in_time::provision_just_in_time;
pub use just_in_time::{NotProvisioned, Step};
pub(crate) use register_thing::{Along, Standing, register_thing_with};
pub use register_thing::{Bearer, Registered, register_thing};
pub use single_thing::register_single_thing;
