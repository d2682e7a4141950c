//! Times as AWS writes them in text.

use thingsmith_model::Timestamp;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time in whole seconds, such as `2026-01-31T12:00:00Z`.
pub fn iso8601(time: Timestamp) -> String {
    OffsetDateTime::from_unix_timestamp(time.as_seconds())
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned())
}
