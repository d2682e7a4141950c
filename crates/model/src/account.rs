//! AWS account ids and region names.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ModelError;

/// An AWS account id: twelve decimal digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Account(Arc<str>);

impl Account {
    /// The account of development mode when none was given.
    pub fn development() -> Self {
        Self("000000000000".into())
    }

    /// The twelve digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Account {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.into()))
        } else {
            Err(ModelError::form("an account id of 12 digits", text))
        }
    }
}

/// A region name such as `us-east-1`: 1 to 32 lower-case letters, digits and hyphens, starting with a letter.
///
/// AWS publishes no grammar; this one takes every region there is and nothing that could not stand in a host name.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(Arc<str>);

impl Region {
    /// The region's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Region {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let starts_well = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        if text.len() <= 32 && starts_well && !text.ends_with('-') && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(ModelError::form("a region name such as us-east-1", text))
        }
    }
}

macro_rules! text_word {
    ($word:ident) => {
        impl TryFrom<String> for $word {
            type Error = ModelError;
            fn try_from(text: String) -> Result<Self, ModelError> {
                text.parse()
            }
        }
        impl From<$word> for String {
            fn from(word: $word) -> Self {
                word.0.as_ref().to_owned()
            }
        }
        impl fmt::Display for $word {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $word {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}
pub(crate) use text_word;

text_word!(Account);
text_word!(Region);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_twelve_digits() {
        assert!("123456789012".parse::<Account>().is_ok());
        for wrong in ["", "12345678901", "1234567890123", "12345678901x", "١٢٣٤٥٦٧٨٩٠١٢"] {
            assert!(wrong.parse::<Account>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_region_can_stand_in_a_host_name() {
        for right in ["us-east-1", "eu-central-1", "cn-north-1", "lab"] {
            assert!(right.parse::<Region>().is_ok(), "{right}");
        }
        for wrong in [
            "",
            "US-EAST-1",
            "us_east",
            "-a",
            "a-",
            "1a",
            "a.b",
            &"a".repeat(33),
        ] {
            assert!(wrong.parse::<Region>().is_err(), "{wrong}");
        }
    }
}
