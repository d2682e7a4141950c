//! The realm: an account in a region.

use std::fmt;

/// An account in a region, interned as one integer by the store. Nothing of one realm is visible in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Realm(pub i64);

impl fmt::Display for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
