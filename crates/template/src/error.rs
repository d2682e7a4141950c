//! What is wrong with a template, or with the values that it was given.

use thiserror::Error;

use crate::place::Place;

/// Why a text is no template, or why a template does not come to a plan. All but the first two name the place, as in
/// `Resources.thing.Properties.ThingName`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// The template has more characters than the language allows.
    #[error("the template has {length} characters, at most {limit} are allowed")]
    TooLong {
        /// Characters given, or a lower bound of them.
        length: usize,
        /// Most characters allowed.
        limit: usize,
    },
    /// The text is not one JSON value.
    #[error("the template is not valid JSON (line {line}, column {column})")]
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
    /// The language has no such element.
    #[error("{place} is not known here, only {known}")]
    Unknown {
        /// The element.
        place: String,
        /// What may stand there.
        known: String,
    },
    /// AWS has this element, this server does not.
    #[error("{place} is not supported by this server")]
    Unsupported {
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
    /// Two elements stand beside each other of which there may be one.
    #[error("{place} cannot stand beside {other}")]
    Contradiction {
        /// The element.
        place: String,
        /// The other one.
        other: &'static str,
    },
    /// There are two resources of a type of which a template has one.
    #[error("{place} is the second {resource_type}, a template has at most one")]
    Second {
        /// The second one.
        place: String,
        /// The type.
        resource_type: &'static str,
    },
    /// A text is not one of those allowed there.
    #[error("{place} is {text:?}, it must be {expected}")]
    Value {
        /// The element.
        place: String,
        /// What was given, cut to 128 characters.
        text: String,
        /// What it must be, with its article.
        expected: &'static str,
    },
    /// The language has no such function.
    #[error(
        "{place} is not a function of templates: Ref, Fn::Join, Fn::Select, Fn::FindInMap, Fn::Split and Fn::Sub are"
    )]
    UnknownFunction {
        /// The function, whose name is the last part.
        place: String,
    },
    /// A `${...}` of `Fn::Sub` cannot be read.
    #[error("{place} holds a ${{...}} that {problem}")]
    Substitution {
        /// The text.
        place: String,
        /// What is wrong with it, to follow "a ${...} that".
        problem: &'static str,
    },
    /// A parameter that is needed has neither a value nor a default.
    #[error("{place} needs the parameter {name}, which has no value")]
    MissingParameter {
        /// Where it is needed, or declared.
        place: String,
        /// The parameter, cut to 128 characters.
        name: String,
    },
    /// The mappings have no such entry.
    #[error("{place} looks for {key:?}, which {within} does not have")]
    NotMapped {
        /// The `Fn::FindInMap`.
        place: String,
        /// The name or key that is not there, cut to 128 characters.
        key: String,
        /// Where it was looked for.
        within: String,
    },
    /// `Fn::Select` asks for an item that the list does not have.
    #[error("{place} selects item {index} of a list of {length}")]
    OutOfBounds {
        /// The `Fn::Select`.
        place: String,
        /// The item, counted from 0.
        index: usize,
        /// The list's length.
        length: usize,
    },
    /// A value came to more text than is allowed.
    #[error("{place} comes to more than {limit} bytes of text")]
    TooLarge {
        /// The value.
        place: String,
        /// Most bytes allowed.
        limit: usize,
    },
    /// All values together came to more text than is allowed.
    #[error("the plan comes to more than {limit} bytes of text with {place}")]
    PlanTooLarge {
        /// The value with which the limit was passed.
        place: String,
        /// Most bytes allowed.
        limit: usize,
    },
    /// The template cannot be used in the way that it is meant to be.
    #[error("{place} must be {expected} in a template for {usage}")]
    Use {
        /// The element.
        place: String,
        /// What it must be.
        expected: &'static str,
        /// What the template is for.
        usage: &'static str,
    },
}

impl TemplateError {
    /// The element at fault, or `None` when it is the template as a whole.
    pub fn place(&self) -> Option<&str> {
        match self {
            Self::TooLong { .. } | Self::Json { .. } => None,
            Self::Type { place, .. }
            | Self::Unknown { place, .. }
            | Self::Unsupported { place }
            | Self::Duplicate { place }
            | Self::Missing { place }
            | Self::Contradiction { place, .. }
            | Self::Second { place, .. }
            | Self::Value { place, .. }
            | Self::UnknownFunction { place }
            | Self::Substitution { place, .. }
            | Self::MissingParameter { place, .. }
            | Self::NotMapped { place, .. }
            | Self::OutOfBounds { place, .. }
            | Self::TooLarge { place, .. }
            | Self::PlanTooLarge { place, .. }
            | Self::Use { place, .. } => Some(place),
        }
    }

    pub(crate) fn wrong_type(place: &Place<'_>, expected: &'static str) -> Self {
        Self::Type {
            place: place.to_string(),
            expected,
        }
    }

    pub(crate) fn value(place: &Place<'_>, text: &str, expected: &'static str) -> Self {
        Self::Value {
            place: place.to_string(),
            text: cut(text),
            expected,
        }
    }
}

/// The beginning of a text, so that a stranger cannot fill a log.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(128).collect()
}
