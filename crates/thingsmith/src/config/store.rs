//! `--store`: where the registry is kept.

use std::fmt;
use std::str::FromStr;

/// Where the registry is kept.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreChoice {
    /// In the data directory.
    Sqlite,
    /// In a PostgreSQL server, by its URL.
    Postgres(String),
}

impl FromStr for StoreChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "sqlite" => Ok(Self::Sqlite),
            _ if text.starts_with("postgres://") || text.starts_with("postgresql://") => {
                Ok(Self::Postgres(text.to_owned()))
            }
            _ => Err("it is neither sqlite nor a postgres:// URL".into()),
        }
    }
}

/// A URL may hold a password, so that it is not shown.
impl fmt::Debug for StoreChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::Postgres(_) => "postgres",
        })
    }
}
