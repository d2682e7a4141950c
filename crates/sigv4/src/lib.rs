//! AWS Signature Version 4: reading the signature of an HTTP request, verifying it, and making one.
//!
//! A [`Request`] is what came over the wire, unchanged: nothing may decode or normalise the target first.
//! [`SignedRequest::parse`] says who claims to have sent it; the caller looks up that access key, derives or
//! recalls its [`SigningKey`], and calls [`SignedRequest::verify`]. [`sign`] and [`presign`] are the other
//! side. Whether the access key may do what it asks, and in which region, is not decided here.
//!
//! The scheme is described in AWS's guide "AWS Signature Version 4 for API requests"; where the guide is
//! silent, the AWS SDK for Python is followed, and its signatures are the test cases in `testdata/sigv4`.

mod authorization;
mod canonical;
mod chunks;
mod error;
mod hex;
mod instant;
mod key;
mod payload;
mod query;
mod request;
mod scope;
mod sign;
mod signed_request;
mod version2;

pub use chunks::ChunkSignatures;
pub use error::{ErrorKind, SigV4Error};
pub use key::SigningKey;
pub use payload::{DeclaredPayload, PayloadHash};
pub use request::Request;
pub use scope::{Credential, Scope};
pub use sign::{Signer, presign, sign};
pub use signed_request::{Rules, SignedRequest};
pub use version2::LinkV2;

/// The one algorithm that is understood. The asymmetric variant (`AWS4-ECDSA-P256-SHA256`) is not.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
