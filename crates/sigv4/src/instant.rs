//! The times that a signature speaks of: `20261121T203530Z`, or an HTTP date.

use thingsmith_model::Timestamp;
use time::format_description::well_known::Rfc2822;
use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

/// Reads ISO 8601's basic format in UTC, whole seconds.
pub(crate) fn parse_basic(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| {
        bytes[range].iter().try_fold(0_u16, |number, byte| {
            byte.is_ascii_digit()
                .then(|| number * 10 + u16::from(byte - b'0'))
        })
    };
    let small = |start: usize| number(start..start + 2).and_then(|number| u8::try_from(number).ok());
    let year = i32::from(number(0..4)?);
    let date = Date::from_calendar_date(year, Month::try_from(small(4)?).ok()?, small(6)?).ok()?;
    let time = Time::from_hms(small(9)?, small(11)?, small(13)?).ok()?;
    Some(Timestamp::from_seconds(
        date.with_time(time).assume_utc().unix_timestamp(),
    ))
}

/// Reads the date of an HTTP or mail header, as `Date` has it when a client signs that instead.
pub(crate) fn parse_http(text: &str) -> Option<Timestamp> {
    let time = OffsetDateTime::parse(text.trim(), &Rfc2822).ok()?;
    Some(Timestamp::from_seconds(time.unix_timestamp()))
}

/// Writes ISO 8601's basic format in UTC. Years outside 0 to 9999 become the nearest time inside.
pub(crate) fn basic(time: Timestamp) -> String {
    const FIRST: i64 = -62_167_219_200; // 0000-01-01T00:00:00Z
    const LAST: i64 = 253_402_300_799; // 9999-12-31T23:59:59Z
    let time = OffsetDateTime::from_unix_timestamp(time.as_seconds().clamp(FIRST, LAST))
        .expect("clamped to years of four digits")
        .to_offset(UtcOffset::UTC);
    let (year, month, day) = time.to_calendar_date();
    let (hour, minute, second) = time.to_hms();
    format!(
        "{year:04}{:02}{day:02}T{hour:02}{minute:02}{second:02}Z",
        u8::from(month)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_and_written() {
        let time = parse_basic("20261121T203530Z").unwrap();
        assert_eq!(time, Timestamp::from_seconds(1_795_293_330));
        assert_eq!(basic(time), "20261121T203530Z");
        assert_eq!(parse_http("Sat, 21 Nov 2026 20:35:30 GMT"), Some(time));
        assert_eq!(parse_http("Sat, 21 Nov 2026 20:35:30 -0000"), Some(time));
        assert_eq!(basic(Timestamp::from_millis(i64::MAX)), "99991231T235959Z");
        assert_eq!(basic(Timestamp::from_millis(i64::MIN)), "00000101T000000Z");
    }

    #[test]
    fn a_time_of_another_form_is_refused() {
        for wrong in [
            "",
            "20261121",
            "20261321T203530Z",
            "20260230T203530Z",
            "20261121T243530Z",
            "20261121T203530",
            "2026-11-21T20:35:30Z",
            "+0261121T203530Z",
            "20261121T2035é0Z",
        ] {
            assert_eq!(parse_basic(wrong), None, "{wrong}");
        }
        assert_eq!(parse_http("yesterday"), None);
    }
}
