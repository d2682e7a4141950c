//! The one writer: a thread that takes whatever batches wait, runs one after the other and commits them together, so that
//! many batches share one fsync.
//!
//! A batch that is refused must leave nothing while its neighbours stay. Nearly all batches succeed, and most of those that
//! are refused have changed no row by then: they hold and guard first. So a group runs without savepoints, which would be
//! two statements for each batch; when one of several batches is refused after it has changed something, the group is rolled
//! back and runs again with a savepoint for each.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, ErrorCode};
use thingsmith_ports::{Batch, Migration, MigrationError, Row, Step, StoreError};
use tokio::sync::oneshot;

use crate::{restrict, sqlite};

/// Batches that may wait before callers are told to try again: a bound on memory, far above what one group holds.
const QUEUE: usize = 8192;
/// Batches in one commit, so that the first does not wait long for the last.
const GROUP: usize = 256;

type Answer = Result<Vec<Vec<Row>>, StoreError>;

/// What the writer's thread is asked to do.
enum Work {
    Batch(Batch, oneshot::Sender<Answer>),
    Migrate(&'static [Migration], oneshot::Sender<Result<(), MigrationError>>),
    Durability(oneshot::Sender<Result<(String, i64), StoreError>>),
}

/// The handle of the writer's thread. Dropping it lets the thread finish what waits and close the database.
pub(crate) struct Writer {
    queue: Option<SyncSender<Work>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(path: &Path) -> rusqlite::Result<Self> {
        restrict(path);
        let connection = open(path)?;
        let (queue, work) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || work_until_closed(&connection, &work))
            .map_err(|cause| rusqlite::Error::ToSqlConversionFailure(cause.into()))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    pub(crate) async fn write(&self, batch: Batch) -> Answer {
        let (answer, receive) = oneshot::channel();
        self.send(Work::Batch(batch, answer))?;
        receive
            .await
            .map_err(|_| StoreError::Unknown("the writer ended".into()))?
    }

    pub(crate) async fn migrate(&self, migrations: &'static [Migration]) -> Result<(), MigrationError> {
        let (answer, receive) = oneshot::channel();
        self.send(Work::Migrate(migrations, answer))?;
        receive
            .await
            .map_err(|_| StoreError::Unknown("the writer ended".into()))?
    }

    pub(crate) async fn durability(&self) -> Result<(String, i64), StoreError> {
        let (answer, receive) = oneshot::channel();
        self.send(Work::Durability(answer))?;
        receive
            .await
            .map_err(|_| StoreError::Unknown("the writer ended".into()))?
    }

