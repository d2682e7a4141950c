//! A policy document that stands in the template as JSON and not as text. It is written compactly in the order that it has,
//! so that the same document always has the same text; functions may stand wherever a text may.

use crate::error::TemplateError;
use crate::evaluate::Evaluation;
use crate::expression::{Expression, names_a_function};
use crate::json::Json;
use crate::place::Place;

/// A document's text with holes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Document {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    /// JSON as it is.
    Json(String),
    /// A text that a function gives, with the function's place.
    Function(Expression, String),
}

impl Document {
    pub(crate) fn read(json: &Json, place: &Place<'_>) -> Result<Self, TemplateError> {
        let mut document = Self { parts: Vec::new() };
        document.append(json, place)?;
        Ok(document)
    }

    pub(crate) fn text(
        &self,
        evaluation: &mut Evaluation<'_>,
        place: &Place<'_>,
    ) -> Result<String, TemplateError> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Json(json) => text.push_str(json),
                Part::Function(expression, at) => {
                    text.push_str(&quoted(&evaluation.text(expression, &Place::written(at))?));
                }
            }
        }
        evaluation.spend(text.len(), place)?;
        Ok(text)
    }

    fn append(&mut self, json: &Json, place: &Place<'_>) -> Result<(), TemplateError> {
        match json {
            Json::Null => self.push("null"),
            Json::Bool(value) => self.push(if *value { "true" } else { "false" }),
            Json::Number(number) => self.push(number),
            Json::Text(text) => self.push(&quoted(text)),
            Json::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.push(if at == 0 { "[" } else { "," });
                    self.append(item, &place.item(at))?;
                }
                self.push(if items.is_empty() { "[]" } else { "]" });
            }
            Json::Object(members) if members.iter().any(|(name, _)| names_a_function(name)) => {
                let function = Expression::text(json, place)?;
                self.parts.push(Part::Function(function, place.to_string()));
            }
            Json::Object(members) => {
                for (at, (name, json)) in members.iter().enumerate() {
                    self.push(if at == 0 { "{" } else { "," });
                    self.push(&quoted(name));
                    self.push(":");
                    self.append(json, &place.member(name))?;
                }
                self.push(if members.is_empty() { "{}" } else { "}" });
            }
        }
        Ok(())
    }

    fn push(&mut self, json: &str) {
        match self.parts.last_mut() {
            Some(Part::Json(text)) => text.push_str(json),
            _ => self.parts.push(Part::Json(json.to_owned())),
        }
    }
}

/// A text as JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
