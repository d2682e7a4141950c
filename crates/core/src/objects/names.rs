//! Names of buckets and keys of objects.

/// Checks the name of a bucket that a customer makes (S3 guide, "General purpose bucket naming rules").
///
/// # Errors
/// What is wrong with it.
pub fn check_bucket(name: &str) -> Result<(), &'static str> {
    if !(3..=63).contains(&name.len()) {
        return Err("A bucket's name has 3 to 63 characters.");
    }
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if !name
        .bytes()
        .all(|byte| alphanumeric(byte) || matches!(byte, b'-' | b'.'))
    {
        return Err("A bucket's name has lower-case letters, digits, hyphens and dots only.");
    }
    let ends = [name.as_bytes()[0], name.as_bytes()[name.len() - 1]];
    if !ends.into_iter().all(alphanumeric) {
        return Err("A bucket's name begins and ends with a letter or a digit.");
    }
    if name.contains("..") {
        return Err("A bucket's name has no two dots together.");
    }
    if name.parse::<std::net::Ipv4Addr>().is_ok() {
        return Err("A bucket's name is no IP address.");
    }
    let reserved = ["xn--", "sthree-", "amzn-s3-demo-"];
    let endings = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];
    if reserved.iter().any(|prefix| name.starts_with(prefix)) || endings.iter().any(|end| name.ends_with(end))
    {
        return Err("This beginning or end of a bucket's name is reserved.");
    }
    Ok(())
}

/// Checks the key of an object: 1 to 1,024 bytes (S3 guide, "Object key naming guidelines").
///
/// # Errors
/// What is wrong with it.
pub fn check_key(key: &str) -> Result<(), &'static str> {
    match key.len() {
        1..=1024 => Ok(()),
        _ => Err("A key has 1 to 1024 bytes."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_buckets_are_checked() {
        for good in ["abc", "my.bucket-1", "0-0", "a.b", &"a".repeat(63)] {
            assert_eq!(check_bucket(good), Ok(()), "{good}");
        }
        for wrong in [
            "",
            "ab",
            &"a".repeat(64),
            "Abc",
            "a_b",
            "-ab",
            "ab-",
            ".ab",
            "ab.",
            "a..b",
            "192.168.5.4",
            "xn--abc",
            "abc-s3alias",
            "a/b",
            "\u{e4}\u{e4}\u{e4}",
        ] {
            assert!(check_bucket(wrong).is_err(), "{wrong}");
        }
    }
}
