//! The hash of a request's body.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::hex;

/// The SHA-256 of a request's body. A caller that reads the body in pieces may bring the hash itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PayloadHash([u8; 32]);

impl PayloadHash {
    /// Hashes a body.
    pub fn of(body: &[u8]) -> Self {
        Self(Sha256::digest(body).into())
    }

    /// The hash with this value, computed elsewhere.
    pub const fn from_sha256(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The hash as a canonical request has it, 64 lower-case hexadecimal digits.
    pub fn to_hex(self) -> String {
        hex::encode(&self.0)
    }
}

impl fmt::Debug for PayloadHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}
