//! The key that signs for one day, region and service.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::Scope;

/// A key derived from an access key's secret for one [`Scope`]. It is worth caching for that day: with it a
/// verification costs one HMAC instead of five. It is wiped from memory when dropped.
#[derive(Clone)]
pub struct SigningKey(Zeroizing<[u8; 32]>);

impl SigningKey {
    /// Derives the key of a scope from the secret access key.
    pub fn derive(secret: &str, scope: &Scope) -> Self {
        let mut start = Zeroizing::new(Vec::with_capacity(4 + secret.len()));
        start.extend_from_slice(b"AWS4");
        start.extend_from_slice(secret.as_bytes());
        let date = hmac(&start, scope.date.as_bytes());
        let region = hmac(&*date, scope.region.as_bytes());
        let service = hmac(&*region, scope.service.as_bytes());
        Self(hmac(&*service, b"aws4_request"))
    }

    pub(crate) fn sign(&self, text: &str) -> [u8; 32] {
        *hmac(&*self.0, text.as_bytes())
    }

    /// Whether `signature` is this key's for `text`, in a time that does not depend on where they differ.
    pub(crate) fn verifies(&self, text: &str, signature: &[u8; 32]) -> bool {
        self.sign(text).ct_eq(signature).into()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

fn hmac(key: &[u8], data: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(data);
    Zeroizing::new(mac.finalize().into_bytes().into())
}
