//! What devices send and are sent: one map of names, as JSON or as CBOR (guide, "Device provisioning MQTT API").
//!
//! Pure words: bytes become a [`Request`], a [`Reply`] becomes bytes. What the members mean is not known here.

mod cbor;
mod json;

use std::collections::BTreeMap;

use thiserror::Error;
use zeroize::Zeroizing;

/// How a payload is written. An answer is written as its request was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 8259.
    Json,
    /// RFC 8949.
    Cbor,
}

/// Levels of arrays and maps that a member which nobody asks for may have.
const DEEPEST: usize = 16;

/// Why a payload is not read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PayloadError {
    /// It is not what its topic says.
    #[error("the payload is not valid {format}: {reason}")]
    Malformed {
        /// `JSON` or `CBOR`.
        format: &'static str,
        /// What the reader says.
        reason: String,
    },
    /// It is something else than a map.
    #[error("the payload must be a map of names to values")]
    NotAMap,
}

/// What a device sent. Of a member that is there twice the last counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request(BTreeMap<String, Member>);

/// A value of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Member {
    /// A text.
    Text(String),
    /// A map; a value that is no text is `None`.
    Map(BTreeMap<String, Option<String>>),
    /// Anything else. A null is as if the member were not there.
    Other,
}

impl Request {
    /// Reads a payload. An empty one is an empty map, in both formats.
    ///
    /// # Errors
    /// See [`PayloadError`].
    pub fn read(format: Format, payload: &[u8]) -> Result<Self, PayloadError> {
        if payload.is_empty() {
            return Ok(Self::default());
        }
        match format {
            Format::Json => json::read(payload).map(Self),
            Format::Cbor => cbor::read(payload).map(Self),
        }
    }

    /// The member of a name.
    pub fn get(&self, name: &str) -> Option<&Member> {
        self.0.get(name)
    }
}

/// An answer: its members in their order.
#[derive(Default)]
pub struct Reply<'a>(Vec<(&'static str, Value<'a>)>);

/// A value of an answer.
enum Value<'a> {
    Text(&'a str),
    Number(u16),
    Map(&'a [(String, String)]),
}

impl<'a> Reply<'a> {
    /// The same with a text.
    #[must_use]
    pub fn text(mut self, name: &'static str, value: &'a str) -> Self {
        self.0.push((name, Value::Text(value)));
        self
    }

    /// The same with a number.
    #[must_use]
    pub fn number(mut self, name: &'static str, value: u16) -> Self {
        self.0.push((name, Value::Number(value)));
        self
    }

    /// The same with a map of texts.
    #[must_use]
    pub fn map(mut self, name: &'static str, value: &'a [(String, String)]) -> Self {
        self.0.push((name, Value::Map(value)));
        self
    }

    /// Its bytes, which may hold a private key.
    pub fn write(&self, format: Format) -> Zeroizing<Vec<u8>> {
        // As much as either format may need, so that no copy is left behind by growing.
        let mut bytes = Zeroizing::new(Vec::with_capacity(64 + 2 * self.length()));
        match format {
            Format::Json => json::write(&self.0, &mut bytes),
            Format::Cbor => cbor::write(&self.0, &mut bytes),
        }
        bytes
    }

    fn length(&self) -> usize {
        let entry = |(name, value): &(String, String)| name.len() + value.len() + 16;
        let member = |(name, value): &(&str, Value<'_>)| {
            16 + name.len()
                + match value {
                    Value::Text(text) => text.len(),
                    Value::Number(_) => 8,
                    Value::Map(map) => map.iter().map(entry).sum(),
                }
        };
        self.0.iter().map(member).sum()
    }
}

#[cfg(test)]
mod tests;
