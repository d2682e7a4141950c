//! One connection, set up our way, with the statements that it has prepared.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::TryStreamExt;
use thingsmith_ports::{Row, Statement, StoreError, Value};
use thiserror::Error;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::{Client, Error, NoTls, Statement as Prepared};

use crate::config::Config;
use crate::errors;
use crate::values::{Bound, Received};

/// One statement of a batch may take this long on the server.
pub(crate) const STATEMENT: Duration = Duration::from_secs(5);
/// Making a connection may take this long.
const CONNECT: Duration = Duration::from_secs(5);
/// Between attempts to connect, at first and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Reads; the server refuses to write.
    Reader,
    /// Batches and migrations.
    Writer,
}

/// A connection to the server.
pub(crate) struct Session {
    pub(crate) client: Client,
    /// By the statement's text and the locking clause behind it. Texts are constants, so there are only so many.
    prepared: Mutex<HashMap<(&'static str, &'static str), Prepared>>,
    /// The server's process for this connection: its id, and when it began, as ids come again.
    process: [Value; 2],
}

/// Why there is no connection.
#[derive(Debug, Error)]
#[error("no connection to PostgreSQL: {reason}")]
pub(crate) struct ConnectError {
    reason: String,
    /// Whether trying again may help, or only a person.
    pub(crate) may_pass: bool,
}

/// The rows of a statement and how many rows it affected.
pub(crate) struct Answer {
    pub(crate) rows: Vec<Row>,
    pub(crate) affected: u64,
}

impl Session {
    /// Makes a connection, once.
    pub(crate) async fn connect(config: &Config, role: Role) -> Result<Self, ConnectError> {
        let connected = timeout(CONNECT, Self::set_up(config, role)).await;
        connected.unwrap_or_else(|_| {
            Err(ConnectError {
                reason: "no answer in time".into(),
                may_pass: true,
            })
        })
    }

    /// Makes a connection, trying until `deadline` when what hinders it may pass.
    pub(crate) async fn connect_by(
        config: &Config,
        role: Role,
        deadline: Instant,
    ) -> Result<Self, StoreError> {
        let mut pause = BACK_OFF.0;
        loop {
            match Self::connect(config, role).await {
                Ok(session) => return Ok(session),
                Err(error) if !error.may_pass || Instant::now() + pause > deadline => {
                    return Err(error.into());
                }
                Err(_) => sleep(pause).await,
            }
            pause = (pause * 2).min(BACK_OFF.1);
        }
    }

    async fn set_up(config: &Config, role: Role) -> Result<Self, ConnectError> {
        let refused = |cause: Error| ConnectError {
            reason: errors::describe(&cause),
            may_pass: errors::connecting_may_pass(&cause),
        };
        let (client, connection) = config.server.connect(NoTls).await.map_err(refused)?;
        // The task ends with the client.
        tokio::spawn(async move {
            if let Err(cause) = connection.await {
                tracing::debug!(
                    cause = errors::describe(&cause),
                    "a connection to PostgreSQL ended"
                );
            }
        });
        let mut session = Self {
            client,
            prepared: Mutex::default(),
            process: [Value::Null, Value::Null],
        };
        session.settle_settings(config, role).await.map_err(refused)?;
        Ok(session)
    }

    async fn settle_settings(&mut self, config: &Config, role: Role) -> Result<(), Error> {
        let (deadline, read_only) = match role {
            Role::Reader => (config.read_deadline, "on"),
            Role::Writer => (STATEMENT, "off"),
        };
        let deadline = deadline.as_millis().clamp(1, 2_147_483_647).to_string();
        let settings = Statement::new(SETTINGS, [deadline.into(), read_only.into()]);
        self.run_alone(&settings).await?;
        if let Some(schema) = &config.schema {
            let sql = "SELECT set_config('search_path', quote_ident($1), false)";
            self.run_alone(&Statement::new(sql, [schema.as_str().into()]))
                .await?;
        }
        let process = self.run_alone(&Statement::new(PROCESS, [])).await?;
        if let Some(Row(values)) = process.rows.into_iter().next()
            && let Ok(process) = values.try_into()
        {
            self.process = process;
        }
        Ok(())
    }

