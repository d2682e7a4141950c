//! The values of the language: JSON's and Undefined.

mod containers;

use std::fmt::Write as _;
use std::sync::Arc;

pub use containers::{Array, Object};

use crate::number::{Decimal, Rounding};

/// Longest text in bytes that can be a number.
const NUMBER_LENGTH: usize = 2048;

/// A value. Arrays, objects and texts are shared, so that copying one costs nothing.
#[derive(Debug, Clone)]
pub enum Value {
    /// Not a value: what is not there, or what a function makes of arguments that it cannot use.
    Undefined,
    /// JSON's null.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number of up to 34 digits.
    Int(i128),
    /// A number with a fraction, or one that a function made.
    Decimal(Decimal),
    /// A text.
    Text(Arc<str>),
    /// A list of values.
    Array(Arc<Array>),
    /// Values by name, in the order in which they came.
    Object(Arc<Object>),
}

impl Value {
    /// A text.
    pub(crate) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// A value that was optional.
    pub(crate) fn or_undefined(value: Option<impl Into<Self>>) -> Self {
        value.map_or(Self::Undefined, Into::into)
    }

    /// Whether it is [`Value::Undefined`].
    pub fn is_undefined(&self) -> bool {
        matches!(self, Self::Undefined)
    }

    /// The text, if it is one; nothing is converted.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The member of an object, else Undefined.
    pub fn member(&self, name: &str) -> Self {
        match self {
            Self::Object(object) => object.members.get(name).cloned().unwrap_or(Self::Undefined),
            _ => Self::Undefined,
        }
    }

    /// Converted to a text as the guide's table has it (data types, "To string"), or `None` for Null and Undefined.
    pub fn to_text(&self) -> Option<Arc<str>> {
        match self {
            Self::Undefined | Self::Null => None,
            Self::Text(text) => Some(text.clone()),
            other => Some(other.to_json().into()),
        }
    }

    /// Converted to a number ("To decimal"), or `None`.
    pub(crate) fn to_decimal(&self) -> Option<Decimal> {
        match self {
            Self::Int(value) => Some(Decimal::from(*value)),
            Self::Decimal(value) => Some(*value),
            // AWS's expression for texts takes no plus sign, neither before the number nor in its exponent.
            Self::Text(text) if text.len() <= NUMBER_LENGTH && !text.contains('+') => Decimal::parse(text),
            _ => None,
        }
    }

    /// Converted to a whole number, which is rounded down as the functions' tables have it. Numbers beyond 34 digits
    /// become the nearest one that is left.
    pub(crate) fn to_int(&self) -> Option<i128> {
        if let Self::Int(value) = self {
            return Some(*value);
        }
        let floor = self.to_decimal()?.round_to(0, Rounding::Floor);
        Some(
            floor
                .to_int()
                .unwrap_or(floor.signum() * (crate::number::INT_LIMIT - 1)),
        )
    }

    /// Converted to true or false ("To Boolean"), or `None`.
    pub(crate) fn to_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Self::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// Equality as the operator `=` has it, for values that are not Undefined.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(one), Self::Bool(two)) => one == two,
            (Self::Int(one), Self::Int(two)) => one == two,
            (Self::Decimal(one), Self::Decimal(two)) => one == two,
            (Self::Int(int), Self::Decimal(decimal)) | (Self::Decimal(decimal), Self::Int(int)) => {
                Decimal::from(*int) == *decimal
            }
            (Self::Text(one), Self::Text(two)) => one == two,
            (Self::Array(one), Self::Array(two)) => {
                one.items.len() == two.items.len()
                    && one.items.iter().zip(&two.items).all(|(one, two)| one.equals(two))
            }
            (Self::Object(one), Self::Object(two)) => {
                one.members.len() == two.members.len()
                    && one
                        .members
                        .iter()
                        .all(|(name, value)| two.members.get(name).is_some_and(|other| value.equals(other)))
            }
            _ => false,
        }
    }

    /// About as many bytes as it has in JSON; what it is kept in counts, so that a large value costs nothing here.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Undefined => 0,
            Self::Null | Self::Bool(_) => 4,
            Self::Int(value) => value.unsigned_abs().checked_ilog10().unwrap_or(0) as usize + 1,
            Self::Decimal(value) => value.weight(),
            Self::Text(text) => text.len() + 2,
            Self::Array(array) => array.weight() + 2,
            Self::Object(object) => object.weight() + 2,
        }
    }

    /// How deep it is nested: 0 for what holds nothing.
    pub(crate) fn depth(&self) -> usize {
        match self {
            Self::Array(array) => array.depth(),
            Self::Object(object) => object.depth(),
            _ => 0,
        }
    }

    /// Written as JSON; Undefined alone is nothing at all.
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(self.weight());
        self.write_json(&mut out);
        out
    }

    fn write_json(&self, out: &mut String) {
        match self {
            Self::Undefined => {}
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Int(value) => {
                let _ = write!(out, "{value}");
            }
            Self::Decimal(value) => {
                let _ = write!(out, "{value}");
            }
            Self::Text(text) => write_text(text, out),
            Self::Array(array) => {
                out.push('[');
                for (index, item) in array.items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write_json(out);
                }
                out.push(']');
            }
            Self::Object(object) => {
                out.push('{');
                for (index, (name, member)) in object.members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_text(name, out);
                    out.push(':');
                    member.write_json(out);
                }
                out.push('}');
            }
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

impl From<Arc<str>> for Value {
    fn from(value: Arc<str>) -> Self {
        Self::Text(value)
    }
}

impl From<Decimal> for Value {
    fn from(value: Decimal) -> Self {
        Self::Decimal(value)
    }
}

/// A JSON text.
fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            control if control < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
