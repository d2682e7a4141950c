//! Times in headers (RFC 9110, 5.6.7).

use thingsmith_model::Timestamp;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

const IMF: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

pub(super) fn http_date(time: Timestamp) -> String {
    OffsetDateTime::from_unix_timestamp(time.as_seconds())
        .ok()
        .and_then(|time| time.format(IMF).ok())
        .unwrap_or_default()
}

/// The seconds of a date; nothing for what is none, which is to be ignored.
pub(super) fn read_http_date(text: &str) -> Option<i64> {
    let time = PrimitiveDateTime::parse(text.trim(), IMF).ok()?;
    Some(time.assume_utc().unix_timestamp())
}
