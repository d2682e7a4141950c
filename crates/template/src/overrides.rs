//! `OverrideSettings`: what becomes of a resource that is there already (guide, "Provisioning templates").

use crate::error::TemplateError;
use crate::json::Json;
use crate::members::{Members, string};
use crate::place::Place;
use crate::plan::{OnExisting, ThingOverrides};

/// The guide lists the settings in capitals and writes them like properties in its samples.
const ATTRIBUTES: [&str; 2] = ["AttributePayload", "ATTRIBUTE_PAYLOAD"];
const THING_TYPE: [&str; 2] = ["ThingTypeName", "THING_TYPE_NAME"];
const GROUPS: [&str; 2] = ["ThingGroups", "THING_GROUPS"];
const STATUS: [&str; 2] = ["Status", "STATUS"];

pub(crate) fn of_thing(json: &Json, place: Place<'_>) -> Result<ThingOverrides, TemplateError> {
    let known = [ATTRIBUTES, THING_TYPE, GROUPS].concat();
    let members = Members::new(json, place, &known)?;
    Ok(ThingOverrides {
        attributes: setting(&members, ATTRIBUTES, true)?,
        thing_type: setting(&members, THING_TYPE, false)?,
        groups: setting(&members, GROUPS, true)?,
    })
}

pub(crate) fn of_certificate(json: &Json, place: Place<'_>) -> Result<OnExisting, TemplateError> {
    let members = Members::new(json, place, &STATUS)?;
    setting(&members, STATUS, false)
}

fn setting(
    members: &Members<'_>,
    [name, in_capitals]: [&'static str; 2],
    merges: bool,
) -> Result<OnExisting, TemplateError> {
    let (place, json) = match (members.get(name), members.get(in_capitals)) {
        (None, None) => return Ok(OnExisting::default()),
        (Some(found), None) | (None, Some(found)) => found,
        (Some((place, _)), Some(_)) => {
            return Err(TemplateError::Contradiction {
                place: place.to_string(),
                other: in_capitals,
            });
        }
    };
    let text = string(json, &place)?;
    match text.to_ascii_uppercase().as_str() {
        "DO_NOTHING" => Ok(OnExisting::DoNothing),
        "REPLACE" => Ok(OnExisting::Replace),
        "FAIL" => Ok(OnExisting::Fail),
        "MERGE" if merges => Ok(OnExisting::Merge),
        _ => Err(TemplateError::value(
            &place,
            text,
            if merges {
                "DO_NOTHING, REPLACE, FAIL or MERGE"
            } else {
                "DO_NOTHING, REPLACE or FAIL"
            },
        )),
    }
}
