//! Secrets at rest: sealed with AES-256-GCM under a key that is not in the store.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

/// The key that seals private keys and secrets in the store. All nodes of a store share it.
#[derive(Clone)]
pub struct SealKey {
    bytes: Zeroizing<[u8; 32]>,
}

/// Why something was not sealed or opened.
#[derive(Debug, Error)]
pub enum SealError {
    /// The sealed bytes are not what this key sealed under this name.
    #[error("what is kept as {0} was sealed with another seal key, or it is damaged")]
    WrongKey(String),
    /// The cipher failed.
    #[error("the cipher failed")]
    Cipher,
}

impl SealKey {
    /// The key with these bytes, which are wiped from where they were.
    pub fn new(bytes: &mut [u8; 32]) -> Self {
        let key = Self {
            bytes: Zeroizing::new(*bytes),
        };
        bytes.zeroize();
        key
    }

    /// Seals a secret under a name, which must be given again to open it.
    ///
    /// # Errors
    /// When the cipher fails.
    pub fn seal(&self, name: &str, secret: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut sealed = secret.to_vec();
        let nonce = self
            .cipher()?
            .seal_in_place_append_tag(Aad::from(name.as_bytes()), &mut sealed)
            .map_err(|_| SealError::Cipher)?;
        Ok([nonce.as_ref().as_slice(), &sealed].concat())
    }

    /// Opens what was sealed under a name.
    ///
    /// # Errors
    /// When it was not sealed with this key under this name.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let wrong = || SealError::WrongKey(name.to_owned());
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(wrong)?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self
            .cipher()?
            .open_in_place(Nonce::from(nonce), Aad::from(name.as_bytes()), &mut body)
            .map_err(|_| wrong())?
            .len();
        body.truncate(length);
        Ok(body)
    }

    /// A seal key for another purpose, so that the nodes that share this one share it too.
    pub(crate) fn derive(&self, purpose: &str) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, self.bytes.as_ref());
        let tag = hmac::sign(&root, purpose.as_bytes());
        let mut bytes = Zeroizing::new([0; 32]);
        bytes.copy_from_slice(tag.as_ref());
        Self { bytes }
    }

    /// A key for another purpose, so that the nodes that share the seal key share it too.
    pub(crate) fn derive_hmac_key(&self, purpose: &str) -> hmac::Key {
        let root = hmac::Key::new(hmac::HMAC_SHA256, self.bytes.as_ref());
        hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&root, purpose.as_bytes()).as_ref())
    }

    fn cipher(&self) -> Result<RandomizedNonceKey, SealError> {
        RandomizedNonceKey::new(&AES_256_GCM, self.bytes.as_ref()).map_err(|_| SealError::Cipher)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_under_its_name_and_key_only() {
        let key = SealKey::new(&mut [7; 32]);
        let sealed = key.seal("a", b"secret").unwrap();
        assert_eq!(key.open("a", &sealed).unwrap().as_slice(), b"secret");
        assert!(key.open("b", &sealed).is_err());
        assert!(SealKey::new(&mut [8; 32]).open("a", &sealed).is_err());
        assert!(key.open("a", &sealed[..10]).is_err());
        let mut damaged = sealed.clone();
        damaged[14] ^= 1;
        assert!(key.open("a", &damaged).is_err());
        assert_ne!(key.seal("a", b"secret").unwrap(), sealed, "a nonce is used once");
    }
}
