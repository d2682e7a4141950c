//! Deleting a version of a layer.

use thingsmith_ports::Batch;

use super::{LayerVersionName, rows};
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// Deletes a version of a layer. Functions that have it keep it; one that is not there counts as deleted.
///
/// # Errors
/// `AccessDeniedException` for a layer of another account.
pub async fn delete_layer_version(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &LayerVersionName,
) -> Result<(), Fault> {
    let layer = name.layer.within(realm)?;
    let tries = Tries::default();
    loop {
        let outcome = delete_once(deeds, realm, layer, name.version).await;
        if let Some(done) = tries.settle(outcome).await? {
            return Ok(done);
        }
    }
}

async fn delete_once(deeds: &Deeds, realm: &RealmRecord, layer: &str, version: i64) -> Result<(), Attempt> {
    // One that is gone after a commit was lost is one that this deed deleted, or somebody else did.
    let Some(found) = rows::find(deeds.store(), realm.realm, layer, version).await? else {
        return Ok(());
    };
    let mut batch = Batch::new();
    rows::mark_deleted(&mut batch, realm.realm, found.number);
    rows::sweep(&mut batch, realm.realm);
    deeds.commit(batch).await?;
    Ok(())
}
