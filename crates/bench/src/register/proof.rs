//! That what was acknowledged is there: asked of a store that was opened anew.

use anyhow::Result;
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::{Deeds, certificates, policies, things};

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
    let thing = things::rows::find_with_principal(store, realm, &registered.thing, number).await?;
    let attached = policies::rows::page_of_attached(store, realm, number, 0, 10).await?;
    let attached: Vec<i64> = attached.iter().map(|policy| policy.number).collect();
    Ok(standing.is_some_and(|standing| standing.number == number)
        && thing.is_some_and(|(_, attached)| attached)
        && attached == devices.policies())
}
