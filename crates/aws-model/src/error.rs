//! What is wrong with a service model.

use thiserror::Error;

/// Why a text is not a service model. The models that the binary carries are read by tests.
#[derive(Debug, Error)]
pub enum AwsModelError {
    /// The text is not JSON, or not in the schema of `testdata/aws-models/README.md`.
    #[error("the service model is not readable: {0}")]
    Json(#[from] serde_json::Error),
    /// A member, list, map or operation names a shape that the model does not have.
    #[error("{place} refers to the shape {shape}, which the model does not have")]
    UnknownShape {
        /// What refers to the shape.
        place: String,
        /// The name that is missing.
        shape: String,
    },
    /// A shape lacks what its type needs.
    #[error("the shape {shape} is a {kind} without its {missing}")]
    Incomplete {
        /// The shape's name.
        shape: String,
        /// The shape's type.
        kind: &'static str,
        /// The attribute that is missing.
        missing: &'static str,
    },
    /// A request URI is not a path of literals and labels.
    #[error("{uri:?} is not a URI template")]
    Uri {
        /// The URI, as the model has it.
        uri: String,
    },
    /// A pattern does not translate into a regular expression of bounded size.
    #[error("the pattern {pattern:?} does not translate: {cause}")]
    Pattern {
        /// The pattern, as the model has it.
        pattern: String,
        /// What the regular expression engine says.
        cause: Box<regex::Error>,
    },
}
