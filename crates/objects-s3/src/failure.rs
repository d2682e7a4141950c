//! What the other server says when it does not do what it is asked.

use bytes::Bytes;
use thingsmith_ports::ObjectError;

use crate::xml;

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    NoSuchBucket,
    NoSuchKey,
    /// A condition of the request does not hold.
    Condition,
    /// The range begins behind the last byte.
    Range,
    /// Its code: the server does not let this one do it.
    Refused(String),
    /// The server does not answer, or not as it should.
    Unavailable(String),
    /// Whoever sends the bytes failed, or sent too many.
    Given(ObjectError),
}

impl Failure {
    /// What a refusal of this status and body says.
    pub(crate) fn of(status: u16, body: &Bytes) -> Self {
        let code = xml::text_of(body, "Code").unwrap_or_default();
        match (status, code.as_str()) {
            (404, "NoSuchBucket") => Self::NoSuchBucket,
            // A HEAD brings no code along.
            (404, "NoSuchKey" | "") => Self::NoSuchKey,
            (412, _) => Self::Condition,
            (416, _) => Self::Range,
            // Another region's server than the one that is signed for sends on to it.
            (300..=399 | 401 | 403, "") => Self::Refused(format!("status {status}")),
            (300..=399 | 401 | 403, code) => Self::Refused(code.to_owned()),
            (400, "ExpiredToken" | "InvalidToken" | "AuthorizationHeaderMalformed" | "KeyTooLongError") => {
                Self::Refused(code)
            }
            (_, "") => Self::Unavailable(format!("it answers with status {status}")),
            (_, code) => Self::Unavailable(format!("it answers {code} (status {status})")),
        }
    }

    /// As the keeper's users have it. `here` names the place for the log and for messages.
    pub(crate) fn told(self, here: &str) -> ObjectError {
        match self {
            Self::NoSuchBucket => ObjectError::NoSuchBucket,
            Self::NoSuchKey => ObjectError::NoSuchKey,
            Self::Condition => ObjectError::ConditionFailed,
            Self::Given(error) => error,
            Self::Refused(code) => {
                tracing::error!(code, here, "the endpoint of objects refuses this server");
                ObjectError::Refused(format!("{here} refuses this server ({code})"))
            }
            Self::Range => unavailable("it knows of no such range", here),
            Self::Unavailable(reason) => unavailable(&reason, here),
        }
    }
}

fn unavailable(reason: &str, here: &str) -> ObjectError {
    tracing::error!(reason, here, "the endpoint of objects failed");
    ObjectError::Unavailable(format!("{here} failed: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart() {
        let of = |status, code: &str| {
            let body =
                format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>m</Message></Error>");
            Failure::of(status, &body.into())
        };
        assert_eq!(of(404, "NoSuchKey"), Failure::NoSuchKey);
        assert_eq!(of(404, "NoSuchBucket"), Failure::NoSuchBucket);
        assert_eq!(of(412, "PreconditionFailed"), Failure::Condition);
        assert_eq!(of(416, "InvalidRange"), Failure::Range);
        assert_eq!(of(403, "AccessDenied"), Failure::Refused("AccessDenied".into()));
        assert_eq!(
            of(301, "PermanentRedirect"),
            Failure::Refused("PermanentRedirect".into())
        );
        assert!(matches!(of(500, "InternalError"), Failure::Unavailable(_)));
        assert_eq!(Failure::of(404, &Bytes::new()), Failure::NoSuchKey);
        assert_eq!(
            Failure::of(403, &"<html>".into()),
            Failure::Refused("status 403".into())
        );
        assert!(matches!(
            Failure::of(502, &"no XML <".into()),
            Failure::Unavailable(_)
        ));
    }
}
