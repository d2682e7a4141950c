//! The SQL of the tasks of bulk registration, of their progress and of what became of their lines.

use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, Row, Statement, Store, StoreError};

use super::{Floor, Progress, Task, TaskStatus};

/// What `task` reads of a row of the table `t`.
macro_rules! columns {
    () => {
        "t.number, t.id, t.template_body, t.bucket, t.object_key, t.etag, t.size, t.role_arn, t.status, t.message, \
         t.created_at, t.modified_at, t.ended_at, t.epoch, t.lease_until, t.result_parts, t.error_parts"
    };
}

/// Adds a task. It is a duplicate when the realm has one that is under way.
pub fn insert(batch: &mut Batch, realm: Realm, task: &Task) {
    batch.execute(Statement::new(
        "INSERT INTO thing_registration_tasks (number, realm, id, template_body, bucket, object_key, etag, size, role_arn, \
         status, message, created_at, modified_at, ended_at, epoch, lease_until, result_parts, error_parts) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
        [
            task.number.into(),
            realm.0.into(),
            task.id.as_str().into(),
            task.template_body.as_str().into(),
            task.bucket.as_str().into(),
            task.key.as_str().into(),
            task.etag.as_str().into(),
            i64::try_from(task.size).unwrap_or(i64::MAX).into(),
            task.role_arn.as_str().into(),
            task.status.as_str().into(),
            task.message.as_deref().into(),
            task.created_at.into(),
            task.modified_at.into(),
            task.ended_at.into(),
            task.epoch.into(),
            task.lease_until.into(),
            task.result_parts.into(),
            task.error_parts.into(),
        ],
    ));
}

/// The task of this id.
pub async fn find(store: &dyn Store, realm: Realm, id: &str) -> Result<Option<Task>, StoreError> {
    let rows = store
        .read(Statement::new(
            concat!(
                "SELECT ",
                columns!(),
                " FROM thing_registration_tasks t WHERE t.realm = $1 AND t.id = $2"
            ),
            [realm.0.into(), id.into()],
        ))
        .await?;
    rows.first().map(task).transpose()
}

/// The realm's task that is under way.
pub async fn under_way(store: &dyn Store, realm: Realm) -> Result<Option<Task>, StoreError> {
    let rows = store
        .read(Statement::new(
            concat!(
                "SELECT ",
                columns!(),
                " FROM thing_registration_tasks t WHERE t.realm = $1 AND t.status IN ('InProgress', 'Cancelling')"
            ),
            [realm.0.into()],
        ))
        .await?;
    rows.first().map(task).transpose()
}

/// A page of the numbers and ids of tasks, newest first, before the number `before`. An empty `status` is any.
pub async fn page(
    store: &dyn Store,
    realm: Realm,
    status: &str,
    before: i64,
    limit: i64,
) -> Result<Vec<(i64, String)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, id FROM thing_registration_tasks \
             WHERE realm = $1 AND ($2 = '' OR status = $2) AND number < $3 ORDER BY number DESC LIMIT $4",
            [realm.0.into(), status.into(), before.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Tasks of all realms that are under way and that nobody has a lease of, oldest first.
pub async fn waiting(
    store: &dyn Store,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(Realm, Task)>, StoreError> {
    let rows = store
        .read(Statement::new(
            concat!(
                "SELECT ",
                columns!(),
                ", t.realm FROM thing_registration_tasks t WHERE t.status IN ('InProgress', 'Cancelling') \
                 AND t.lease_until <= $1 ORDER BY t.number LIMIT $2"
            ),
            [now.into(), limit.into()],
        ))
        .await?;
    rows.iter()
        .map(|row| Ok((Realm(row.get(17)?), task(row)?)))
        .collect()
}

/// Tasks of all realms that ended before a time.
pub async fn ended_before(
    store: &dyn Store,
    at: Timestamp,
    limit: i64,
) -> Result<Vec<(Realm, Task)>, StoreError> {
    let rows = store
        .read(Statement::new(
            concat!(
                "SELECT ",
                columns!(),
                ", t.realm FROM thing_registration_tasks t WHERE t.ended_at < $1 ORDER BY t.number LIMIT $2"
            ),
            [at.into(), limit.into()],
        ))
        .await?;
    rows.iter()
        .map(|row| Ok((Realm(row.get(17)?), task(row)?)))
        .collect()
}

/// Tasks of all realms that have ended and still have lines: their numbers.
pub async fn ended_with_lines(store: &dyn Store, limit: i64) -> Result<Vec<(Realm, i64)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT t.realm, t.number FROM thing_registration_tasks t WHERE t.ended_at IS NOT NULL AND EXISTS \
             (SELECT 1 FROM thing_registration_lines l WHERE l.realm = t.realm AND l.task = t.number) \
             ORDER BY t.number LIMIT $1",
            [limit.into()],
        ))
        .await?;
    rows.iter()
        .map(|row| Ok((Realm(row.get(0)?), row.get(1)?)))
        .collect()
}

