//! The embedded store: SQLite in WAL mode with `synchronous=FULL`, one writer thread that commits in groups, and a
//! pool of readers.
//!
//! The data directory belongs to one process: a lock on `lock` in it keeps a second one out.

mod lock;
mod reader;
mod sqlite;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use thingsmith_ports::{Batch, Engine, Migration, MigrationError, Row, Statement, Store, StoreError};
use thiserror::Error;

use crate::lock::DirectoryLock;
use crate::reader::Readers;
use crate::writer::Writer;

/// How the store is opened.
#[derive(Debug, Clone)]
pub struct Config {
    /// The data directory, which must exist.
    pub directory: PathBuf,
    /// The database's file in it.
    pub file: &'static str,
    /// Reader connections.
    pub readers: usize,
    /// After this long a read is given up with [`StoreError::Retry`].
    pub read_deadline: Duration,
}

impl Config {
    /// The store of messages in the same directory: the file `messages.sqlite`, with half the readers.
    #[must_use]
    pub fn messages(&self) -> Self {
        Self {
            file: "messages.sqlite",
            readers: self.readers.div_ceil(2),
            ..self.clone()
        }
    }

    /// The file `registry.sqlite`, four readers and five seconds.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            file: "registry.sqlite",
            readers: 4,
            read_deadline: Duration::from_secs(5),
        }
    }
}

/// The embedded store.
pub struct SqliteStore {
    readers: Readers,
    writer: Writer,
    lock: Arc<DirectoryLock>,
}

/// Why the store could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process works in the directory.
    #[error("the data directory {} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// The directory or the lock file in it cannot be used.
    #[error("the data directory {} cannot be used: {cause}", .path.display())]
    Directory {
        /// What was opened.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// SQLite refuses the database.
    #[error("the database {} cannot be opened: {cause}", .path.display())]
    Database {
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        cause: rusqlite::Error,
    },
}

impl SqliteStore {
    /// Opens the store, making the database if there is none.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(config: &Config) -> Result<Self, OpenError> {
        let lock = Arc::new(DirectoryLock::take(&config.directory)?);
        Self::open_under(lock, config)
    }

    /// Opens another database in the same directory, which stays locked until both are closed.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_beside(&self, config: &Config) -> Result<Self, OpenError> {
        Self::open_under(Arc::clone(&self.lock), config)
    }

    fn open_under(lock: Arc<DirectoryLock>, config: &Config) -> Result<Self, OpenError> {
        let path = config.directory.join(config.file);
        let database = |cause| OpenError::Database {
            path: path.clone(),
            cause,
        };
        let writer = Writer::start(&path).map_err(database)?;
        let readers = Readers::open(&path, config.readers, config.read_deadline).map_err(database)?;
        Ok(Self {
            readers,
            writer,
            lock,
        })
    }

    /// The engine's durability settings as it reports them: journal mode and `synchronous` (2 is FULL).
    ///
    /// # Errors
    /// When the writer is gone.
    pub async fn durability(&self) -> Result<(String, i64), StoreError> {
        self.writer.durability().await
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    async fn read(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        self.readers.read(statement).await
    }

    async fn write(&self, batch: Batch) -> Result<Vec<Vec<Row>>, StoreError> {
        self.writer.write(batch).await
    }

    async fn migrate(&self, migrations: &'static [Migration]) -> Result<(), MigrationError> {
        self.writer.migrate(migrations).await
    }
}

/// Keeps files of the store from other users of the machine: SQLite gives the files beside it the same permissions.
fn restrict(path: &Path) {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let restricted = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .and_then(|file| file.set_permissions(std::fs::Permissions::from_mode(0o600)));
    if let Err(cause) = restricted {
        tracing::warn!(path = %path.display(), %cause, "the database file's permissions could not be restricted");
    }
}
