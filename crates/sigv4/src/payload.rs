//! The hash of a request's body, and the words that stand in its place.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::hex;

/// The SHA-256 of a request's body. A caller that reads the body in pieces may bring the hash itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PayloadHash(Option<[u8; 32]>);

impl PayloadHash {
    /// Instead of a hash, where whoever signs does not know the body: presigned requests to S3.
    pub const UNSIGNED: Self = Self(None);

    /// Hashes a body.
    pub fn of(body: &[u8]) -> Self {
        Self(Some(Sha256::digest(body).into()))
    }

    /// The hash with this value, computed elsewhere.
    pub const fn from_sha256(digest: [u8; 32]) -> Self {
        Self(Some(digest))
    }

    /// The hash as a canonical request has it: 64 lower-case hexadecimal digits, or the word for none.
    pub fn to_hex(self) -> String {
        match self.0 {
            Some(digest) => hex::encode(&digest),
            None => UNSIGNED.to_owned(),
        }
    }
}

impl fmt::Debug for PayloadHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

/// What a request to S3 says of its body, before the body comes (S3 API reference, "Authenticating Requests").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclaredPayload {
    /// Its SHA-256.
    Sha256([u8; 32]),
    /// Nothing.
    Unsigned,
    /// It comes in chunks.
    Chunked {
        /// Each chunk is signed.
        signed: bool,
        /// Header fields, such as a checksum, follow the last one.
        trailer: bool,
    },
}

impl DeclaredPayload {
    pub(crate) fn parse(word: &str) -> Option<Self> {
        let chunked = |signed, trailer| Some(Self::Chunked { signed, trailer });
        match word {
            UNSIGNED => Some(Self::Unsigned),
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => chunked(false, true),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => chunked(true, false),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => chunked(true, true),
            _ => hex::decode(word).map(Self::Sha256),
        }
    }
}

pub(crate) const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
