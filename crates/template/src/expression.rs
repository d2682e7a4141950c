//! Values as a template writes them: texts, lists, and functions of them (guide, "Intrinsic functions").

use crate::error::TemplateError;
use crate::json::Json;
use crate::members::{entries, scalar, string};
use crate::place::Place;
use crate::substitution::{Piece, pieces};

/// A value that depends on parameters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    Text(String),
    List(Vec<Self>),
    Ref(String),
    Join {
        delimiter: Box<Self>,
        parts: Box<Self>,
    },
    Select {
        index: Box<Self>,
        from: Box<Self>,
    },
    /// The mapping and its two keys.
    FindInMap(Box<[Self; 3]>),
    Split {
        delimiter: Box<Self>,
        source: Box<Self>,
    },
    Sub {
        pieces: Vec<Piece>,
        /// The names that the second form brings along; the first form has none.
        own: Option<Vec<(String, Self)>>,
    },
}

/// Whether this is the name of a function, known or not.
pub(crate) fn names_a_function(name: &str) -> bool {
    name == "Ref" || name.starts_with("Fn::")
}

impl Expression {
    /// Reads what gives a text. Numbers and booleans stand for their texts.
    pub(crate) fn text(json: &Json, place: &Place<'_>) -> Result<Self, TemplateError> {
        const EXPECTED: &str = "a string or a function that gives one";
        match json {
            Json::Object(_) => match Self::function(json, place, EXPECTED)? {
                Self::Split { .. } => Err(TemplateError::wrong_type(
                    place,
                    "a string (Fn::Split gives a list, of which Fn::Select takes one)",
                )),
                function => Ok(function),
            },
            _ => scalar(json)
                .map(Self::Text)
                .ok_or_else(|| TemplateError::wrong_type(place, EXPECTED)),
        }
    }

    /// Reads what gives a list of texts.
    pub(crate) fn list(json: &Json, place: &Place<'_>) -> Result<Self, TemplateError> {
        const EXPECTED: &str = "a list or a function that gives one";
        match json {
            Json::Array(items) => {
                let numbered = items.iter().enumerate();
                let items = numbered.map(|(at, item)| Self::text(item, &place.item(at)));
                Ok(Self::List(items.collect::<Result<_, _>>()?))
            }
            Json::Object(_) => match Self::function(json, place, EXPECTED)? {
                list @ (Self::Split { .. } | Self::FindInMap(_)) => Ok(list),
                _ => Err(TemplateError::wrong_type(place, EXPECTED)),
            },
            _ => Err(TemplateError::wrong_type(place, EXPECTED)),
        }
    }

    fn function(json: &Json, place: &Place<'_>, expected: &'static str) -> Result<Self, TemplateError> {
        let [(name, argument)] = entries(json, place)? else {
            return Err(TemplateError::wrong_type(place, expected));
        };
        let at = place.member(name);
        let both = |expected| {
            let [first, second] = arguments(argument, &at, expected)?;
            Ok::<_, TemplateError>(((at.item(0), first), (at.item(1), second)))
        };
        match name.as_str() {
            "Ref" => Ok(Self::Ref(string(argument, &at)?.to_owned())),
            "Fn::Join" => {
                let (delimiter, parts) = both("a list of a delimiter and a list")?;
                Ok(Self::Join {
                    delimiter: Self::text(delimiter.1, &delimiter.0)?.into(),
                    parts: Self::list(parts.1, &parts.0)?.into(),
                })
            }
            "Fn::Select" => {
                let (index, from) = both("a list of an index and a list")?;
                let read = Self::text(index.1, &index.0)?;
                if let Self::Text(text) = &read {
                    parse_index(text, &index.0)?;
                }
                Ok(Self::Select {
                    index: read.into(),
                    from: Self::list(from.1, &from.0)?.into(),
                })
            }
            "Fn::FindInMap" => {
                let [map, top, second] = arguments(argument, &at, "a list of a mapping's name and two keys")?;
                Ok(Self::FindInMap(Box::new([
                    Self::text(map, &at.item(0))?,
                    Self::text(top, &at.item(1))?,
                    Self::text(second, &at.item(2))?,
                ])))
            }
            "Fn::Split" => {
                let (delimiter, source) = both("a list of a delimiter and a string")?;
                let read = Self::text(delimiter.1, &delimiter.0)?;
                if let Self::Text(text) = &read {
                    check_delimiter(text, &delimiter.0)?;
                }
                Ok(Self::Split {
                    delimiter: read.into(),
                    source: Self::text(source.1, &source.0)?.into(),
                })
            }
            "Fn::Sub" => match argument {
                Json::Array(_) => {
                    let (text, own) = both("a string, or a list of a string and an object of its own names")?;
                    let pieces = pieces(string(text.1, &text.0)?, &text.0)?;
                    let read = |(name, json): &(String, Json)| {
                        Ok((name.clone(), Self::text(json, &own.0.member(name))?))
                    };
                    let own = entries(own.1, &own.0)?
                        .iter()
                        .map(read)
                        .collect::<Result<_, TemplateError>>()?;
                    Ok(Self::Sub {
                        pieces,
                        own: Some(own),
                    })
                }
                _ => Ok(Self::Sub {
                    pieces: pieces(string(argument, &at)?, &at)?,
                    own: None,
                }),
            },
            name if names_a_function(name) => Err(TemplateError::UnknownFunction {
                place: at.to_string(),
            }),
            _ => Err(TemplateError::wrong_type(place, expected)),
        }
    }
}

/// Reads the index of `Fn::Select`, counted from 0.
pub(crate) fn parse_index(text: &str, place: &Place<'_>) -> Result<usize, TemplateError> {
    // `parse` alone would take a plus sign.
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let index = is_number.then(|| text.parse().ok()).flatten();
    index.ok_or_else(|| TemplateError::value(place, text, "a number from 0"))
}

/// Refuses to split at nothing.
pub(crate) fn check_delimiter(text: &str, place: &Place<'_>) -> Result<(), TemplateError> {
    match text {
        "" => Err(TemplateError::value(place, text, "at least one character")),
        _ => Ok(()),
    }
}

fn arguments<'j, const N: usize>(
    json: &'j Json,
    place: &Place<'_>,
    expected: &'static str,
) -> Result<&'j [Json; N], TemplateError> {
    let items = match json {
        Json::Array(items) => items.as_slice().try_into().ok(),
        _ => None,
    };
    items.ok_or_else(|| TemplateError::wrong_type(place, expected))
}
