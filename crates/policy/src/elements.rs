//! The members of the objects that a document consists of, each with the place that an error names.

use std::collections::BTreeSet;

use crate::error::PolicyError;
use crate::json::Json;

/// The members of an object of which all names are known and none stands twice.
pub(crate) struct Members<'p> {
    place: &'p str,
    members: Vec<(String, Json)>,
}

impl<'p> Members<'p> {
    pub(crate) fn new(json: Json, place: &'p str, known: &[&str]) -> Result<Self, PolicyError> {
        let mut members = Vec::new();
        for (place, name, json) in entries(json, place)? {
            if !known.contains(&&*name) {
                return Err(PolicyError::UnknownElement { place });
            }
            members.push((name, json));
        }
        Ok(Self { place, members })
    }

    pub(crate) fn place_of(&self, name: &str) -> String {
        place_in(self.place, name)
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<(String, Json)> {
        let at = self.members.iter().position(|(found, _)| found == name)?;
        Some((self.place_of(name), self.members.swap_remove(at).1))
    }

    pub(crate) fn require(&mut self, name: &str) -> Result<(String, Json), PolicyError> {
        self.take(name).ok_or_else(|| PolicyError::Missing {
            place: self.place_of(name),
        })
    }
}

/// The place, name and value of each member of an object; no name stands twice.
pub(crate) fn entries(json: Json, place: &str) -> Result<Vec<(String, String, Json)>, PolicyError> {
    let Json::Object(members) = json else {
        let place = if place.is_empty() { "the document" } else { place };
        return Err(PolicyError::Type {
            place: place.to_owned(),
            expected: "an object",
        });
    };
    let mut seen = BTreeSet::new();
    for (name, _) in &members {
        if !seen.insert(name) {
            return Err(PolicyError::Duplicate {
                place: place_in(place, name),
            });
        }
    }
    Ok(members
        .into_iter()
        .map(|(name, json)| (place_in(place, &name), name, json))
        .collect())
}

/// The place of a member, with a long name cut so that a stranger cannot fill a log.
fn place_in(place: &str, name: &str) -> String {
    let dot = if place.is_empty() { "" } else { "." };
    let name: String = name.chars().take(128).collect();
    format!("{place}{dot}{name}")
}

pub(crate) fn string(json: Json, place: &str) -> Result<String, PolicyError> {
    match json {
        Json::Text(text) => Ok(text),
        _ => Err(PolicyError::Type {
            place: place.to_owned(),
            expected: "a string",
        }),
    }
}

/// The place and text of one string, or of each in a list.
pub(crate) fn strings(json: Json, place: &str) -> Result<Vec<(String, String)>, PolicyError> {
    texts(json, place, "a string or a list of strings", |json| match json {
        Json::Text(text) => Some(text),
        _ => None,
    })
}

/// The place and text of one value of a condition, or of each in a list: numbers and booleans may stand bare.
pub(crate) fn scalars(json: Json, place: &str) -> Result<Vec<(String, String)>, PolicyError> {
    texts(json, place, "a value or a list of values", |json| match json {
        Json::Text(text) | Json::Number(text) => Some(text),
        Json::Bool(value) => Some(value.to_string()),
        _ => None,
    })
}

fn texts(
    json: Json,
    place: &str,
    expected: &'static str,
    text: impl Fn(Json) -> Option<String>,
) -> Result<Vec<(String, String)>, PolicyError> {
    let read = |json, place: String| match text(json) {
        Some(text) => Ok((place, text)),
        None => Err(PolicyError::Type { place, expected }),
    };
    match json {
        Json::Array(items) => {
            let numbered = items.into_iter().enumerate();
            numbered
                .map(|(at, item)| read(item, format!("{place}[{at}]")))
                .collect()
        }
        one => Ok(vec![read(one, place.to_owned())?]),
    }
}
