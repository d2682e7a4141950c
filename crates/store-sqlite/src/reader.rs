//! The readers: connections for short reads, and threads with a connection each for what is not short.
//!
//! Most reads find a few rows by a key, and most of what such a read would cost on another thread is the way there and
//! back. So each read begins where it is asked for, with a budget of SQLite's instructions that a few rows do not use
//! up. One that does is given up and begun again on a thread; so is one that finds no connection free. The threads are
//! the store's own and not the runtime's blocking pool, where the way is longer.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use thingsmith_ports::{Row, Statement, StoreError};
use tokio::sync::oneshot;

use crate::sqlite;

/// Reads that may wait before callers are told to try again: a bound on memory, far above what is read in a deadline.
const QUEUE: usize = 65_536;

/// SQLite's instructions for a read where it is asked for, between one and two times: some 100 microseconds, which is how long
/// it keeps a worker of the runtime from other tasks.
const BUDGET: i32 = 2_000;

/// The handle of the readers. Dropping it lets the threads finish what they read and close the database.
pub(crate) struct Readers {
    /// Connections for short reads, the one that was used last on top: its pages and statements are at hand.
    free: Mutex<Vec<Short>>,
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
    deadline: Duration,
}

/// A connection whose reads end when their budget is used up.
struct Short {
    connection: Connection,
    /// Whether SQLite has asked once in this read whether to go on. It counts a statement's instructions over all of its
    /// uses, so that the first time may come at once.
    asked: Arc<AtomicBool>,
}

struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
}

#[derive(Default)]
struct Waiting {
    reads: VecDeque<Read>,
    closed: bool,
}

struct Read {
    statement: Statement,
    deadline: Instant,
    answer: oneshot::Sender<Result<Vec<Row>, StoreError>>,
}

impl Readers {
    pub(crate) fn open(path: &Path, count: usize, deadline: Duration) -> rusqlite::Result<Self> {
        let queue = Arc::new(Queue {
            waiting: Mutex::default(),
            arrived: Condvar::new(),
        });
        let mut free = Vec::with_capacity(count);
        for _ in 0..count.max(1) {
            free.push(Short::open(path)?);
        }
        // Made first, so that threads which did start end if another does not.
        let mut readers = Self {
            free: Mutex::new(free),
            queue,
            threads: Vec::new(),
            deadline,
        };
        for number in 0..count.max(1) {
            let connection = open(path)?;
            let queue = Arc::clone(&readers.queue);
            let thread = std::thread::Builder::new()
                .name(format!("sqlite-reader-{number}"))
                .spawn(move || work_until_closed(connection, &queue))
                .map_err(|cause| rusqlite::Error::ToSqlConversionFailure(cause.into()))?;
            readers.threads.push(thread);
        }
        Ok(readers)
    }

    pub(crate) async fn read(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        // A task that reads on and on must let others have their turn, as if it waited.
        tokio::task::consume_budget().await;
        match self.read_here(&statement) {
            Some(Err(StoreError::Retry(_))) | None => self.read_on_thread(statement).await,
            Some(outcome) => outcome,
        }
    }

    /// Reads within the budget; nothing when no connection is free.
    fn read_here(&self, statement: &Statement) -> Option<Result<Vec<Row>, StoreError>> {
        let short = self.free().pop()?;
        let outcome = short.read(statement);
        self.free().push(short);
        Some(outcome)
    }

    /// No code panics while it holds the lock, so a poisoned one is as good.
    fn free(&self) -> MutexGuard<'_, Vec<Short>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read_on_thread(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        let (answer, receive) = oneshot::channel();
        let read = Read {
            statement,
            deadline: Instant::now() + self.deadline,
            answer,
        };
        {
            let mut waiting = self.queue.lock();
            if waiting.reads.len() >= QUEUE {
                return Err(StoreError::Retry(format!("{QUEUE} reads wait")));
            }
            waiting.reads.push_back(read);
        }
        self.queue.arrived.notify_one();
        // No timer is needed: whatever was sent before this has an earlier deadline, and is given up by then.
        receive
            .await
            .map_err(|_| StoreError::other("the readers ended"))?
    }
}

impl Short {
    fn open(path: &Path) -> rusqlite::Result<Self> {
        let mut connection = open(path)?;
        // What has to wait for a lock, waits on a thread.
        connection.busy_timeout(Duration::ZERO)?;
        let asked = Arc::new(AtomicBool::new(false));
        let asking = Arc::clone(&asked);
        connection.progress_handler(BUDGET, Some(move || asking.swap(true, Ordering::Relaxed)))?;
        Ok(Self { connection, asked })
    }

    fn read(&self, statement: &Statement) -> Result<Vec<Row>, StoreError> {
        self.asked.store(false, Ordering::Relaxed);
        sqlite::run(&self.connection, statement, 0)
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.arrived.notify_all();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a reader's thread panicked");
            }
        }
    }
}

impl Queue {
    /// The next read; none once the handle was dropped.
    fn take(&self) -> Option<Read> {
        let mut waiting = self.lock();
        loop {
            if let Some(read) = waiting.reads.pop_front() {
                return Some(read);
            }
            if waiting.closed {
                return None;
            }
            waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// No code panics while it holds the lock, so a poisoned one is as good.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn work_until_closed(mut connection: Connection, queue: &Queue) {
    while let Some(Read {
        statement,
        deadline,
        answer,
    }) = queue.take()
    {
        // A caller that went away wants nothing read.
        if !answer.is_closed() {
            drop(answer.send(read_until(&mut connection, &statement, deadline)));
        }
    }
}

fn read_until(
    connection: &mut Connection,
    statement: &Statement,
    deadline: Instant,
) -> Result<Vec<Row>, StoreError> {
    if Instant::now() > deadline {
        return Err(StoreError::Retry("no reader was free within the deadline".into()));
    }
    // Asked every so many of SQLite's instructions: often enough to end a long scan, too seldom to cost.
    let late = move || Instant::now() > deadline;
    connection
        .progress_handler(10_000, Some(late))
        .map_err(|cause| sqlite::error(cause, 0))?;
    sqlite::run(connection, statement, 0)
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    sqlite::settle(&connection)?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count_to(end: i64) -> Statement {
        Statement::new(
            "WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < $1) \
             SELECT max(n) FROM counted",
            [end.into()],
        )
    }

    #[tokio::test]
    async fn a_long_read_is_given_up_and_ends_on_a_thread() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("database");
        drop(Connection::open(&path).unwrap());
        let readers = Readers::open(&path, 1, Duration::from_secs(60)).unwrap();
        let long = readers.free().first().unwrap().read(&count_to(100_000));
        assert!(matches!(long, Err(StoreError::Retry(_))), "{long:?}");
        assert_eq!(
            readers.read(count_to(100_000)).await.unwrap()[0]
                .get::<i64>(0)
                .unwrap(),
            100_000
        );
    }

    #[test]
    fn a_statement_has_its_budget_each_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("database");
        drop(Connection::open(&path).unwrap());
        let short = Short::open(&path).unwrap();
        for _ in 0..1000 {
            assert_eq!(short.read(&count_to(20)).unwrap()[0].get::<i64>(0).unwrap(), 20);
        }
    }
}
