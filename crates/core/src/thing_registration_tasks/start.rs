//! Starting a task.

use thingsmith_model::Timestamp;
use thingsmith_ports::{Batch, ObjectError, StoreError};
use thingsmith_template::{Template, Use};

use super::{SERVICE, Task, TaskStatus, rows};
use crate::acting::{Acting, ActingRole};
use crate::fault::sentence;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault, objects};

/// What a new task is to be.
#[derive(Debug, Clone)]
pub struct NewTask {
    /// The template of every line.
    pub template_body: String,
    /// The bucket of the file.
    pub bucket: String,
    /// The key of the file.
    pub key: String,
    /// The role as which the task acts. Whether the caller may hand it over was decided before.
    pub role_arn: String,
}

/// Starts a task on the version of the file that is there now.
///
/// # Errors
/// `InvalidRequestException` for a body that is no template, for a file that is not there or that the role may not read, and
/// while another task of the realm is under way.
pub async fn start_task(deeds: &Deeds, realm: &RealmRecord, new: NewTask) -> Result<Task, Fault> {
    let wrong = |wrong| Fault::invalid(format!("templateBody: {}", sentence(&wrong)));
    let template = Template::parse(&new.template_body).map_err(wrong)?;
    template.check_for(Use::Given).map_err(wrong)?;
    let id = deeds.uuid().to_string();
    may_read(deeds, realm, &id, (&new.role_arn, &new.bucket, &new.key)).await?;
    if objects::is_own(&new.bucket) {
        return Err(unreadable(&new.bucket, &new.key, ObjectError::NoSuchBucket));
    }
    let found = deeds
        .objects()
        .head(&objects::owner(realm), &new.bucket, &new.key)
        .await;
    let object = found.map_err(|cause| unreadable(&new.bucket, &new.key, cause))?;
    let now = deeds.clock().now();
    let task = Task {
        number: deeds.number().await?,
        id,
        template_body: new.template_body,
        bucket: new.bucket,
        key: new.key,
        etag: object.etag,
        size: object.size,
        role_arn: new.role_arn,
        status: TaskStatus::InProgress,
        message: None,
        created_at: now,
        modified_at: now,
        ended_at: None,
        epoch: 0,
        lease_until: Timestamp::from_millis(0),
        result_parts: 0,
        error_parts: 0,
    };
    let tries = Tries::default();
    loop {
        let outcome = start_once(deeds, realm, &task).await;
        if let Some(done) = tries.settle(outcome).await? {
            deeds.runners().wake();
            return Ok(done);
        }
    }
}

async fn start_once(deeds: &Deeds, realm: &RealmRecord, task: &Task) -> Result<Task, Attempt> {
    let mut batch = Batch::new();
    rows::insert(&mut batch, realm.realm, task);
    let error = match deeds.commit(batch).await {
        Ok(_) => return Ok(task.clone()),
        Err(error @ StoreError::Duplicate(_)) => error,
        Err(error) => return Err(error.into()),
    };
    // This very one, whose commit was not answered; it may even have ended.
    if let Some(own) = rows::find(deeds.store(), realm.realm, &task.id).await? {
        return Ok(own);
    }
    match rows::under_way(deeds.store(), realm.realm).await? {
        Some(other) => Err(Fault::invalid(format!(
            "Thing registration task {} is {}; an account has one at a time in a region. Wait for it or stop it.",
            other.id, other.status
        ))
        .into()),
        // It has ended in between.
        None => Err(error.into()),
    }
}

/// The task's role, which must be permitted to read the file.
///
/// # Errors
/// `InvalidRequestException` naming what is wrong with the role.
pub(super) async fn may_read(
    deeds: &Deeds,
    realm: &RealmRecord,
    id: &str,
    (role_arn, bucket, key): (&str, &str, &str),
) -> Result<ActingRole, Fault> {
    // As much of the task's id as tells it from others in a refusal that is meant to be read.
    let session = format!("BulkRegistration-{id:.8}");
    let role = ActingRole::assume(deeds, realm, "roleArn", role_arn, SERVICE, &session).await?;
    role.may("s3:GetObject", &format!("arn:aws:s3:::{bucket}/{key}"))
        .map_err(|fault| Fault::invalid(fault.message))?;
    Ok(role)
}

/// What it is to whoever starts a task that its file cannot be had.
pub(super) fn unreadable(bucket: &str, key: &str, cause: ObjectError) -> Fault {
    match cause {
        ObjectError::NoSuchBucket => Fault::invalid(format!("inputFileBucket {bucket} does not exist.")),
        ObjectError::NoSuchKey => Fault::invalid(format!(
            "inputFileKey {key} does not exist in the bucket {bucket}."
        )),
        // Nothing that the task's own account can mend, but it is to know why its file is not read.
        ObjectError::Refused(reason) => Fault::invalid(format!(
            "inputFileBucket {bucket}: the file {key} cannot be read, since {reason}."
        )),
        cause @ (ObjectError::BucketTaken
        | ObjectError::TooManyBuckets
        | ObjectError::BucketNotEmpty
        | ObjectError::ConditionFailed
        | ObjectError::TooLarge
        | ObjectError::BadBytes(_)
        | ObjectError::Unavailable(_)) => Fault::internal(cause),
    }
}
