//! Finding the thing group that a target or a member names.

use thingsmith_model::{Arn, Resource, ThingGroupName, ThingName};

use super::{ThingGroup, not_found, rows};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// The thing group that a target names by its ARN; nothing when the target is no thing group's ARN.
///
/// # Errors
/// `ResourceNotFoundException` when the group is not there, or of another account or region.
pub async fn find_target(
    deeds: &Deeds,
    realm: &RealmRecord,
    target: &str,
) -> Result<Option<ThingGroup>, Fault> {
    let Ok(arn) = target.parse::<Arn>() else {
        return Ok(None);
    };
    let Resource::ThingGroup(name) = &arn.resource else {
        return Ok(None);
    };
    // A group of another account or region is none of this realm's, whether it is there or not.
    if !is_of(realm, &arn) {
        return Err(not_found(name));
    }
    rows::find(deeds.store(), realm.realm, name)
        .await?
        .map(Some)
        .ok_or_else(|| not_found(name))
}

/// The thing group that a request names by its name, its ARN or both.
///
/// # Errors
/// `InvalidRequestException` when it names none, or two, `ResourceNotFoundException` for one of another realm.
pub(super) fn group_name(
    realm: &RealmRecord,
    name: Option<ThingGroupName>,
    arn: Option<&str>,
) -> Result<ThingGroupName, Fault> {
    named(
        realm,
        ("thingGroupName", "thingGroupArn"),
        name,
        arn,
        |resource| match resource {
            Resource::ThingGroup(name) => Some(name),
            _ => None,
        },
    )
}

/// The thing that a request names by its name, its ARN or both.
///
/// # Errors
/// As [`group_name`].
pub(super) fn thing_name(
    realm: &RealmRecord,
    name: Option<ThingName>,
    arn: Option<&str>,
) -> Result<ThingName, Fault> {
    named(
        realm,
        ("thingName", "thingArn"),
        name,
        arn,
        |resource| match resource {
            Resource::Thing(name) => Some(name),
            _ => None,
        },
    )
}

fn named<N: PartialEq + std::fmt::Display>(
    realm: &RealmRecord,
    members: (&str, &str),
    name: Option<N>,
    arn: Option<&str>,
    of_kind: impl FnOnce(Resource) -> Option<N>,
) -> Result<N, Fault> {
    let Some(text) = arn else {
        return name.ok_or_else(|| Fault::invalid(format!("{} or {} must be given.", members.0, members.1)));
    };
    let short: String = text.chars().take(256).collect();
    let wrong = || Fault::invalid(format!("{}: {short} is not such an ARN.", members.1));
    let arn: Arn = text.parse().map_err(|_| wrong())?;
    let own = is_of(realm, &arn);
    let by_arn = of_kind(arn.resource).ok_or_else(wrong)?;
    if name.is_some_and(|name| name != by_arn) {
        return Err(Fault::invalid(format!(
            "{} and {} name two different ones.",
            members.0, members.1
        )));
    }
    if !own {
        return Err(Fault::not_found(format!("{short} not found.")));
    }
    Ok(by_arn)
}

fn is_of(realm: &RealmRecord, arn: &Arn) -> bool {
    (&arn.account, &arn.region) == (&realm.account, &realm.region)
}
