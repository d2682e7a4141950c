//! Who calls, and whether they may.

mod acting;
mod authorize;
mod facts;
mod pass_role;

pub(crate) use acting::ActingCaller;
pub(crate) use authorize::{authorize, refused};
pub(crate) use facts::With;
pub(crate) use pass_role::may_pass_role;
pub use thingsmith_core::callers::{AccessKeys, Caller, ConfiguredKey, KeysError, Permission, UnknownKeys};
pub(crate) use thingsmith_core::callers::{Claim, RequestFacts, claim};
