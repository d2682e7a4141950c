//! What is wrong with a word.

use thiserror::Error;

/// Why a text is not one of the words of this crate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ModelError {
    /// The text is shorter or longer than the word allows.
    #[error("{what} must have {minimum} to {maximum} characters, this has {length}")]
    Length {
        /// The kind of word, for people.
        what: &'static str,
        /// Characters given.
        length: usize,
        /// Fewest characters allowed.
        minimum: usize,
        /// Most characters allowed.
        maximum: usize,
    },
    /// The text holds a character that the word does not allow.
    #[error("{what} must not contain {character:?}")]
    Character {
        /// The kind of word, for people.
        what: &'static str,
        /// The first character that is not allowed.
        character: char,
    },
    /// The text is not of the word's form.
    #[error("{text:?} is not {what}")]
    Form {
        /// The kind of word, with its article.
        what: &'static str,
        /// What was given, cut to 128 characters.
        text: String,
    },
}

impl ModelError {
    /// Builds a [`ModelError::Form`], cutting long input so that a stranger cannot fill a log.
    pub(crate) fn form(what: &'static str, text: &str) -> Self {
        Self::Form {
            what,
            text: text.chars().take(128).collect(),
        }
    }
}
