//! The outcomes of functions that fail, in the forms that AWS's clients know.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use thingsmith_model::Timestamp;
use thingsmith_ports::{Failed, Outcome};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

/// The outcome of an error that the function, or its runtime, described itself.
pub(crate) fn described(error: Bytes) -> Outcome {
    Outcome {
        payload: error,
        failed: Some(Failed::Unhandled),
        log_tail: Bytes::new(),
    }
}

/// The outcome of an error of this type.
pub(crate) fn of_type(error_type: &str, message: &str) -> Outcome {
    let error = json!({ "errorMessage": message, "errorType": error_type });
    described(error.to_string().into())
}

/// The outcome of a function that did not answer within a time. The form is that of the Lambda Developer Guide, "Configure
/// Lambda function timeout".
pub(crate) fn timed_out(now: Timestamp, request_id: &str, limit: Duration) -> Outcome {
    let message = format!(
        "{} {request_id} Task timed out after {:.2} seconds",
        written(now),
        limit.as_secs_f64()
    );
    Outcome {
        payload: json!({ "errorMessage": message }).to_string().into(),
        failed: Some(Failed::TimedOut),
        log_tail: Bytes::new(),
    }
}

/// A time as logs have it: `2026-11-27T02:53:30.123Z`.
pub(crate) fn written(time: Timestamp) -> String {
    const FORM: &[BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    let nanoseconds = i128::from(time.as_millis()) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds)
        .ok()
        .and_then(|time| time.to_offset(UtcOffset::UTC).format(FORM).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_out_is_worded_as_aws_does() {
        let outcome = timed_out(
            Timestamp::from_millis(1_795_293_330_007),
            "4bf3",
            Duration::from_secs(3),
        );
        assert_eq!(outcome.failed, Some(Failed::TimedOut));
        assert_eq!(
            outcome.payload,
            r#"{"errorMessage":"2026-11-21T20:35:30.007Z 4bf3 Task timed out after 3.00 seconds"}"#
        );
    }
}
