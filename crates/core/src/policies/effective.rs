//! The policies that have an effect on a device.

use thingsmith_model::ThingName;

use super::{Policy, Target, rows};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault, things};

/// A policy with the document of its default version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectivePolicy {
    /// The policy.
    pub policy: Policy,
    /// The document.
    pub document: String,
}

/// The policies attached to a principal (and, for a thing group, to those above it), those attached to the groups of a
/// thing and to those above them, or both, each once, in the order in which they were made.
///
/// # Errors
/// `ResourceNotFoundException` when the principal or the thing is not there, `InvalidRequestException` when neither is
/// given or the principal cannot be one.
pub async fn get_effective_policies(
    deeds: &Deeds,
    realm: &RealmRecord,
    principal: Option<&str>,
    thing: Option<&ThingName>,
) -> Result<Vec<EffectivePolicy>, Fault> {
    if principal.is_none() && thing.is_none() {
        return Err(Fault::invalid("principal or thingName must be given."));
    }
    // No object has the number 0.
    let mut numbers = (0, 0);
    if let Some(principal) = principal {
        numbers.0 = Target::find(deeds, realm, principal).await?.number();
    }
    if let Some(thing) = thing {
        numbers.1 = things::describe_thing(deeds, realm, thing).await?.number;
    }
    Ok(rows::effective(deeds.store(), realm.realm, numbers.0, numbers.1).await?)
}
