//! That what was acknowledged is there: asked of a store that was opened anew.

use anyhow::Result;
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::{Deeds, certificates, connections};

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
    let (store, realm, number) = (deeds.store(), realm.realm, registered.certificate);
    let standing = certificates::rows::standing(store, realm, &registered.certificate_id).await?;
    let grounds = connections::rows::grounds(store, realm, number, &registered.thing).await?;
    Ok(standing.is_some_and(|standing| standing.number == number)
        && grounds.is_some_and(|grounds| {
            let policies = grounds.policies.iter().map(|policy| policy.number);
            grounds.thing.is_some() && policies.eq(devices.policies())
        }))
}
