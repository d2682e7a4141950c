//! Reading and listing tasks and their reports.

use super::report::{ReportType, key};
use super::{Progress, Task, TaskStatus, not_found, rows};
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault, objects};

/// Reads a task and what was counted of it.
///
/// # Errors
/// `ResourceNotFoundException`
pub async fn describe_task(deeds: &Deeds, realm: &RealmRecord, id: &str) -> Result<(Task, Progress), Fault> {
    let task = rows::find(deeds.store(), realm.realm, id)
        .await?
        .ok_or_else(|| not_found(id))?;
    let progress = rows::progress(deeds.store(), realm.realm, task.number).await?;
    Ok((task, progress))
}

impl Progress {
    /// How much of the task is done, in percent of its file's bytes: 100 when it is completed and not before.
    pub fn percent(&self, task: &Task) -> i64 {
        if task.status == TaskStatus::Completed {
            return 100;
        }
        let size = i128::from(task.size.max(1));
        i64::try_from(i128::from(self.bytes) * 100 / size).map_or(99, |percent| percent.clamp(0, 99))
    }
}

/// Lists the ids of tasks, newest first, all or those of one status.
///
/// # Errors
/// `InvalidRequestException` for a token that is not of this list.
pub async fn list_tasks(
    deeds: &Deeds,
    realm: &RealmRecord,
    status: Option<TaskStatus>,
    page: &PageRequest,
) -> Result<Page<String>, Fault> {
    let status = status.map_or("", TaskStatus::as_str);
    let list = format!("ListThingRegistrationTasks {status}");
    let before: Option<i64> = page.place(deeds, realm.realm, &list)?;
    let before = before.unwrap_or(i64::MAX);
    let found = rows::page(deeds.store(), realm.realm, status, before, page.limit_and_one()).await?;
    let page = page.cut(deeds, realm.realm, &list, found, |last| last.0)?;
    Ok(page.map(|(_, id)| id))
}

/// Lists where the reports of a task are: buckets and keys, in the order of the file's lines. There are none until the task
/// has ended, and none of a type of which it has no lines.
///
/// # Errors
/// `InvalidRequestException` when there is no such task (AWS's model has no other exception for it), and for a token that is
/// not of this list.
pub async fn list_reports(
    deeds: &Deeds,
    realm: &RealmRecord,
    id: &str,
    report: ReportType,
    page: &PageRequest,
) -> Result<Page<(String, String)>, Fault> {
    let task = rows::find(deeds.store(), realm.realm, id)
        .await?
        .ok_or_else(|| Fault::invalid(not_found(id).message))?;
    let list = format!(
        "ListThingRegistrationTaskReports {} {}",
        task.number,
        report.as_str()
    );
    let after: Option<i64> = page.place(deeds, realm.realm, &list)?;
    let parts = match report {
        ReportType::Results => task.result_parts,
        ReportType::Errors => task.error_parts,
    };
    let first = after.unwrap_or(0) + 1;
    let most = usize::try_from(page.limit_and_one()).unwrap_or(usize::MAX);
    let found: Vec<i64> = (first..=parts).take(most).collect();
    let page = page.cut(deeds, realm.realm, &list, found, |last| *last)?;
    let bucket = objects::reports_bucket(realm);
    Ok(page.map(|part| (bucket.clone(), key(&task.id, report, part))))
}
