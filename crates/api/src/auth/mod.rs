//! Who calls, and whether they may.

mod acting;
mod authorize;
mod caller;
mod facts;
mod keys;
mod pass_role;
mod verify;

pub(crate) use acting::ActingCaller;
pub(crate) use authorize::{authorize, refused, verdict};
pub use caller::{Caller, Permission};
pub(crate) use facts::{RequestFacts, With};
pub use keys::{AccessKeys, ConfiguredKey, KeysError, UnknownKeys};
pub(crate) use pass_role::may_pass_role;
pub(crate) use verify::{Claim, ProvenHead, claim, prove_link};
