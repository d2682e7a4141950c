//! PostgreSQL's errors in the words of the port.

use std::error::Error as _;
use std::io;

use thingsmith_ports::StoreError;
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, Severity, SqlState};

/// An error of step `step`, or of a read, before COMMIT was sent: nothing happened.
pub(crate) fn error(cause: &Error, step: usize) -> StoreError {
    let Some(refusal) = cause.as_db_error() else {
        return if lost(cause) {
            StoreError::Retry(describe(cause))
        } else {
            StoreError::other(describe(cause))
        };
    };
    if refusal.code() == &SqlState::UNIQUE_VIOLATION {
        StoreError::Duplicate(step)
    } else if passes(refusal) {
        StoreError::Retry(describe(cause))
    } else {
        StoreError::other(describe(cause))
    }
}

/// Whether the same words may find the server in a better mood.
fn passes(refusal: &DbError) -> bool {
    const PASSING: [SqlState; 10] = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
        // The statement's deadline.
        SqlState::QUERY_CANCELED,
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        SqlState::CONNECTION_FAILURE,
    ];
    PASSING.contains(refusal.code())
}

/// Whether a connection could not be made for a reason that may pass: anything but the server's own no.
pub(crate) fn connecting_may_pass(cause: &Error) -> bool {
    cause.as_db_error().is_none_or(passes)
}

/// Whether the connection is gone, or goes with this error.
pub(crate) fn lost(cause: &Error) -> bool {
    match cause.as_db_error() {
        Some(refusal) => !matches!(refusal.parsed_severity(), Some(Severity::Error)),
        None => {
            cause.is_closed()
                || cause
                    .source()
                    .is_some_and(<dyn std::error::Error>::is::<io::Error>)
        }
    }
}

/// The error and its causes in one line. Of a refusal only the message and the code: its details quote rows.
pub(crate) fn describe(cause: &Error) -> String {
    if let Some(refusal) = cause.as_db_error() {
        return format!("{} (SQLSTATE {})", refusal.message(), refusal.code().code());
    }
    let mut text = cause.to_string();
    let mut next = cause.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}
