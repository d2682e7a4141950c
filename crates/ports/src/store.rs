//! The store: one SQL text, two engines.
//!
//! [`Store::read`] is one statement and one snapshot. [`Store::write`] is a list of [`Step`]s, all or nothing, durable
//! when it returns. There are no interactive transactions: a deed reads, then sends one batch whose guards prove that
//! what it read still holds, and starts again when they do not. What attaches itself to a row holds it
//! [`Hold::Shared`]; what deletes a row or counts what hangs on it holds it [`Hold::Exclusive`] in an earlier step.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use thingsmith_model::Timestamp;
use thiserror::Error;

/// A durable store that several callers use at once.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Which engine this is: only migrations, bulk loading and fleet search may differ by it.
    fn engine(&self) -> Engine;

    /// Runs one SELECT over one snapshot.
    ///
    /// # Errors
    /// [`StoreError::Retry`] when the read did not end within its deadline, [`StoreError::Other`] for the rest.
    async fn read(&self, statement: Statement) -> Result<Vec<Row>, StoreError>;

    /// Carries out a batch: all of its steps or none. When this returns `Ok`, the batch is durable. The answer has the
    /// `RETURNING` rows of each step, in the order of the steps.
    ///
    /// Dropping the future does not cancel the batch.
    ///
    /// # Errors
    /// See [`StoreError`]. Nothing of the batch happened, but for [`StoreError::Unknown`].
    async fn write(&self, batch: Batch) -> Result<Vec<Vec<Row>>, StoreError>;

    /// Brings the schema to the newest of `migrations`, which are in order of version and without gaps.
    ///
    /// # Errors
    /// [`MigrationError::Unknown`] when the store is newer than this program.
    async fn migrate(&self, migrations: &'static [Migration]) -> Result<(), MigrationError>;
}

/// The database engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// SQLite, in this process.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

/// A statement with `$1`, `$2`, ... parameters and a value for each.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The text, the same for both engines.
    pub sql: &'static str,
    /// The value of `$1`, of `$2`, and so on.
    pub args: Vec<Value>,
}

impl Statement {
    /// A statement with its arguments.
    pub fn new<const N: usize>(sql: &'static str, args: [Value; N]) -> Self {
        Self {
            sql,
            args: args.into(),
        }
    }
}

/// A value of a column: BIGINT, TEXT or BYTEA.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// NULL
    Null,
    /// BIGINT
    Integer(i64),
    /// TEXT, ordered by its bytes
    Text(String),
    /// BYTEA
    Bytes(Vec<u8>),
}

/// A row of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// The value of the column at `index`, counted from 0.
    ///
    /// # Errors
    /// [`StoreError::Other`] when there is no such column or it holds another kind of value: the statement and the
    /// code that reads it disagree.
    pub fn get<T: FromValue>(&self, index: usize) -> Result<T, StoreError> {
        let value = self.0.get(index).cloned().unwrap_or(Value::Null);
        T::from_value(value).ok_or_else(|| {
            StoreError::other(format!(
                "column {index} does not hold the {} that is read from it",
                T::KIND
            ))
        })
    }
}

/// What can be read from a column.
pub trait FromValue: Sized {
    /// The kind of value, for the error.
    const KIND: &'static str;
    /// The value, if it is of this kind.
    fn from_value(value: Value) -> Option<Self>;
}

impl FromValue for i64 {
    const KIND: &'static str = "integer";
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Integer(integer) => Some(integer),
            Value::Null | Value::Text(_) | Value::Bytes(_) => None,
        }
    }
}

impl FromValue for Timestamp {
    const KIND: &'static str = "time in milliseconds";
    fn from_value(value: Value) -> Option<Self> {
        i64::from_value(value).map(Self::from_millis)
    }
}

impl FromValue for String {
    const KIND: &'static str = "text";
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            Value::Null | Value::Integer(_) | Value::Bytes(_) => None,
        }
    }
}

impl FromValue for Vec<u8> {
    const KIND: &'static str = "bytes";
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes),
            Value::Null | Value::Integer(_) | Value::Text(_) => None,
        }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    const KIND: &'static str = T::KIND;
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Self {
        Self::Integer(time.as_millis())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A list of steps that happen together or not at all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    steps: Vec<Step>,
}

/// One step of a [`Batch`].
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Runs a statement.
    Execute {
        /// An INSERT, UPDATE or DELETE, with RETURNING or without.
        statement: Statement,
        /// The number of rows that it must affect, else the batch fails with [`StoreError::Guard`].
        guard: Option<u64>,
    },
    /// Holds one row until the batch ends. A row that is not there fails the batch with [`StoreError::Guard`].
    Hold {
        /// `SELECT 1 FROM table WHERE key`, without a locking clause: the engine adds its own. It selects one row.
        row: Statement,
        /// Against whom the row is held.
        hold: Hold,
    },
}

/// Against whom a row is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Nobody deletes the row or holds it exclusively meanwhile; others may hold it so too.
    Shared,
    /// Nobody else holds the row, changes or deletes it meanwhile.
    Exclusive,
}

impl Batch {
    /// A batch of no steps.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a statement that may affect any number of rows. Gives back the number of the step.
    pub fn execute(&mut self, statement: Statement) -> usize {
        self.push(Step::Execute {
            statement,
            guard: None,
        })
    }

    /// Adds a statement that must affect exactly `rows` rows. Gives back the number of the step.
    pub fn guard(&mut self, statement: Statement, rows: u64) -> usize {
        self.push(Step::Execute {
            statement,
            guard: Some(rows),
        })
    }

    /// Adds the hold of one row, which must be there. Gives back the number of the step.
    pub fn hold(&mut self, row: Statement, hold: Hold) -> usize {
        self.push(Step::Hold { row, hold })
    }

    /// The steps in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    fn push(&mut self, step: Step) -> usize {
        self.steps.push(step);
        self.steps.len() - 1
    }
}

/// Why the store did not do what it was asked. Only [`StoreError::Unknown`] leaves open what happened.
#[derive(Debug, Clone, Error)]
pub enum StoreError {
    /// The step of this number would have made a second row with the same key.
    #[error("step {0} would duplicate a key")]
    Duplicate(usize),
    /// The step of this number did not affect the number of rows that it must, or its row was not there to hold.
    #[error("the guard of step {0} did not hold")]
    Guard(usize),
    /// Another batch was in the way, or there was no answer in time; the same batch may succeed now.
    #[error("the store asks to try again: {0}")]
    Retry(String),
    /// The connection was lost after the commit was sent: the batch happened or it did not. Read back before trying
    /// again, else the deed reports its own success as a duplicate.
    #[error("the store was lost while it committed: {0}")]
    Unknown(String),
    /// Anything else: a full disk, a statement that the engine refuses.
    #[error("{0}")]
    Other(Arc<dyn Error + Send + Sync>),
}

impl StoreError {
    /// An error that only a person can mend.
    pub fn other(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Other(Arc::from(cause.into()))
    }
}

/// A numbered change of the schema, in each engine's own words.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Counted from 1.
    pub version: i64,
    /// The statements for SQLite.
    pub sqlite: &'static str,
    /// The statements for PostgreSQL.
    pub postgres: &'static str,
}

/// Why the schema could not be brought to the newest version.
#[derive(Debug, Error)]
pub enum MigrationError {
    /// The store was written by a newer program.
    #[error(
        "the store has schema version {found}, and this program knows versions up to {known}: use the newer program"
    )]
    Unknown {
        /// The version in the store.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
