//! Object identifiers, as DER contents without tag and length.

pub(crate) const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
pub(crate) const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x0e];
pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
pub(crate) const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x23];
/// 1.2.840.10045.4.3.2
pub(crate) const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// 1.2.840.113549.1.1.11
pub(crate) const SHA256_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];

/// The dotted form. Numbers beyond 64 bits, which nobody has, end it.
pub(crate) fn to_text(content: &[u8]) -> String {
    let mut numbers: Vec<u64> = Vec::new();
    let mut number: u64 = 0;
    for byte in content {
        let Some(shifted) = number.checked_mul(128) else {
            break;
        };
        number = shifted | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if numbers.is_empty() {
                // X.690 8.19.4: the first two numbers are one, of which the first is 0, 1 or 2.
                let first = (number / 40).min(2);
                numbers.push(first);
                number -= first * 40;
            }
            numbers.push(number);
            number = 0;
        }
    }
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    numbers.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_dotted() {
        assert_eq!(to_text(SHA256_WITH_RSA), "1.2.840.113549.1.1.11");
        assert_eq!(to_text(&[0x2b, 0x65, 0x70]), "1.3.101.112");
        assert_eq!(to_text(&[0x88, 0x37]), "2.999");
        assert_eq!(to_text(&[0xff; 20]), "");
    }
}
