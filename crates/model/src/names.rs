//! Names of the registry, each with AWS's alphabet and length.
//!
//! Source: the `iot` API's shapes `ThingName`, `ThingTypeName`, `BillingGroupName`, `PolicyName`, `AttributeName`
//! and `AttributeValue`. The HTTP edge says in AWS's words what is wrong with a member before a deed sees it; these
//! types hold the same rules for what comes in by other doors.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::account::text_word;

fn check(
    what: &'static str,
    text: &str,
    lengths: std::ops::RangeInclusive<usize>,
    allowed: fn(char) -> bool,
) -> Result<Arc<str>, ModelError> {
    let length = text.chars().count();
    if !lengths.contains(&length) {
        return Err(ModelError::Length {
            what,
            length,
            minimum: *lengths.start(),
            maximum: *lengths.end(),
        });
    }
    match text.chars().find(|character| !allowed(*character)) {
        Some(character) => Err(ModelError::Character { what, character }),
        None => Ok(text.into()),
    }
}

fn registry_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || ":_-".contains(character)
}

macro_rules! name {
    ($(#[$doc:meta])* $word:ident, $what:literal, $lengths:expr, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $word(Arc<str>);

        impl $word {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $word {
            type Err = ModelError;
            fn from_str(text: &str) -> Result<Self, ModelError> {
                check($what, text, $lengths, $allowed).map(Self)
            }
        }

        text_word!($word);
    };
}

name! {
    /// The name of a thing: 1 to 128 letters, digits, `:`, `_` and `-`. Case matters.
    ThingName, "a thing name", 1..=128, registry_character
}
name! {
    /// The name of a thing type, in the alphabet of [`ThingName`].
    ThingTypeName, "a thing type name", 1..=128, registry_character
}
name! {
    /// The name of a thing group, in the alphabet of [`ThingName`].
    ThingGroupName, "a thing group name", 1..=128, registry_character
}
name! {
    /// The name of a billing group, in the alphabet of [`ThingName`].
    BillingGroupName, "a billing group name", 1..=128, registry_character
}
name! {
    /// The name of a policy: 1 to 128 letters, digits and `_+=,.@-`.
    PolicyName, "a policy name", 1..=128, |c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)
}
name! {
    /// The name of a provisioning template: 1 to 36 letters, digits, `_` and `-`.
    TemplateName, "a template name", 1..=36, |c| c.is_ascii_alphanumeric() || "_-".contains(c)
}
name! {
    /// The name of a thing's attribute: 1 to 128 letters, digits and `_.,@/:#-`.
    AttributeName, "an attribute name", 1..=128, |c| c.is_ascii_alphanumeric() || "_.,@/:#-".contains(c)
}
name! {
    /// The value of a thing's attribute: up to 800 letters, digits and `_.,@/:#=[]-`; no spaces.
    AttributeValue, "an attribute value", 0..=800, |c| c.is_ascii_alphanumeric() || "_.,@/:#=[]-".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_checked_at_both_ends() {
        assert!("a".parse::<ThingName>().is_ok());
        assert!("a".repeat(128).parse::<ThingName>().is_ok());
        assert!("".parse::<ThingName>().is_err());
        assert!("a".repeat(129).parse::<ThingName>().is_err());
        assert!("".parse::<AttributeValue>().is_ok());
        assert!("a".repeat(801).parse::<AttributeValue>().is_err());
    }

    #[test]
    fn alphabets_differ() {
        assert!("pump:1_a-b".parse::<ThingName>().is_ok());
        assert!("pump.1".parse::<ThingName>().is_err());
        assert!("pump.1=@+,".parse::<PolicyName>().is_ok());
        assert!("pump:1".parse::<PolicyName>().is_err());
        assert!("a[1]=b".parse::<AttributeValue>().is_ok());
        assert!("a b".parse::<AttributeValue>().is_err());
        assert!("pümp".parse::<ThingName>().is_err());
    }
}
