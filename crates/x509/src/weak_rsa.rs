//! RSA moduli that are known to be easy to factor.

/// Whether one of the primes below 752 divides the modulus, a big-endian number. Large public authorities look
/// for these (Baseline Requirements 6.1.6).
pub(crate) fn has_small_factor(modulus: &[u8]) -> bool {
    (2..752)
        .filter(|number| {
            (2..*number)
                .take_while(|divisor| divisor * divisor <= *number)
                .all(|divisor| number % divisor != 0)
        })
        .any(|prime| remainder(modulus, prime) == 0)
}

/// Whether the modulus is of the form that Infineon's RSALib made until 2017 (Nemec and others, "The Return of
/// Coppersmith's Attack", CCS 2017, section 3): modulo each of many small primes it is a power of 65537. A
/// modulus made at random is so with a chance far below one in a million million.
pub(crate) fn has_roca_fingerprint(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|prime| {
        let remainder = remainder(modulus, *prime);
        let mut power = 1;
        // The powers repeat after fewer than `prime` steps.
        (0..*prime).any(|_| {
            power = power * 65_537 % prime;
            power == remainder
        })
    })
}

/// The remainder of a big-endian number, four bytes at a time. Divisors are below 2^31.
fn remainder(number: &[u8], divisor: u64) -> u64 {
    let (first, words) = number.split_at(number.len() % 4);
    std::iter::once(first)
        .chain(words.chunks_exact(4))
        .fold(0, |remainder, word| {
            word.iter()
                .fold(remainder, |number, byte| number << 8 | u64::from(*byte))
                % divisor
        })
}

/// The odd primes whose product divides the generator's constant for every length of key.
const PRIMES: [u64; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remainder_is_taken_of_a_long_number() {
        assert_eq!(remainder(&[1, 0, 0], 751), 65_536 % 751);
        assert_eq!(remainder(&[0xff; 32], 3), 0);
        assert_eq!(remainder(&[], 3), 0);
        let bytewise = |number: &[u8]| {
            number
                .iter()
                .fold(0, |rest, byte| (rest << 8 | u64::from(*byte)) % 743)
        };
        for length in 0..70 {
            let number: Vec<u8> = (0..length)
                .map(|byte| byte * 37 + 11)
                .map(|byte: u32| byte as u8)
                .collect();
            assert_eq!(remainder(&number, 743), bytewise(&number), "{length}");
        }
    }

    #[test]
    fn a_small_factor_is_found() {
        // 751 is the largest; 757 * 761 has none.
        assert!(has_small_factor(&(751_u32 * 757).to_be_bytes()));
        assert!(!has_small_factor(&(757_u32 * 761).to_be_bytes()));
    }

    #[test]
    fn a_power_of_the_generator_has_the_fingerprint() {
        // 65537^2, and a neighbour.
        assert!(has_roca_fingerprint(&4_295_098_369_u64.to_be_bytes()));
        assert!(!has_roca_fingerprint(&4_295_098_371_u64.to_be_bytes()));
    }
}
