//! New RSA keys, which cost too much to be made while somebody waits.

use std::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

/// A source of new RSA-2048 keys.
pub trait RsaKeys: Send + Sync + 'static {
    /// Takes a key from the supply; none when it is used up for now. Never waits.
    fn take(&self) -> Option<RsaKey>;

    /// How many keys are ready to be taken.
    fn ready(&self) -> usize;

    /// Makes a key on the caller's thread, which takes about a tenth of a second, at times a whole one.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    fn make(&self) -> Result<RsaKey, RsaKeyError>;
}

/// An RSA-2048 key that was given to nobody before. Its private half is wiped when it is dropped.
pub struct RsaKey {
    /// The private key, PKCS #8.
    pub private_key: Zeroizing<Vec<u8>>,
    /// The public key, SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaKey")
    }
}

/// Why no key was made.
#[derive(Debug, Error)]
#[error("no RSA key can be made: {reason}")]
pub struct RsaKeyError {
    /// What the library said.
    pub reason: String,
}