    /// Makes `schema` if there is none.
    pub(crate) async fn create_schema(&self, schema: Option<&str>) -> Result<(), StoreError> {
        let quote = Statement::new(
            "SELECT format('CREATE SCHEMA IF NOT EXISTS %I', CAST($1 AS TEXT))
            WHERE NOT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)",
            [schema.into()],
        );
        for row in self.read(&quote).await? {
            // The server has put the name into the statement, which has no parameters.
            let create: String = row.get(0)?;
            self.client
                .batch_execute(&create)
                .await
                .map_err(|cause| errors::error(&cause, 0))?;
        }
        Ok(())
    }

    /// Runs one statement by itself.
    pub(crate) async fn read(&self, statement: &Statement) -> Result<Vec<Row>, StoreError> {
        let answer = self.run_alone(statement).await;
        answer
            .map(|answer| answer.rows)
            .map_err(|cause| errors::error(&cause, 0))
    }

    async fn run_alone(&self, statement: &Statement) -> Result<Answer, Error> {
        let prepared = self.prepare(statement.sql, "").await?;
        self.run(&prepared, &statement.args).await
    }

    /// The statement `sql` with the locking clause `lock` behind it, prepared on this connection.
    pub(crate) async fn prepare(&self, sql: &'static str, lock: &'static str) -> Result<Prepared, Error> {
        let known = self
            .prepared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&(sql, lock))
            .cloned();
        if let Some(prepared) = known {
            return Ok(prepared);
        }
        let prepared = if lock.is_empty() {
            self.client.prepare(sql).await?
        } else {
            self.client.prepare(&[sql, lock].concat()).await?
        };
        self.prepared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((sql, lock), prepared.clone());
        Ok(prepared)
    }

    /// Runs a prepared statement. It is sent when the future is first polled.
    pub(crate) async fn run(&self, prepared: &Prepared, args: &[Value]) -> Result<Answer, Error> {
        let stream = self.client.query_raw(prepared, args.iter().map(Bound)).await?;
        let mut stream = std::pin::pin!(stream);
        let mut rows = Vec::new();
        while let Some(row) = stream.try_next().await? {
            let values = (0..row.len())
                .map(|column| row.try_get::<_, Received>(column).map(|received| received.0))
                .collect::<Result<_, _>>()?;
            rows.push(Row(values));
        }
        let affected = stream.rows_affected().unwrap_or_default();
        Ok(Answer { rows, affected })
    }

    /// Ends the server's process of a lost connection `of` and waits until it is gone: from then on its last batch has
    /// happened or never will, and whoever reads back reads the truth.
    pub(crate) async fn settle(config: &Config, of: &Self, deadline: Instant) -> Result<(), StoreError> {
        let session = Self::connect_by(config, Role::Writer, deadline).await?;
        let end = Statement::new(END_PROCESS, of.process.clone());
        while !session.read(&end).await?.is_empty() {
            if Instant::now() > deadline {
                return Err(StoreError::Retry("the server's process is still there".into()));
            }
            sleep(BACK_OFF.0).await;
        }
        Ok(())
    }
}

const SETTINGS: &str = "
    SELECT set_config('synchronous_commit', 'on', false),
        set_config('statement_timeout', $1, false),
        set_config('idle_in_transaction_session_timeout', '30s', false),
        set_config('default_transaction_isolation', 'read committed', false),
        set_config('default_transaction_read_only', $2, false)";

const PROCESS: &str = "
    SELECT pid, CAST(extract(epoch FROM backend_start) * 1000000 AS BIGINT)
    FROM pg_stat_activity WHERE pid = pg_backend_pid()";

const END_PROCESS: &str = "
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid = $1 AND CAST(extract(epoch FROM backend_start) * 1000000 AS BIGINT) = $2";
