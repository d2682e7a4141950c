//! Who calls, and whether they may.

mod acting;
mod authorize;
mod facts;
mod pass_role;
mod s3;

pub(crate) use acting::ActingCaller;
pub(crate) use authorize::{authorize, refused};
pub(crate) use facts::With;
pub(crate) use pass_role::may_pass_role;
pub(crate) use s3::{prove_head, prove_link};
pub use thingsmith_core::callers::{AccessKeys, Caller, ConfiguredKey, KeysError, Permission, UnknownKeys};
pub(crate) use thingsmith_core::callers::{Claim, ProvenHead, RequestFacts, claim};