/// Gives a task to whoever has the epoch `epoch`, provided that nobody took it since it was read.
pub fn take(batch: &mut Batch, realm: Realm, task: &Task, epoch: i64, lease_until: Timestamp) {
    batch.guard(
        Statement::new(
            "UPDATE thing_registration_tasks SET epoch = $3, lease_until = $4 WHERE realm = $1 AND number = $2 \
             AND epoch = $5 AND lease_until = $6 AND status IN ('InProgress', 'Cancelling')",
            [
                realm.0.into(),
                task.number.into(),
                epoch.into(),
                lease_until.into(),
                task.epoch.into(),
                task.lease_until.into(),
            ],
        ),
        1,
    );
}

/// Gives a lane of a task to an epoch. From then on no line of an earlier one is registered.
pub fn take_lane(batch: &mut Batch, realm: Realm, task: i64, lane: i64, epoch: i64) {
    batch.execute(Statement::new(
        "INSERT INTO thing_registration_lanes \
         (realm, task, lane, epoch, successes, failures, bytes, floor_line, floor_offset) \
         VALUES ($1, $2, $3, $4, 0, 0, 0, 0, 0) ON CONFLICT (realm, task, lane) DO UPDATE SET epoch = $4",
        [realm.0.into(), task.into(), lane.into(), epoch.into()],
    ));
}

/// Holds a task for longer, or gives it back with a time that is over, provided that the epoch has it. `message` says why it
/// rests, if it does.
pub fn renew(
    batch: &mut Batch,
    realm: Realm,
    (task, epoch): (i64, i64),
    (now, until): (Timestamp, Timestamp),
    message: Option<&str>,
) {
    batch.guard(
        Statement::new(
            "UPDATE thing_registration_tasks SET lease_until = $4, modified_at = $5, message = $6 \
             WHERE realm = $1 AND number = $2 AND epoch = $3 AND ended_at IS NULL",
            [
                realm.0.into(),
                task.into(),
                epoch.into(),
                until.into(),
                now.into(),
                message.into(),
            ],
        ),
        1,
    );
}

/// Asks for a task to be stopped, provided that it is in progress.
pub fn cancel(batch: &mut Batch, realm: Realm, task: i64, now: Timestamp) {
    batch.guard(
        Statement::new(
            "UPDATE thing_registration_tasks SET status = 'Cancelling', modified_at = $3 \
             WHERE realm = $1 AND number = $2 AND status = 'InProgress'",
            [realm.0.into(), task.into(), now.into()],
        ),
        1,
    );
}

/// Ends a task as `task` says, provided that its epoch has it and its status is still `from`.
pub fn end(batch: &mut Batch, realm: Realm, task: &Task, from: TaskStatus) {
    batch.guard(
        Statement::new(
            "UPDATE thing_registration_tasks SET status = $5, message = $6, modified_at = $7, ended_at = $8, \
             result_parts = $9, error_parts = $10 \
             WHERE realm = $1 AND number = $2 AND epoch = $3 AND status = $4 AND ended_at IS NULL",
            [
                realm.0.into(),
                task.number.into(),
                task.epoch.into(),
                from.as_str().into(),
                task.status.as_str().into(),
                task.message.as_deref().into(),
                task.modified_at.into(),
                task.ended_at.into(),
                task.result_parts.into(),
                task.error_parts.into(),
            ],
        ),
        1,
    );
}

/// Forgets a task and what was counted of it.
pub fn delete(batch: &mut Batch, realm: Realm, task: i64) {
    for sql in [
        "DELETE FROM thing_registration_tasks WHERE realm = $1 AND number = $2",
        "DELETE FROM thing_registration_lanes WHERE realm = $1 AND task = $2",
    ] {
        batch.execute(Statement::new(sql, [realm.0.into(), task.into()]));
    }
}

/// What was counted of a task in all of its lanes.
pub async fn progress(store: &dyn Store, realm: Realm, task: i64) -> Result<Progress, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT CAST(coalesce(sum(successes), 0) AS BIGINT), CAST(coalesce(sum(failures), 0) AS BIGINT), \
             CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM thing_registration_lanes WHERE realm = $1 AND task = $2",
            [realm.0.into(), task.into()],
        ))
        .await?;
    match rows.first() {
        Some(row) => Ok(Progress {
            successes: row.get(0)?,
            failures: row.get(1)?,
            bytes: row.get(2)?,
        }),
        None => Ok(Progress::default()),
    }
}

