//! `Mappings`: two levels of keys, and texts or lists of texts under them. There is no function in them.

use std::collections::BTreeMap;

use crate::error::{TemplateError, cut};
use crate::json::Json;
use crate::members::{entries, scalar};
use crate::place::Place;

/// All mappings of a template.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Mappings(BTreeMap<String, BTreeMap<String, BTreeMap<String, Mapped>>>);

/// What stands under two keys.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Mapped {
    Text(String),
    List(Vec<String>),
}

impl Mappings {
    pub(crate) fn read(json: &Json, place: &Place<'_>) -> Result<Self, TemplateError> {
        level(json, place, |json, place| {
            level(json, place, |json, place| level(json, place, Mapped::read))
        })
        .map(Self)
    }

    pub(crate) fn find(
        &self,
        [map, top, second]: [&str; 3],
        place: &Place<'_>,
    ) -> Result<&Mapped, TemplateError> {
        let missing = |key: &str, within: String| TemplateError::NotMapped {
            place: place.to_string(),
            key: cut(key),
            within,
        };
        let tops = self
            .0
            .get(map)
            .ok_or_else(|| missing(map, "Mappings".to_owned()))?;
        let seconds = tops
            .get(top)
            .ok_or_else(|| missing(top, format!("Mappings.{}", cut(map))))?;
        let within = || format!("Mappings.{}.{}", cut(map), cut(top));
        seconds.get(second).ok_or_else(|| missing(second, within()))
    }
}

impl Mapped {
    fn read(json: &Json, place: &Place<'_>) -> Result<Self, TemplateError> {
        const EXPECTED: &str = "a string or a list of strings (there are no functions in mappings)";
        let text =
            |json, place: &Place<'_>| scalar(json).ok_or_else(|| TemplateError::wrong_type(place, EXPECTED));
        match json {
            Json::Array(items) => {
                let items = items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| text(item, &place.item(at)));
                items.collect::<Result<_, _>>().map(Self::List)
            }
            json => text(json, place).map(Self::Text),
        }
    }
}

fn level<T>(
    json: &Json,
    place: &Place<'_>,
    read: impl Fn(&Json, &Place<'_>) -> Result<T, TemplateError>,
) -> Result<BTreeMap<String, T>, TemplateError> {
    let one = |(name, json): &(String, Json)| Ok((name.clone(), read(json, &place.member(name))?));
    entries(json, place)?.iter().map(one).collect()
}
