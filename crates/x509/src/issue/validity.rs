//! The times of a certificate.

use thingsmith_model::Timestamp;
use time::OffsetDateTime;

use crate::CertificateError;
use crate::der::{self, element};

/// Writes the first and last second of validity.
pub(super) fn der(not_before: Timestamp, not_after: Timestamp) -> Result<Vec<u8>, CertificateError> {
    if not_after < not_before {
        return Err(CertificateError::Validity);
    }
    Ok(element(der::SEQUENCE, &[&time(not_before)?, &time(not_after)?]))
}

/// RFC 5280 4.1.2.5: two digits of the year from 1950 through 2049, four otherwise.
fn time(time: Timestamp) -> Result<Vec<u8>, CertificateError> {
    let time =
        OffsetDateTime::from_unix_timestamp(time.as_seconds()).map_err(|_| CertificateError::Validity)?;
    let year = time.year();
    if !(0..=9999).contains(&year) {
        return Err(CertificateError::Validity);
    }
    let (month, day) = (u8::from(time.month()), time.day());
    let (hour, minute, second) = time.to_hms();
    let pair = |number: i32| u8::try_from(number).map_err(|_| CertificateError::Validity);
    let (century, year_of_century) = (pair(year / 100)?, pair(year % 100)?);
    let rest = [year_of_century, month, day, hour, minute, second].map(digits);
    Ok(if (1950..2050).contains(&year) {
        element(der::UTC_TIME, &[rest.as_flattened(), b"Z"])
    } else {
        element(
            der::GENERALIZED_TIME,
            &[&digits(century), rest.as_flattened(), b"Z"],
        )
    })
}

/// A number below 100 in two digits.
fn digits(number: u8) -> [u8; 2] {
    [b'0' + number / 10, b'0' + number % 10]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(seconds: i64) -> String {
        let written = time(Timestamp::from_seconds(seconds)).unwrap();
        String::from_utf8(written[2..].to_vec()).unwrap()
    }

    #[test]
    fn the_form_changes_in_1950_and_2050() {
        assert_eq!(text(2_524_607_999), "491231235959Z");
        assert_eq!(text(2_524_608_000), "20500101000000Z");
        assert_eq!(text(-631_152_000), "500101000000Z");
        assert_eq!(text(-631_152_001), "19491231235959Z");
        assert_eq!(text(253_402_300_799), "99991231235959Z");
    }

    #[test]
    fn what_no_certificate_can_state_is_refused() {
        let seconds = Timestamp::from_seconds;
        for (not_before, not_after) in [(1, 0), (0, 253_402_300_800), (-62_167_219_201, 0), (0, i64::MAX)] {
            let written = der(seconds(not_before), seconds(not_after));
            assert_eq!(
                written,
                Err(CertificateError::Validity),
                "{not_before} {not_after}"
            );
        }
    }
}
