//! Copies of payloads.

use bytes::Bytes;

/// Most bytes of a short payload: what devices mostly send.
const SHORT: usize = 128;

/// A short payload. [`Bytes`] keep it in one allocation with its count, where others make a second one when they are
/// first shared.
struct Short {
    bytes: [u8; SHORT],
    length: usize,
}

impl AsRef<[u8]> for Short {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// A copy of a payload, which keeps nothing else alive.
pub(crate) fn copied(payload: &[u8]) -> Bytes {
    let length = payload.len();
    if length > SHORT {
        return Bytes::copy_from_slice(payload);
    }
    let mut bytes = [0; SHORT];
    bytes[..length].copy_from_slice(payload);
    Bytes::from_owner(Short { bytes, length })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_says_the_same_at_any_length() {
        let payload: Vec<u8> = (0..=255).cycle().take(1_000).collect();
        for length in [0, 1, SHORT - 1, SHORT, SHORT + 1, 1_000] {
            let copy = copied(&payload[..length]);
            assert_eq!(copy, payload[..length]);
            assert_eq!(copy.clone(), copy);
        }
    }
}
