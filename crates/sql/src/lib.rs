//! AWS IoT SQL: the statements of topic rules and the templates in their actions.
//!
//! A [`Statement`] is parsed once and evaluated for every [`Message`]; a [`Substitution`] is a text with `${expression}` in
//! it. Nothing here touches a clock, a socket or a store: a function that needs another service ends the evaluation with
//! [`Step::Call`], the caller answers and evaluates again. Values and work are bounded, whatever a statement and a payload
//! are together.
//!
//! Which rules there are, what their actions do and who may call what is decided elsewhere.

mod error;
mod evaluate;
mod functions;
mod json;
mod lex;
mod message;
mod number;
mod operators;
mod parse;
mod statement;
mod syntax;
mod value;
mod version;

pub use error::{EvalError, SqlError};
pub use functions::External;
pub use message::{Answer, ExternalCall, Message, Outcome, Output, Properties, Step};
pub use number::Decimal;
pub use statement::{Statement, Substitution};
pub use value::{Array, Object, Value};
pub use version::{Version, VersionError};

#[cfg(test)]
mod tests;
