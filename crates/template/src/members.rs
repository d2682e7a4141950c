//! The members of the objects that a template consists of.

use crate::error::TemplateError;
use crate::json::Json;
use crate::place::Place;

/// The members of an object of which all names are known.
pub(crate) struct Members<'j> {
    place: Place<'j>,
    members: &'j [(String, Json)],
}

impl<'j> Members<'j> {
    pub(crate) fn new(json: &'j Json, place: Place<'j>, known: &[&str]) -> Result<Self, TemplateError> {
        let members = entries(json, &place)?;
        for (name, _) in members {
            if !known.contains(&name.as_str()) {
                return Err(TemplateError::Unknown {
                    place: place.member(name).to_string(),
                    known: known.join(", "),
                });
            }
        }
        Ok(Self { place, members })
    }

    pub(crate) fn place(&self) -> &Place<'j> {
        &self.place
    }

    /// The member with its place.
    pub(crate) fn get<'s>(&'s self, name: &'s str) -> Option<(Place<'s>, &'j Json)> {
        let (_, json) = self.members.iter().find(|(found, _)| found == name)?;
        Some((self.place.member(name), json))
    }

    /// The member with its place, which must be there.
    pub(crate) fn require<'s>(&'s self, name: &'s str) -> Result<(Place<'s>, &'j Json), TemplateError> {
        self.get(name).ok_or_else(|| self.missing(name))
    }

    pub(crate) fn missing(&self, name: &str) -> TemplateError {
        TemplateError::Missing {
            place: self.place.member(name).to_string(),
        }
    }
}

/// The members of an object whose names are free.
pub(crate) fn entries<'j>(json: &'j Json, place: &Place<'_>) -> Result<&'j [(String, Json)], TemplateError> {
    match json {
        Json::Object(members) => Ok(members),
        _ => Err(TemplateError::wrong_type(place, "an object")),
    }
}

/// A text that no function gives.
pub(crate) fn string<'j>(json: &'j Json, place: &Place<'_>) -> Result<&'j str, TemplateError> {
    match json {
        Json::Text(text) => Ok(text),
        _ => Err(TemplateError::wrong_type(place, "a string")),
    }
}

/// A text, also as a number or a boolean that stands for its text.
pub(crate) fn scalar(json: &Json) -> Option<String> {
    match json {
        Json::Text(text) | Json::Number(text) => Some(text.clone()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}