/// The highest of the lanes' floors.
pub async fn floor(store: &dyn Store, realm: Realm, task: i64) -> Result<Floor, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT floor_line, floor_offset FROM thing_registration_lanes WHERE realm = $1 AND task = $2 \
             ORDER BY floor_line DESC LIMIT 1",
            [realm.0.into(), task.into()],
        ))
        .await?;
    match rows.first() {
        Some(row) => Ok(Floor {
            line: row.get(0)?,
            offset: row.get(1)?,
        }),
        None => Ok(Floor::default()),
    }
}

/// Counts what became of a line of `bytes` bytes, in a lane that the epoch must have.
pub fn count_line(
    batch: &mut Batch,
    realm: Realm,
    (task, lane, epoch): (i64, i64, i64),
    failed: bool,
    bytes: i64,
    floor: Floor,
) {
    batch.guard(
        Statement::new(
            "UPDATE thing_registration_lanes SET successes = successes + $5, failures = failures + $6, \
             bytes = bytes + $7, floor_line = $8, floor_offset = $9 \
             WHERE realm = $1 AND task = $2 AND lane = $3 AND epoch = $4",
            [
                realm.0.into(),
                task.into(),
                lane.into(),
                epoch.into(),
                i64::from(!failed).into(),
                i64::from(failed).into(),
                bytes.into(),
                floor.line.into(),
                floor.offset.into(),
            ],
        ),
        1,
    );
}

/// Keeps what became of a line. A line that is done already makes the batch a duplicate.
pub fn insert_line(batch: &mut Batch, realm: Realm, task: i64, line: i64, failed: bool, body: &str) {
    batch.execute(Statement::new(
        "INSERT INTO thing_registration_lines (realm, task, line, failed, body) VALUES ($1, $2, $3, $4, $5)",
        [
            realm.0.into(),
            task.into(),
            line.into(),
            i64::from(failed).into(),
            body.into(),
        ],
    ));
}

/// Whether a line is done, and which epoch has a lane.
pub async fn standing(
    store: &dyn Store,
    realm: Realm,
    (task, lane, line): (i64, i64, i64),
) -> Result<(bool, Option<i64>), StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT (SELECT count(*) FROM thing_registration_lines WHERE realm = $1 AND task = $2 AND line = $4), \
             (SELECT epoch FROM thing_registration_lanes WHERE realm = $1 AND task = $2 AND lane = $3)",
            [realm.0.into(), task.into(), lane.into(), line.into()],
        ))
        .await?;
    match rows.first() {
        Some(row) => Ok((row.get::<i64>(0)? > 0, row.get(1)?)),
        None => Ok((false, None)),
    }
}

/// The numbers of lines behind `after` that are done.
pub async fn done_after(
    store: &dyn Store,
    realm: Realm,
    task: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<i64>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT line FROM thing_registration_lines WHERE realm = $1 AND task = $2 AND line > $3 \
             ORDER BY line LIMIT $4",
            [realm.0.into(), task.into(), after.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// What became of the lines behind `after`, in the file's order: the number, whether it failed, and its line of the report.
pub async fn lines(
    store: &dyn Store,
    realm: Realm,
    task: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, bool, String)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT line, failed, body FROM thing_registration_lines WHERE realm = $1 AND task = $2 AND line > $3 \
             ORDER BY line LIMIT $4",
            [realm.0.into(), task.into(), after.into(), limit.into()],
        ))
        .await?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.get::<i64>(1)? != 0, row.get(2)?)))
        .collect()
}

/// As [`lines`], of those that failed.
pub async fn failed_lines(
    store: &dyn Store,
    realm: Realm,
    task: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, String)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT line, body FROM thing_registration_lines WHERE realm = $1 AND task = $2 AND line > $3 \
             AND failed = 1 ORDER BY line LIMIT $4",
            [realm.0.into(), task.into(), after.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Deletes what is kept of the lines up to `last`.
pub fn delete_lines(batch: &mut Batch, realm: Realm, task: i64, last: i64) {
    batch.execute(Statement::new(
        "DELETE FROM thing_registration_lines WHERE realm = $1 AND task = $2 AND line <= $3",
        [realm.0.into(), task.into(), last.into()],
    ));
}

fn task(row: &Row) -> Result<Task, StoreError> {
    let status: String = row.get(8)?;
    Ok(Task {
        number: row.get(0)?,
        id: row.get(1)?,
        template_body: row.get(2)?,
        bucket: row.get(3)?,
        key: row.get(4)?,
        etag: row.get(5)?,
        size: u64::try_from(row.get::<i64>(6)?).unwrap_or_default(),
        role_arn: row.get(7)?,
        status: TaskStatus::named(&status)
            .ok_or_else(|| StoreError::other(format!("a task has the unknown status {status:?}")))?,
        message: row.get(9)?,
        created_at: row.get(10)?,
        modified_at: row.get(11)?,
        ended_at: row.get(12)?,
        epoch: row.get(13)?,
        lease_until: row.get(14)?,
        result_parts: row.get(15)?,
        error_parts: row.get(16)?,
    })
}
