//! Stopping a task.

use thingsmith_ports::Batch;

use super::{TaskStatus, not_found, rows};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// Stops a task: lines that are under way are finished, no others begin. Stopping one that is stopped changes nothing.
///
/// # Errors
/// `ResourceNotFoundException`; `InvalidRequestException` for a task that has ended by itself.
pub async fn stop_task(deeds: &Deeds, realm: &RealmRecord, id: &str) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || stop_once(deeds, realm, id, &tries))
        .await?;
    deeds.runners().wake();
    Ok(())
}

async fn stop_once(deeds: &Deeds, realm: &RealmRecord, id: &str, tries: &Tries) -> Result<(), Attempt> {
    let task = rows::find(deeds.store(), realm.realm, id)
        .await?
        .ok_or_else(|| not_found(id))?;
    match task.status {
        TaskStatus::InProgress => {}
        TaskStatus::Cancelling | TaskStatus::Cancelled => return Ok(()),
        TaskStatus::Completed | TaskStatus::Failed => {
            return Err(Fault::invalid(format!(
                "Thing registration task {id} is {} and cannot be stopped.",
                task.status
            ))
            .into());
        }
    }
    let mut batch = Batch::new();
    rows::cancel(&mut batch, realm.realm, task.number, deeds.clock().now());
    deeds
        .commit_change(batch, realm.realm, Change::Unseen(task.number), tries)
        .await
}