    fn send(&self, work: Work) -> Result<(), StoreError> {
        let queue = self
            .queue
            .as_ref()
            .expect("the queue is taken only when the writer is dropped");
        queue.try_send(work).map_err(|refused| match refused {
            TrySendError::Full(_) => StoreError::Retry(format!("{QUEUE} batches wait to be written")),
            TrySendError::Disconnected(_) => StoreError::other("the writer ended"),
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer's thread panicked");
        }
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    sqlite::settle(&connection)?;
    // The journal mode is the database's; FULL makes the WAL's fsync part of each commit.
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    Ok(connection)
}

fn work_until_closed(connection: &Connection, work: &Receiver<Work>) {
    let mut group = Vec::with_capacity(GROUP);
    while let Ok(first) = work.recv() {
        let mut next = Some(first);
        while let Some(taken) = next.take() {
            match taken {
                Work::Batch(batch, answer) => group.push((batch, answer)),
                // The rest does not belong in a group: it ends the one that is open.
                Work::Migrate(migrations, answer) => {
                    commit_group(connection, &mut group);
                    drop(answer.send(migrate(connection, migrations)));
                }
                Work::Durability(answer) => {
                    drop(answer.send(durability(connection).map_err(|cause| sqlite::error(cause, 0))));
                }
            }
            if group.len() < GROUP {
                next = work.try_recv().ok();
            }
        }
        commit_group(connection, &mut group);
    }
    commit_group(connection, &mut group);
}

/// Runs the batches of a group and tells each what became of it, after the commit.
fn commit_group(connection: &Connection, group: &mut Vec<(Batch, oneshot::Sender<Answer>)>) {
    if group.is_empty() {
        return;
    }
    let (batches, senders): (Vec<_>, Vec<_>) = group.drain(..).unzip();
    let answers = match run_group(connection, &batches) {
        Ok(answers) => answers,
        Err(failure) => batches.iter().map(|_| Err(failure.clone())).collect(),
    };
    for (sender, answer) in senders.into_iter().zip(answers) {
        // A caller that went away does not undo its batch.
        drop(sender.send(answer));
    }
}

fn run_group(connection: &Connection, batches: &[Batch]) -> Result<Vec<Answer>, StoreError> {
    if let Some(answers) = run_plainly(connection, batches)? {
        return Ok(answers);
    }
    run_in_savepoints(connection, batches)
}

/// Runs a group without savepoints; none when that cannot be: then it is rolled back.
fn run_plainly(connection: &Connection, batches: &[Batch]) -> Result<Option<Vec<Answer>>, StoreError> {
    run(connection, "BEGIN IMMEDIATE")?;
    let mut answers = Vec::with_capacity(batches.len());
    for batch in batches {
        let before = connection.total_changes();
        let answer = run_batch(connection, batch);
        check_open(connection, &answer)?;
        // A statement that failed has undone its own changes, and they are not counted.
        let left_something = answer.is_err() && connection.total_changes() != before;
        answers.push(answer);
        if left_something {
            run(connection, "ROLLBACK").map_err(|cause| abandon(connection, cause))?;
            // Alone in its group it has no neighbours that would have to stay.
            return Ok((batches.len() == 1).then_some(answers));
        }
    }
    commit(connection).map(|()| Some(answers))
}

fn run_in_savepoints(connection: &Connection, batches: &[Batch]) -> Result<Vec<Answer>, StoreError> {
    run(connection, "BEGIN IMMEDIATE")?;
    let mut answers = Vec::with_capacity(batches.len());
    for batch in batches {
        run(connection, "SAVEPOINT batch").map_err(|cause| abandon(connection, cause))?;
        let answer = run_batch(connection, batch);
        check_open(connection, &answer)?;
        if answer.is_err() {
            run(connection, "ROLLBACK TO batch").map_err(|cause| abandon(connection, cause))?;
        }
        run(connection, "RELEASE batch").map_err(|cause| abandon(connection, cause))?;
        answers.push(answer);
    }
    commit(connection).map(|()| answers)
}

/// Refuses to go on after a batch with which the whole transaction ended, earlier batches of the group included: SQLite
/// rolls it back for a full disk or a write that failed.
fn check_open(connection: &Connection, answer: &Answer) -> Result<(), StoreError> {
    if !connection.is_autocommit() {
        return Ok(());
    }
    let cause = match answer {
        Ok(_) => "without a cause".to_owned(),
        Err(cause) => cause.to_string(),
    };
    Err(StoreError::other(format!(
        "the engine rolled the transaction back: {cause}"
    )))
}

fn commit(connection: &Connection) -> Result<(), StoreError> {
    let committed = connection
        .prepare_cached("COMMIT")
        .and_then(|mut commit| commit.execute([]));
    committed.map(drop).map_err(|cause| {
        // An fsync that failed may have left the frames in the log, where recovery would find them.
        let unknown = matches!(&cause, rusqlite::Error::SqliteFailure(failure, _)
            if failure.code == ErrorCode::SystemIoFailure);
        let refused = abandon(connection, sqlite::error(cause, 0));
        if unknown {
            StoreError::Unknown(refused.to_string())
        } else {
            refused
        }
    })
}

fn run_batch(connection: &Connection, batch: &Batch) -> Answer {
    let mut answers = Vec::with_capacity(batch.steps().len());
    for (number, step) in batch.steps().iter().enumerate() {
        let rows = match step {
            Step::Execute { statement, guard } => {
                let before = connection.total_changes();
                let rows = sqlite::run(connection, statement, number)?;
                let affected = connection.total_changes().wrapping_sub(before);
                if guard.is_some_and(|expected| expected != affected) {
                    return Err(StoreError::Guard(number));
                }
                rows
            }
            // There is one writer: a row that is there stays as it is until the batch ends.
            Step::Hold { row, .. } => {
                let rows = sqlite::run(connection, row, number)?;
                if rows.len() != 1 {
                    return Err(StoreError::Guard(number));
                }
                Vec::new()
            }
        };
        answers.push(rows);
    }
    Ok(answers)
}

/// Leaves the open transaction, so that the next group finds none.
fn abandon(connection: &Connection, cause: StoreError) -> StoreError {
    if !connection.is_autocommit()
        && let Err(also) = run(connection, "ROLLBACK")
    {
        tracing::error!(cause = %also, "a transaction could not be rolled back");
    }
    cause
}

fn run(connection: &Connection, sql: &'static str) -> Result<(), StoreError> {
    let mut prepared = connection
        .prepare_cached(sql)
        .map_err(|cause| sqlite::error(cause, 0))?;
    prepared
        .execute([])
        .map(drop)
        .map_err(|cause| sqlite::error(cause, 0))
}

fn migrate(connection: &Connection, migrations: &[Migration]) -> Result<(), MigrationError> {
    let other = |cause| MigrationError::Store(sqlite::error(cause, 0));
    let found: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(other)?;
    let known = migrations.last().map_or(0, |migration| migration.version);
    if found > known {
        return Err(MigrationError::Unknown { found, known });
    }
    for migration in migrations.iter().filter(|migration| migration.version > found) {
        let version = migration.version;
        let text = format!(
            "BEGIN IMMEDIATE; {}; PRAGMA user_version = {version}; COMMIT",
            migration.sqlite
        );
        if let Err(cause) = connection.execute_batch(&text) {
            return Err(MigrationError::Store(abandon(
                connection,
                sqlite::error(cause, 0),
            )));
        }
    }
    Ok(())
}

fn durability(connection: &Connection) -> rusqlite::Result<(String, i64)> {
    let journal = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    let synchronous = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    Ok((journal, synchronous))
}

#[cfg(test)]
mod group_tests;
#[cfg(test)]
mod tests;
