//! Which names an account may take, and those that are made for it.

use thingsmith_model::Region;
use thingsmith_ports::Random;

use crate::Fault;

/// A name under this server's own for a configuration without one. 100 bits, so that nobody finds it by trying; longer than
/// the prefix of an account's endpoint, so that it is none.
pub(super) fn generate(random: &dyn Random, region: &Region, server: &str) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut bytes = [0; 20];
    random.fill(&mut bytes);
    let label: String = bytes
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect();
    format!("d{label}-ats.iot.{region}.{server}")
}

/// Checks a name that an account brings, and gives it back in lower case.
///
/// # Errors
/// `InvalidRequestException` for what is no name of a host, and for names that are this server's own or that it makes.
pub(super) fn checked(given: &str, server: &str) -> Result<String, Fault> {
    let wrong = |why: &str| Fault::invalid(format!("domainName {given} {why}."));
    let name = given.to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if name.len() > 253 || !name.contains('.') || !name.split('.').all(label) {
        return Err(wrong("is not a fully qualified domain name"));
    }
    // A client sends no server name for an address (RFC 6066, section 3).
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong("is an address, not a domain name"));
    }
    let below = name.strip_suffix(server).and_then(|rest| rest.strip_suffix('.'));
    if name == server || below.is_some_and(|below| below.contains(".iot.")) {
        return Err(wrong("is one of this server's own names"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::checked;

    #[test]
    fn a_name_of_a_host_is_taken_in_lower_case() {
        for (given, taken) in [
            ("IoT.Example.com", "iot.example.com"),
            ("a.localhost", "a.localhost"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("1.example", "1.example"),
        ] {
            assert_eq!(checked(given, "localhost").unwrap(), taken);
        }
        let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
        assert_eq!(checked(&longest, "localhost").unwrap(), longest);
    }

    #[test]
    fn what_is_none_or_this_servers_own_is_refused() {
        for wrong in [
            "example",
            "a..b",
            ".a.b",
            "a.b.",
            "-a.b",
            "a-.b",
            "a_b.c",
            "*.a.b",
            "a b.c",
            "ü.example",
            "127.0.0.1",
            "::1",
            "iot:Data-ATS 1",
            "abc-ats.iot.us-east-1.localhost",
            "ABC.iot.us-east-1.LOCALHOST",
            "localhost",
        ] {
            assert!(checked(wrong, "localhost").is_err(), "{wrong}");
        }
        assert!(checked("things.example", "things.example").is_err());
        assert!(checked(&format!("{}.b", "a".repeat(64)), "localhost").is_err());
        let long = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(62));
        assert!(checked(&long, "localhost").is_err());
    }
}
