//! The signatures of a body's chunks: each covers the one before it, the first that of the request (S3 API reference,
//! "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks").

use sha2::{Digest, Sha256};

use crate::{Scope, SigV4Error, SigningKey, hex};

/// The signatures of the chunks that come next.
pub struct ChunkSignatures {
    key: SigningKey,
    time: String,
    scope: String,
    previous: String,
}

impl ChunkSignatures {
    pub(crate) fn new(key: SigningKey, time: String, scope: &Scope, seed: &[u8; 32]) -> Self {
        Self {
            key,
            time,
            scope: scope.to_string(),
            previous: hex::encode(seed),
        }
    }

    /// Verifies the signature of the next chunk, whose bytes have this SHA-256.
    ///
    /// # Errors
    /// [`SigV4Error::Mismatch`]
    pub fn chunk(&mut self, sha256: [u8; 32], signature: &str) -> Result<(), SigV4Error> {
        let nothing = hex::encode(&Sha256::digest(b"").into());
        let rest = format!("{nothing}\n{}", hex::encode(&sha256));
        self.verify("AWS4-HMAC-SHA256-PAYLOAD", &rest, signature)
    }

    /// Verifies the signature of the header fields behind the last chunk, which in their canonical form (`name:value` and a
    /// line feed each) have this SHA-256.
    ///
    /// # Errors
    /// [`SigV4Error::Mismatch`]
    pub fn trailer(&mut self, sha256: [u8; 32], signature: &str) -> Result<(), SigV4Error> {
        self.verify("AWS4-HMAC-SHA256-TRAILER", &hex::encode(&sha256), signature)
    }

    fn verify(&mut self, algorithm: &str, rest: &str, signature: &str) -> Result<(), SigV4Error> {
        let (time, scope, previous) = (&self.time, &self.scope, &self.previous);
        let text = format!("{algorithm}\n{time}\n{scope}\n{previous}\n{rest}");
        let given = hex::decode(signature).ok_or(SigV4Error::Mismatch)?;
        if !self.key.verifies(&text, &given) {
            return Err(SigV4Error::Mismatch);
        }
        self.previous = hex::encode(&given);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of S3's API reference.
    fn example() -> ChunkSignatures {
        let scope = Scope {
            date: "20130524".into(),
            region: "us-east-1".into(),
            service: "s3".into(),
        };
        let key = SigningKey::derive("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", &scope);
        let seed = hex::decode("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9").unwrap();
        ChunkSignatures::new(key, "20130524T000000Z".into(), &scope, &seed)
    }

    const SIGNATURES: [&str; 3] = [
        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
    ];

    #[test]
    fn the_chunks_of_the_api_reference_verify() {
        let mut signatures = example();
        for (length, signature) in [65536, 1024, 0].into_iter().zip(SIGNATURES) {
            let sha256 = Sha256::digest(vec![b'a'; length]).into();
            signatures.chunk(sha256, signature).unwrap();
        }
    }

    #[test]
    fn a_chunk_that_was_changed_or_moved_does_not() {
        let first = Sha256::digest(vec![b'a'; 65536]).into();
        let second = Sha256::digest(vec![b'a'; 1024]).into();
        let wrong = Err(SigV4Error::Mismatch);
        assert_eq!(example().chunk(second, SIGNATURES[0]), wrong);
        assert_eq!(example().chunk(second, SIGNATURES[1]), wrong);
        assert_eq!(example().chunk(first, "ad80"), wrong);
        assert_eq!(example().trailer(first, SIGNATURES[0]), wrong);
        let mut signatures = example();
        signatures.chunk(first, SIGNATURES[0]).unwrap();
        assert_eq!(signatures.chunk(first, SIGNATURES[0]), wrong);
    }
}
