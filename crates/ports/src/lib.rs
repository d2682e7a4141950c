//! What the deeds need from the world, as traits, and the suites that every implementation must pass.

mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
mod functions;
mod objects;
mod random;
mod rsa_keys;
mod signer;
mod store;
mod web;

pub use clock::Clock;
pub use functions::{
    Call, Failed, FunctionCredentials, FunctionKind, Functions, NoFunctions, Outcome, RunError, Runnable,
    Supplies, SupplyError,
};
pub use objects::{
    Bucket, Condition, NewObject, NoObjects, Object, ObjectBytes, ObjectError, Objects, Owner,
};
pub use random::Random;
pub use rsa_keys::{RsaKey, RsaKeyError, RsaKeys};
pub use signer::{SignatureAlgorithm, Signer, SignerError};
pub use store::{
    Batch, Engine, FromValue, Hold, Migration, MigrationError, Row, Statement, Step, Store, StoreError, Value,
};
pub use web::{NoWeb, Web, WebError, WebRequest};
