//! A pool of reading connections, each used on a thread that may block.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use thingsmith_ports::{Row, Statement, StoreError};
use tokio::sync::Semaphore;

use crate::sqlite;

/// The readers. A read waits for a free connection and runs off the runtime's workers.
pub(crate) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
    deadline: Duration,
}

impl Readers {
    pub(crate) fn open(path: &Path, count: usize, deadline: Duration) -> rusqlite::Result<Self> {
        let idle = (0..count.max(1))
            .map(|_| open(path))
            .collect::<Result<Vec<_>, _>>()?;
        let permits = Arc::new(Semaphore::new(idle.len()));
        Ok(Self {
            idle: Arc::new(Mutex::new(idle)),
            permits,
            deadline,
        })
    }

    pub(crate) async fn read(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        let started = Instant::now();
        let late = || StoreError::Retry("no reader was free within the deadline".into());
        let permit = tokio::time::timeout(self.deadline, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| late())?
            .map_err(StoreError::other)?;
        let idle = Arc::clone(&self.idle);
        let deadline = started + self.deadline;
        let read = tokio::task::spawn_blocking(move || {
            let mut connection = idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop()
                .expect("there is a connection for each permit");
            let answer = read_until(&mut connection, &statement, deadline);
            idle.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
            drop(permit);
            answer
        });
        read.await.map_err(StoreError::other)?
    }
}

fn read_until(
    connection: &mut Connection,
    statement: &Statement,
    deadline: Instant,
) -> Result<Vec<Row>, StoreError> {
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
    connection.set_prepared_statement_cache_capacity(256);
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}
