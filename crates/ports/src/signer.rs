//! Private keys that sign and are never seen.

use async_trait::async_trait;
use thiserror::Error;

/// A private key of an issuing CA, wherever it lives: in memory, in a token, in another service.
#[async_trait]
pub trait Signer: Send + Sync + 'static {
    /// How this key signs.
    fn algorithm(&self) -> SignatureAlgorithm;

    /// Signs the SHA-256 of `message`; the signature is in the form that X.509 wants.
    ///
    /// # Errors
    /// When the key's owner does not sign.
    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError>;
}

/// The signature algorithms that an issuing CA may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// ecdsa-with-SHA256, over P-256
    EcdsaP256Sha256,
    /// sha256WithRSAEncryption
    RsaSha256,
}

/// Why a key did not sign.
#[derive(Debug, Error)]
#[error("the key did not sign: {reason}")]
pub struct SignerError {
    /// What the key's owner said.
    pub reason: String,
}
