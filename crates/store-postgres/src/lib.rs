//! The store of several nodes: a PostgreSQL server.
//!
//! Reads are pipelined over a few shared connections. A batch owns a connection of a bounded pool while it runs: its
//! steps are sent without waiting for each other's answers, then its guards are checked, then it commits. The level is
//! READ COMMITTED; what must not change under a batch it holds.
//!
//! Connections are not encrypted: an address that asks for TLS is refused.

mod config;
mod errors;
mod migrations;
mod readers;
mod session;
mod values;
mod writers;

use std::sync::Arc;

use async_trait::async_trait;
use thingsmith_ports::{Batch, Engine, Migration, MigrationError, Row, Statement, Store, StoreError};
use thiserror::Error;

pub use crate::config::{Config, ConfigError};
use crate::readers::Readers;
use crate::session::{ConnectError, Role, Session};
use crate::writers::Writers;

/// The store on a PostgreSQL server.
pub struct PostgresStore {
    config: Arc<Config>,
    readers: Readers,
    writers: Arc<Writers>,
}

/// Why the store could not be opened.
#[derive(Debug, Error)]
#[error("the PostgreSQL server at {server} cannot be used")]
pub struct OpenError {
    /// The server and the database, without user and password.
    pub server: String,
    /// What went wrong.
    #[source]
    pub cause: StoreError,
}

/// What the server says about keeping what it acknowledged, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Durability {
    /// `on`, else an outage of the machine may lose everything.
    pub fsync: String,
    /// `on`, in our sessions at least.
    pub synchronous_commit: String,
    /// `on`, else a page that was half written stays so.
    pub full_page_writes: String,
}

impl PostgresStore {
    /// Opens the store. One connection is made at once, to see that there is a server; the rest when they are needed.
    ///
    /// # Errors
    /// When the server cannot be reached or does not let us in.
    pub async fn open(config: Config) -> Result<Self, OpenError> {
        let config = Arc::new(config);
        let refused = |cause| OpenError {
            server: config.server_name(),
            // Nobody tries again by itself: a person reads this.
            cause: match cause {
                StoreError::Retry(reason) => StoreError::other(reason),
                cause => cause,
            },
        };
        let session = Session::connect(&config, Role::Writer)
            .await
            .map_err(|cause| refused(cause.into()))?;
        let durability = durability(&session).await.map_err(refused)?;
        if durability.fsync != "on" || durability.full_page_writes != "on" {
            tracing::warn!(
                fsync = durability.fsync,
                full_page_writes = durability.full_page_writes,
                "the PostgreSQL server may lose what it acknowledged"
            );
        }
        Ok(Self {
            readers: Readers::new(Arc::clone(&config)),
            writers: Arc::new(Writers::new(Arc::clone(&config), session)),
            config,
        })
    }

    /// Opens another store on the same server, with connections of its own and its tables in a schema of its own: that of
    /// `config`, or the server's default, and `_SUFFIX` behind its name. The schema is made if there is none.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub async fn open_beside(mut config: Config, suffix: &str) -> Result<Self, OpenError> {
        let current = async {
            let session = Session::connect(&config, Role::Writer).await?;
            let rows = session
                .read(&Statement::new("SELECT CAST(current_schema() AS TEXT)", []))
                .await?;
            let name: Option<String> = rows.first().map(|row| row.get(0)).transpose()?.flatten();
            name.ok_or_else(|| StoreError::other("the server's default schema is not there"))
        };
        let current = current.await.map_err(|cause| OpenError {
            server: config.server_name(),
            cause,
        })?;
        config.schema = Some(format!("{current}_{suffix}"));
        Self::create_schema(&config).await?;
        Self::open(config).await
    }

    /// Makes the schema that `config` names, when there is none. One that is there needs no leave to make any.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub async fn create_schema(config: &Config) -> Result<(), OpenError> {
        let made = async {
            let session = Session::connect(config, Role::Writer).await?;
            session.create_schema(config.schema.as_deref()).await
        };
        made.await.map_err(|cause| OpenError {
            server: config.server_name(),
            cause,
        })
    }

    /// The durability settings as a session that writes sees them.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn durability(&self) -> Result<Durability, StoreError> {
        let session = Session::connect(&self.config, Role::Writer).await?;
        durability(&session).await
    }
}

async fn durability(session: &Session) -> Result<Durability, StoreError> {
    let settings = Statement::new(
        "SELECT current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes')",
        [],
    );
    let rows = session.read(&settings).await?;
    let row = rows
        .first()
        .ok_or_else(|| StoreError::other("the server does not tell its settings"))?;
    Ok(Durability {
        fsync: row.get(0)?,
        synchronous_commit: row.get(1)?,
        full_page_writes: row.get(2)?,
    })
}

#[async_trait]
impl Store for PostgresStore {
    fn engine(&self) -> Engine {
        Engine::Postgres
    }

    async fn read(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        self.readers.read(statement).await
    }

    async fn write(&self, batch: Batch) -> Result<Vec<Vec<Row>>, StoreError> {
        let writers = Arc::clone(&self.writers);
        // A task of its own: it goes on when the caller does not.
        tokio::spawn(async move { writers.write(&batch).await })
            .await
            .map_err(|cause| StoreError::Unknown(cause.to_string()))?
    }

    async fn migrate(&self, migrations: &'static [Migration]) -> Result<(), MigrationError> {
        let config = Arc::clone(&self.config);
        let migrated = tokio::spawn(async move {
            let session = Session::connect(&config, Role::Writer)
                .await
                .map_err(StoreError::from)?;
            migrations::migrate(&session, migrations).await
        });
        migrated
            .await
            .map_err(|cause| StoreError::Unknown(cause.to_string()))?
    }
}

impl From<ConnectError> for StoreError {
    fn from(error: ConnectError) -> Self {
        if error.may_pass {
            Self::Retry(error.to_string())
        } else {
            Self::other(error)
        }
    }
}
