//! A JSON tree that keeps what the language must see: the order of members, and those given twice.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::error::TemplateError;
use crate::place::Place;

/// A JSON value. Numbers are kept as text, as all values are texts in the end.
#[derive(Debug)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a text in which no object has a member twice. serde_json refuses what is nested deeper than 128, which bounds
    /// every recursion over the tree.
    pub(crate) fn read(text: &str) -> Result<Self, TemplateError> {
        let json: Self = serde_json::from_str(text).map_err(|error| TemplateError::Json {
            line: error.line(),
            column: error.column(),
        })?;
        json.check_unique(&crate::place::ROOT)?;
        Ok(json)
    }

    fn check_unique(&self, place: &Place<'_>) -> Result<(), TemplateError> {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => Ok(()),
            Self::Array(items) => {
                let mut numbered = items.iter().enumerate();
                numbered.try_for_each(|(at, item)| item.check_unique(&place.item(at)))
            }
            Self::Object(members) => {
                let mut seen = BTreeSet::new();
                for (name, json) in members {
                    let place = place.member(name);
                    if !seen.insert(name) {
                        return Err(TemplateError::Duplicate {
                            place: place.to_string(),
                        });
                    }
                    json.check_unique(&place)?;
                }
                Ok(())
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(
            serde_json::Number::from_f64(value).map_or_else(String::new, |number| number.to_string()),
        ))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Json::Object(object))
    }
}
