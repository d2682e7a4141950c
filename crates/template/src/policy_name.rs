//! The name of a policy that a template brings along as a document.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The name under which a policy with this document is kept: 40 hexadecimal digits in capitals, as AWS's names look. The same
/// document, byte for byte, has the same name, so that devices of one template share one policy.
///
/// AWS does not say what it hashes and how. These are the first 160 bits of the SHA-256, since documents may hold what devices
/// say of themselves, and two documents with the same SHA-1 can be made.
pub fn policy_name(document: &str) -> String {
    Sha256::digest(document)
        .iter()
        .take(20)
        .fold(String::with_capacity(40), |mut name, byte| {
            write!(name, "{byte:02X}").expect("a string takes what is written to it");
            name
        })
}

#[cfg(test)]
mod tests {
    use super::policy_name;

    #[test]
    fn a_name_is_the_beginning_of_the_documents_hash() {
        // FIPS 180-4, the example "abc".
        assert_eq!(policy_name("abc"), "BA7816BF8F01CFEA414140DE5DAE2223B00361A3");
        assert_ne!(policy_name("{}"), policy_name("{ }"));
    }
}
