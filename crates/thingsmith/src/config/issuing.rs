//! `[issuing]`: how certificates and keys are made.

use std::num::NonZeroUsize;

use serde::Deserialize;

use crate::RsaKeyPoolSize;

/// How certificates and keys are made; what is not given has its default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuingSection {
    /// RSA keys kept ready for CreateKeysAndCertificate. With 0 it always answers that there are none.
    pub rsa_key_pool: Option<usize>,
    /// Threads that make RSA keys when nothing else wants the processor.
    pub rsa_key_threads: Option<NonZeroUsize>,
}

impl IssuingSection {
    /// The size of the pool of RSA keys.
    pub fn rsa_keys(&self) -> RsaKeyPoolSize {
        let default = RsaKeyPoolSize::default();
        RsaKeyPoolSize {
            keys: self.rsa_key_pool.unwrap_or(default.keys),
            threads: self.rsa_key_threads.unwrap_or(default.threads),
        }
    }
}
