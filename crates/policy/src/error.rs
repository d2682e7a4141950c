//! What is wrong with a policy document.

use thiserror::Error;

/// Why a text is no policy document. All but the first two name the element, as in `Statement[1].Effect`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// The document has more characters than the language allows, white space not counted.
    #[error("the document has {length} characters that are not white space, at most {limit} are allowed")]
    TooLong {
        /// Characters given, or a lower bound of them where the raw text alone is too long.
        length: usize,
        /// Most characters allowed.
        limit: usize,
    },
    /// The text is not one JSON value.
    #[error("the document is not valid JSON (line {line}, column {column})")]
    Json {
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault, from 1.
        column: usize,
    },
    /// An element has a JSON type that it cannot have.
    #[error("{place} must be {expected}")]
    Type {
        /// The element.
        place: String,
        /// What it must be, with its article.
        expected: &'static str,
    },
    /// The grammar has no such element, or not in this kind of policy (`Principal`).
    #[error("{place} is not an element of this kind of policy")]
    UnknownElement {
        /// The element.
        place: String,
    },
    /// An element stands twice in the same object.
    #[error("{place} is given twice")]
    Duplicate {
        /// The element.
        place: String,
    },
    /// A required element is absent.
    #[error("{place} is missing")]
    Missing {
        /// The element.
        place: String,
    },
    /// An element and its negation stand in the same statement.
    #[error("{place} cannot stand beside its negation")]
    Contradiction {
        /// The element that is not negated.
        place: String,
    },
    /// A list or a text that must hold something is empty.
    #[error("{place} is empty")]
    Empty {
        /// The element.
        place: String,
    },
    /// An element's text is not one of those allowed there.
    #[error("{place} is {text:?}, it must be {expected}")]
    Value {
        /// The element.
        place: String,
        /// What was given, cut to 128 characters.
        text: String,
        /// What it must be, with its article.
        expected: &'static str,
    },
    /// A `${...}` is not closed, or its inside is not a variable.
    #[error("{place} holds a variable that {problem}")]
    Variable {
        /// The element.
        place: String,
        /// What is wrong with it, to follow "a variable that".
        problem: &'static str,
    },
}

impl PolicyError {
    /// The element at fault, or `None` when it is the document as a whole.
    pub fn place(&self) -> Option<&str> {
        match self {
            Self::TooLong { .. } | Self::Json { .. } => None,
            Self::Type { place, .. }
            | Self::UnknownElement { place }
            | Self::Duplicate { place }
            | Self::Missing { place }
            | Self::Contradiction { place }
            | Self::Empty { place }
            | Self::Value { place, .. }
            | Self::Variable { place, .. } => Some(place),
        }
    }

    /// Builds a [`PolicyError::Value`], cutting long input so that a stranger cannot fill a log.
    pub(crate) fn value(place: &str, text: &str, expected: &'static str) -> Self {
        Self::Value {
            place: place.to_owned(),
            text: text.chars().take(128).collect(),
            expected,
        }
    }
}
