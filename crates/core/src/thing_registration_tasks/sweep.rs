//! What is over is deleted.

use thingsmith_model::Realm;
use thingsmith_ports::Batch;

use super::{KEEP, report, rows};
use crate::{Deeds, Fault, realms};

/// Tasks that one sweep takes.
const TASKS: i64 = 100;
/// Lines that one batch deletes.
const LINES: i64 = 500;

/// Deletes tasks that ended thirty days ago, with their reports, and what is kept of the lines of tasks that have ended. Doing
/// it on every node at once is harmless.
///
/// # Errors
/// When the store or the keeper of objects fails; the next call makes it good.
pub async fn sweep(deeds: &Deeds) -> Result<(), Fault> {
    for (realm, task) in rows::ended_with_lines(deeds.store(), TASKS).await? {
        delete_lines(deeds, realm, task).await?;
    }
    let before = deeds.clock().now().minus(KEEP);
    for (realm, task) in rows::ended_before(deeds.store(), before, TASKS).await? {
        if let Some(record) = realms::rows::by_number(deeds.store(), realm).await? {
            report::delete(deeds, &record, &task)
                .await
                .map_err(Fault::internal)?;
        }
        let mut batch = Batch::new();
        rows::delete(&mut batch, realm, task.number);
        deeds.commit(batch).await?;
    }
    Ok(())
}

/// Deletes what is kept of a task's lines, a few at a time.
pub(super) async fn delete_lines(deeds: &Deeds, realm: Realm, task: i64) -> Result<(), Fault> {
    loop {
        let lines = rows::done_after(deeds.store(), realm, task, 0, LINES).await?;
        let Some(last) = lines.last() else { return Ok(()) };
        let mut batch = Batch::new();
        rows::delete_lines(&mut batch, realm, task, *last);
        deeds.commit(batch).await?;
    }
}
