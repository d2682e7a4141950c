//! What policies can ask about a request besides.

use thingsmith_core::callers::RequestFacts;
use thingsmith_policy::{Key, Values, Variables};

/// A request's facts and what one action has besides, by lower-case names.
pub(crate) struct With<'a> {
    pub(crate) facts: &'a RequestFacts<'a>,
    pub(crate) values: &'a [(&'a str, &'a str)],
}

impl Variables for With<'_> {
    fn values(&self, key: &Key) -> Values<'_> {
        let own: Vec<&str> = self
            .values
            .iter()
            .filter(|(name, _)| *name == key.folded())
            .map(|(_, value)| *value)
            .collect();
        match own[..] {
            [] => self.facts.values(key),
            [value] => Some(value).into(),
            _ => Values::Many(own),
        }
    }
}
