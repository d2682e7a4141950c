//! Which edition of the language a rule is written in.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// An edition of the language, `awsIotSqlVersion` of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// The first one, which rules have that name none: no literals, no nested queries, whole decimals stay decimals.
    V2015_10_08,
    /// The one that AWS recommends.
    V2016_03_23,
    /// What AWS calls `beta`; here the same as 2016-03-23.
    V2016_03_23Beta,
}

impl Version {
    /// The version's name, as it is written in a rule.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2015_10_08 => "2015-10-08",
            Self::V2016_03_23 => "2016-03-23",
            Self::V2016_03_23Beta => "beta",
        }
    }

    /// Whether literals of objects and arrays, nested queries and the newer functions are there.
    pub(crate) fn is_second(self) -> bool {
        self != Self::V2015_10_08
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        [Self::V2015_10_08, Self::V2016_03_23, Self::V2016_03_23Beta]
            .into_iter()
            .find(|version| version.as_str() == text)
            .ok_or(VersionError)
    }
}

/// A text that names no version of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the SQL version must be 2015-10-08, 2016-03-23 or beta")]
pub struct VersionError;
