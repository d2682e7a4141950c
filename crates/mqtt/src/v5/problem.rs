//! The properties of acknowledgements: a reason string, and user properties.

use super::property::{Properties, Property, PropertyWriter};
use crate::string::Reader;
use crate::{Limits, MqttError, Problem};

/// Reads the properties of a packet that has no others.
pub(super) fn read(packet: &mut Reader<'_>, limits: &Limits) -> Result<Option<Box<Problem>>, MqttError> {
    let mut properties = Properties::of(packet)?;
    let mut problem = Problem::default();
    while let Some(property) = properties.next()? {
        take(property, &mut properties, &mut problem, limits)?;
    }
    Ok(some(problem))
}

/// Takes one of the two; any other is misplaced.
pub(super) fn take(
    property: Property,
    properties: &mut Properties<'_>,
    to: &mut Problem,
    limits: &Limits,
) -> Result<(), MqttError> {
    match property {
        Property::ReasonString => to.reason = Some(properties.string()?),
        Property::User => properties.user(&mut to.user_properties, limits)?,
        other => return other.misplaced(),
    }
    Ok(())
}

/// Nothing, if it says nothing.
pub(super) fn some(problem: Problem) -> Option<Box<Problem>> {
    (problem != Problem::default()).then(|| Box::new(problem))
}

/// Adds what there is to say.
pub(super) fn add(problem: Option<&Problem>, to: &mut PropertyWriter) -> Result<(), MqttError> {
    let Some(problem) = problem else {
        return Ok(());
    };
    if let Some(reason) = &problem.reason {
        to.string(Property::ReasonString, reason)?;
    }
    to.user(&problem.user_properties)
}
