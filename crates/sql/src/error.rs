//! What is wrong with a statement, and why an evaluation was given up.

use thiserror::Error;

/// Why a text is no statement. Message and place are meant for whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{problem} at line {line}, column {column}")]
pub struct SqlError {
    /// Line of the fault, from 1.
    pub line: usize,
    /// Column of the fault in characters, from 1.
    pub column: usize,
    /// What is wrong, lower case and without a full stop.
    pub problem: String,
}

impl SqlError {
    /// The fault at a byte offset of the text.
    pub(crate) fn at(text: &str, offset: usize, problem: impl Into<String>) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            problem: problem.into(),
        }
    }
}

/// Why an evaluation came to no result. What a statement merely does not find is Undefined and no error.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EvalError {
    /// A value grew beyond what a message may hold.
    #[error("a value of the statement is larger than {limit} bytes")]
    TooLarge {
        /// The most bytes of a value.
        limit: usize,
    },
    /// A value was nested deeper than is good for whoever reads it.
    #[error("a value of the statement is nested deeper than {limit} levels")]
    TooDeep {
        /// The most levels.
        limit: usize,
    },
    /// The statement asks for more work than one message may cost.
    #[error("the statement takes too many steps for this message")]
    TooMuchWork,
    /// The statement calls other services too often for one message.
    #[error("the statement calls functions of other services more than {limit} times")]
    TooManyCalls {
        /// The most calls.
        limit: usize,
    },
    /// An expression of a substitution template has no value that is a text.
    #[error("the expression {expression} of the substitution template is Undefined")]
    Undefined {
        /// The expression as it is written, cut to 128 characters.
        expression: String,
    },
}
