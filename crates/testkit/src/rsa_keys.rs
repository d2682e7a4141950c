//! RSA keys that were made long ago.

use std::sync::atomic::{AtomicUsize, Ordering};

use thingsmith_ports::{RsaKey, RsaKeyError, RsaKeys};
use zeroize::Zeroizing;

/// A supply of the few keys of `testdata/rsa-keys`, again and again: new ones would take a tenth of a second each.
#[derive(Debug)]
pub struct TestRsaKeys {
    left: AtomicUsize,
    given: AtomicUsize,
}

impl Default for TestRsaKeys {
    /// A supply of 64 keys.
    fn default() -> Self {
        Self {
            left: AtomicUsize::new(64),
            given: AtomicUsize::new(0),
        }
    }
}

impl TestRsaKeys {
    /// Says how many keys are ready from now on.
    pub fn refill(&self, keys: usize) {
        self.left.store(keys, Ordering::SeqCst);
    }

    fn next(&self) -> RsaKey {
        let number = self.given.fetch_add(1, Ordering::SeqCst);
        let (private_key, public_key) = KEYS[number % KEYS.len()];
        RsaKey {
            private_key: Zeroizing::new(private_key.to_vec()),
            public_key: public_key.to_vec(),
        }
    }
}

impl RsaKeys for TestRsaKeys {
    fn take(&self) -> Option<RsaKey> {
        self.left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            .ok()
            .map(|_| self.next())
    }

    fn ready(&self) -> usize {
        self.left.load(Ordering::SeqCst)
    }

    fn make(&self) -> Result<RsaKey, RsaKeyError> {
        Ok(self.next())
    }
}

const KEYS: [(&[u8], &[u8]); 2] = [
    (
        include_bytes!("../../../testdata/rsa-keys/1.pkcs8.der"),
        include_bytes!("../../../testdata/rsa-keys/1.spki.der"),
    ),
    (
        include_bytes!("../../../testdata/rsa-keys/2.pkcs8.der"),
        include_bytes!("../../../testdata/rsa-keys/2.spki.der"),
    ),
];
