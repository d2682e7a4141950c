//! What an expression comes to for one device, within bounds that no template and no value can pass.

use crate::error::{TemplateError, cut};
use crate::expression::{Expression, check_delimiter, parse_index};
use crate::mappings::Mapped;
use crate::place::Place;
use crate::substitution::{Piece, is_policy_variable};
use crate::template::Template;
use crate::values::Values;

/// Most bytes of one text that a function gives.
const MOST_BYTES_OF_A_VALUE: usize = 64 * 1024;
/// Most bytes of all texts on the way to a plan, those that functions hand to each other included.
const MOST_BYTES: usize = 256 * 1024;

/// One device's way through a template.
pub(crate) struct Evaluation<'t> {
    template: &'t Template,
    values: &'t Values,
    /// What is left of [`MOST_BYTES`].
    bytes_left: usize,
}

impl<'t> Evaluation<'t> {
    pub(crate) fn new(template: &'t Template, values: &'t Values) -> Self {
        Self {
            template,
            values,
            bytes_left: MOST_BYTES,
        }
    }

    /// The value of a parameter: what the server knows, what was given, or its default.
    pub(crate) fn parameter(&self, name: &str) -> Option<&'t str> {
        self.values.get(name).or_else(|| self.template.default_of(name))
    }

    pub(crate) fn text(
        &mut self,
        expression: &Expression,
        place: &Place<'_>,
    ) -> Result<String, TemplateError> {
        match expression {
            Expression::Text(text) => self.own(text, place),
            Expression::Ref(name) => {
                let value = self.parameter(name);
                let value = value.ok_or_else(|| missing_parameter(name, &place.member("Ref")))?;
                self.own(value, place)
            }
            Expression::Join { delimiter, parts } => {
                let place = place.member("Fn::Join");
                let delimiter = self.text(delimiter, &place.item(0))?;
                let parts = self.list(parts, &place.item(1))?;
                let bytes: usize = parts.iter().map(String::len).sum();
                let bytes =
                    bytes.saturating_add(delimiter.len().saturating_mul(parts.len().saturating_sub(1)));
                self.spend(bytes, &place)?;
                Ok(parts.join(&delimiter))
            }
            Expression::Select { index, from } => {
                let place = place.member("Fn::Select");
                let index_text = self.text(index, &place.item(0))?;
                let index = parse_index(&index_text, &place.item(0))?;
                let mut items = self.list(from, &place.item(1))?;
                if index >= items.len() {
                    return Err(TemplateError::OutOfBounds {
                        place: place.to_string(),
                        index,
                        length: items.len(),
                    });
                }
                Ok(items.swap_remove(index))
            }
            Expression::FindInMap(keys) => match self.mapped(keys, place)? {
                Mapped::Text(text) => self.own(text, place),
                Mapped::List(_) => Err(TemplateError::wrong_type(
                    place,
                    "a string, what it finds is a list",
                )),
            },
            Expression::Sub { pieces, own } => {
                self.substitute(pieces, own.as_deref(), &place.member("Fn::Sub"))
            }
            Expression::List(_) | Expression::Split { .. } => {
                Err(TemplateError::wrong_type(place, "a string"))
            }
        }
    }

    pub(crate) fn list(
        &mut self,
        expression: &Expression,
        place: &Place<'_>,
    ) -> Result<Vec<String>, TemplateError> {
        match expression {
            Expression::List(items) => {
                let numbered = items.iter().enumerate();
                numbered
                    .map(|(at, item)| self.text(item, &place.item(at)))
                    .collect()
            }
            Expression::Split { delimiter, source } => {
                let place = place.member("Fn::Split");
                let delimiter = self.text(delimiter, &place.item(0))?;
                check_delimiter(&delimiter, &place.item(0))?;
                let source = self.text(source, &place.item(1))?;
                // Each item is charged a byte at least, since a text of nothing but delimiters has as many items.
                self.spend(source.len() + 1, &place)?;
                Ok(source.split(&delimiter).map(str::to_owned).collect())
            }
            Expression::FindInMap(keys) => match self.mapped(keys, place)? {
                Mapped::List(items) => items.iter().map(|item| self.own(item, place)).collect(),
                Mapped::Text(_) => Err(TemplateError::wrong_type(
                    place,
                    "a list, what it finds is a string",
                )),
            },
            _ => Err(TemplateError::wrong_type(place, "a list")),
        }
    }

    fn mapped(
        &mut self,
        [map, top, second]: &[Expression; 3],
        place: &Place<'_>,
    ) -> Result<&'t Mapped, TemplateError> {
        let place = place.member("Fn::FindInMap");
        let map = self.text(map, &place.item(0))?;
        let top = self.text(top, &place.item(1))?;
        let second = self.text(second, &place.item(2))?;
        self.template.mappings().find([&map, &top, &second], &place)
    }

    fn substitute(
        &mut self,
        pieces: &[Piece],
        own: Option<&[(String, Expression)]>,
        place: &Place<'_>,
    ) -> Result<String, TemplateError> {
        let mut of_its_own = Vec::new();
        let names = place.item(1);
        for (name, expression) in own.unwrap_or_default() {
            of_its_own.push((name.as_str(), self.text(expression, &names.member(name))?));
        }
        // The place of the text itself.
        let place = if own.is_some() { place.item(0) } else { *place };
        let mut text = String::new();
        for piece in pieces {
            let variable;
            let part = match piece {
                Piece::Text(part) => part,
                Piece::Name(name) => match of_its_own.iter().find(|(found, _)| found == name) {
                    Some((_, value)) => value.as_str(),
                    None => match self.parameter(name) {
                        Some(value) => value,
                        None if is_policy_variable(name) => {
                            variable = format!("${{{name}}}");
                            &variable
                        }
                        None => return Err(missing_parameter(name, &place)),
                    },
                },
            };
            if text.len() + part.len() > MOST_BYTES_OF_A_VALUE {
                return Err(too_large(&place, MOST_BYTES_OF_A_VALUE));
            }
            text.push_str(part);
        }
        self.spend(text.len(), &place)?;
        Ok(text)
    }

    fn own(&mut self, text: &str, place: &Place<'_>) -> Result<String, TemplateError> {
        self.spend(text.len(), place)?;
        Ok(text.to_owned())
    }

    /// Takes what a text costs from what is left.
    pub(crate) fn spend(&mut self, bytes: usize, place: &Place<'_>) -> Result<(), TemplateError> {
        if bytes > MOST_BYTES_OF_A_VALUE {
            return Err(too_large(place, MOST_BYTES_OF_A_VALUE));
        }
        let left = self.bytes_left.checked_sub(bytes);
        self.bytes_left = left.ok_or_else(|| TemplateError::PlanTooLarge {
            place: place.to_string(),
            limit: MOST_BYTES,
        })?;
        Ok(())
    }
}

pub(crate) fn missing_parameter(name: &str, place: &Place<'_>) -> TemplateError {
    TemplateError::MissingParameter {
        place: place.to_string(),
        name: cut(name),
    }
}

fn too_large(place: &Place<'_>, limit: usize) -> TemplateError {
    TemplateError::TooLarge {
        place: place.to_string(),
        limit,
    }
}
