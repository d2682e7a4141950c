//! A key in memory that signs.

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use thingsmith_ports::{SignatureAlgorithm, Signer, SignerError};

/// A P-256 key in memory.
pub(super) struct MemorySigner {
    key: EcdsaKeyPair,
}

impl MemorySigner {
    pub(super) fn from_pkcs8(der: &[u8]) -> Result<Self, SignerError> {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der)
            .map(|key| Self { key })
            .map_err(|cause| SignerError {
                reason: format!("it is no P-256 key: {cause}"),
            })
    }
}

#[async_trait]
impl Signer for MemorySigner {
    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::EcdsaP256Sha256
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        self.key
            .sign(&SystemRandom::new(), message)
            .map(|signature| signature.as_ref().to_vec())
            .map_err(|cause| SignerError {
                reason: cause.to_string(),
            })
    }
}
