//! The reports of a task: what became of its lines, as objects of newline-delimited JSON.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};
use thingsmith_ports::{NewObject, ObjectBytes, ObjectError, StoreError};

use super::{Task, rows};
use crate::provisioning::Registered;
use crate::realms::RealmRecord;
use crate::{Deeds, Fault, objects};

/// The two reports of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportType {
    /// Of the lines that were not registered.
    Errors,
    /// Of the lines that were.
    Results,
}

impl ReportType {
    /// AWS's name of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Errors => "ERRORS",
            Self::Results => "RESULTS",
        }
    }

    /// The type of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Errors, Self::Results]
            .into_iter()
            .find(|report| report.as_str() == name)
    }
}

/// A report object has what became of as many lines of the file at most.
const PART_LINES: i64 = 100_000;
/// Lines that are read of the store at a time.
const PAGE: i64 = 256;

/// The key of a part of a report, counted from 1.
pub(super) fn key(task: &str, report: ReportType, part: i64) -> String {
    match report {
        ReportType::Results => format!("{task}/results-{part:06}.json"),
        ReportType::Errors => format!("{task}/errors-{part:06}.json"),
    }
}

/// What the report says of a line that was registered.
pub(super) fn result_line(number: i64, offset: i64, registered: &Registered) -> String {
    let arns: serde_json::Map<String, Value> = registered
        .resource_arns
        .iter()
        .map(|(name, arn)| (name.clone(), arn.as_str().into()))
        .collect();
    let mut response = json!({ "ResourceArns": arns });
    if let Some(certificate) = &registered.certificate {
        response["CertificatePem"] = certificate.pem().into();
    }
    json!({"lineNumber": number, "offset": offset, "response": response}).to_string()
}

/// What the report says of a line that was not.
pub(super) fn error_line(number: i64, offset: i64, fault: &Fault) -> String {
    json!({
        "lineNumber": number,
        "offset": offset,
        "errorCode": fault.code.exception(),
        "errorMessage": fault.message,
    })
    .to_string()
}

/// Writes both reports of a task from what is kept of its lines, and returns the numbers of their parts: of the results, and
/// of the errors. Doing it twice writes the same once more; it fails for whoever does not have the task any more, since by now
/// its lines may be deleted.
pub(super) async fn write(
    deeds: &Arc<Deeds>,
    realm: &RealmRecord,
    task: &Task,
) -> Result<(i64, i64), ObjectError> {
    let (owner, bucket) = (objects::owner(realm), objects::reports_bucket(realm));
    let mut parts = [0, 0];
    for (parts, report) in parts.iter_mut().zip([ReportType::Results, ReportType::Errors]) {
        let mut rows = Rows {
            deeds: Arc::clone(deeds),
            realm: realm.realm,
            task: task.number,
            id: task.id.clone(),
            epoch: task.epoch,
            report,
            after: 0,
            last: i64::MAX,
        };
        while let Some(first) = rows.first().await.map_err(unavailable)? {
            if *parts == 0 {
                deeds.objects().create_bucket(&owner, &bucket).await?;
            }
            *parts += 1;
            let last = first + PART_LINES - 1;
            let part = Rows {
                after: first - 1,
                last,
                ..rows.clone()
            };
            let new = NewObject {
                content_type: Some("application/json".into()),
                ..NewObject::default()
            };
            let key = key(&task.id, report, *parts);
            deeds
                .objects()
                .put(&owner, &bucket, &key, new, part.stream())
                .await?;
            rows.after = last;
        }
    }
    Ok((parts[0], parts[1]))
}

/// Deletes the objects of a task's reports.
pub(super) async fn delete(deeds: &Deeds, realm: &RealmRecord, task: &Task) -> Result<(), ObjectError> {
    let (owner, bucket) = (objects::owner(realm), objects::reports_bucket(realm));
    for (report, parts) in [
        (ReportType::Results, task.result_parts),
        (ReportType::Errors, task.error_parts),
    ] {
        for part in 1..=parts {
            let key = key(&task.id, report, part);
            match deeds.objects().delete(&owner, &bucket, &key).await {
                Ok(()) | Err(ObjectError::NoSuchBucket) => {}
                Err(cause) => return Err(cause),
            }
        }
    }
    Ok(())
}

/// What is kept of a task's lines, of one report.
#[derive(Clone)]
struct Rows {
    deeds: Arc<Deeds>,
    realm: thingsmith_model::Realm,
    task: i64,
    id: String,
    /// The epoch of whoever writes.
    epoch: i64,
    report: ReportType,
    /// The number of the line before.
    after: i64,
    /// The number of the last line.
    last: i64,
}

impl Rows {
    /// The number of the next line.
    async fn first(&mut self) -> Result<Option<i64>, StoreError> {
        while let Some((first, _)) = self.page(1).await? {
            if first.is_some() {
                return Ok(first);
            }
        }
        Ok(None)
    }

    /// Reads on: the first line's number and the text of them all, which are none when what was read belongs to the other
    /// report. Nothing at the end.
    async fn page(&mut self, size: i64) -> Result<Option<(Option<i64>, String)>, StoreError> {
        let (store, mut text, mut first) = (self.deeds.store(), String::new(), None);
        let mut add = |number: i64, line: &str| {
            first = first.or(Some(number));
            text.push_str(line);
            text.push('\n');
        };
        let mut seen = self.after;
        match self.report {
            ReportType::Results => {
                let size = size.max(PAGE);
                for (number, failed, line) in
                    rows::lines(store, self.realm, self.task, self.after, size).await?
                {
                    if number > self.last {
                        break;
                    }
                    seen = number;
                    if !failed {
                        add(number, &line);
                    }
                }
            }
            ReportType::Errors => {
                for (number, line) in
                    rows::failed_lines(store, self.realm, self.task, self.after, size).await?
                {
                    if number > self.last {
                        break;
                    }
                    seen = number;
                    add(number, &line);
                }
            }
        }
        let read = (seen > self.after).then_some((first, text));
        self.after = seen;
        Ok(read)
    }

    /// The lines as the bytes of an object.
    fn stream(self) -> ObjectBytes {
        Box::pin(stream::try_unfold(self, |mut rows| async move {
            match rows.page(PAGE).await.map_err(unavailable)? {
                Some((_, text)) => Ok(Some((Bytes::from(text), rows))),
                // Only now: who has the task still when it has read all lines has read all that there are.
                None if rows.has_the_task().await.map_err(unavailable)? => Ok(None),
                None => Err(ObjectError::Unavailable("somebody else has the task".to_owned())),
            }
        }))
    }

    async fn has_the_task(&self) -> Result<bool, StoreError> {
        let found = rows::find(self.deeds.store(), self.realm, &self.id).await?;
        Ok(found.is_some_and(|found| found.epoch == self.epoch && found.ended_at.is_none()))
    }
}

fn unavailable(cause: StoreError) -> ObjectError {
    ObjectError::Unavailable(cause.to_string())
}
