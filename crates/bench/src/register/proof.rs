//! That what was acknowledged is there: asked of a store that was opened anew.

use anyhow::Result;
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::{Deeds, connections};

use super::device::{Devices, Registered};

/// Counts the registrations of which every part is there.
pub(super) async fn count_whole(
    deeds: &Deeds,
    realm: &RealmRecord,
    devices: &Devices,
    acknowledged: &[Registered],
) -> Result<usize> {
    let mut whole = 0;
    for registered in acknowledged {
        whole += usize::from(is_whole(deeds, realm, devices, registered).await?);
    }
    Ok(whole)
}

async fn is_whole(
    deeds: &Deeds,
    realm: &RealmRecord,
    devices: &Devices,
    registered: &Registered,
) -> Result<bool> {
    let found =
        connections::rows::registration(deeds.store(), realm.realm, &registered.certificate_id).await?;
    Ok(found.is_some_and(|(number, grounds)| {
        let policies = grounds.policies.iter().map(|policy| policy.number);
        let thing = grounds.thing.as_ref().map(|thing| &thing.name);
        number == registered.certificate
            && thing == Some(&registered.thing)
            && policies.eq(devices.policies())
    }))
}
