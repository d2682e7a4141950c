//! Times as S3 writes them: those of headers (RFC 9110, 5.6.7) and those of documents (RFC 3339).

use thingsmith_model::Timestamp;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

const IMF: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// The time of a header.
pub(crate) fn of_header(text: &str) -> Option<Timestamp> {
    let time = PrimitiveDateTime::parse(text.trim(), IMF).ok()?;
    Some(Timestamp::from_seconds(time.assume_utc().unix_timestamp()))
}

/// The time of a document, in whole seconds, as headers have it.
pub(crate) fn of_document(text: &str) -> Option<Timestamp> {
    let time = OffsetDateTime::parse(text.trim(), &Rfc3339).ok()?;
    Some(Timestamp::from_seconds(time.unix_timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_mean_the_same() {
        let time = of_header("Fri, 27 Nov 2026 10:11:26 GMT");
        assert!(time.is_some());
        for text in [
            "2026-11-27T10:11:26.000Z",
            "2026-11-27T10:11:26Z",
            "2026-11-27T10:11:26.987Z",
        ] {
            assert_eq!(of_document(text), time);
        }
        assert_eq!(of_header("yesterday"), None);
        assert_eq!(of_document("yesterday"), None);
    }
}
