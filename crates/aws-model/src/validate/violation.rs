//! What is wrong with an input, in AWS's words.

use std::fmt;

use thiserror::Error;

/// Why an input is not one that its operation takes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InputError {
    /// A value has the wrong type: AWS answers `SerializationException`, or the service's own word for it.
    #[error("{} must be {expected}, not {found}", Place(.path))]
    Serialization {
        /// The member, as in a violation; empty for the input as a whole.
        path: String,
        /// What the model has there.
        expected: &'static str,
        /// What the input has there.
        found: &'static str,
    },
    /// Values of the right type break constraints. The message is AWS's own.
    #[error("{0}")]
    Constraints(Violations),
}

/// All that an input violates; the first 32 are kept, the rest are counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Violations {
    kept: Vec<Violation>,
    count: usize,
}

/// One constraint that one member breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The member, `attributePayload.attributes` or `tags.1.member.key` for instance.
    pub path: String,
    /// The value, cut to 256 characters; none where it may not be shown.
    pub value: Option<String>,
    /// The constraint in AWS's words.
    pub rule: String,
    /// Whether the member is absent.
    pub absent: bool,
}

/// Most violations that one message tells: a request of a megabyte may break tens of thousands.
const KEPT: usize = 32;

impl Violations {
    pub(super) fn push(&mut self, violation: Violation) {
        self.count += 1;
        if self.kept.len() < KEPT {
            self.kept.push(violation);
        }
    }

    /// Whether nothing is violated.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many there are, those that were not kept included.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Those that were kept, in the model's order.
    pub fn kept(&self) -> &[Violation] {
        &self.kept
    }
}

impl Violation {
    pub(super) fn new(path: &str, value: Option<String>, rule: String) -> Self {
        Self {
            path: path.to_owned(),
            value,
            rule,
            absent: false,
        }
    }

    pub(super) fn absent(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            value: None,
            rule: "Member must not be null".to_owned(),
            absent: true,
        }
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.count == 1 { "" } else { "s" };
        write!(f, "{} validation error{plural} detected: ", self.count)?;
        for (at, violation) in self.kept.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { "; " })?;
            write!(f, "{violation}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "Value '{value}' at ")?,
            None if self.absent => f.write_str("Value null at ")?,
            None => f.write_str("Value at ")?,
        }
        write!(f, "'{}' failed to satisfy constraint: {}", self.path, self.rule)
    }
}

/// A member in a message; the input as a whole has no name.
struct Place<'a>(&'a str);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => f.write_str("the input"),
            path => write!(f, "'{path}'"),
        }
    }
}
