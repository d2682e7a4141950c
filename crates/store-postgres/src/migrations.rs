//! Bringing the schema up to date, one node at a time.

use thingsmith_ports::{Migration, MigrationError, Statement, StoreError};
use tokio_postgres::Error;

use crate::errors;
use crate::session::Session;

/// Applies what is missing, each migration in a transaction of its own with its number.
pub(crate) async fn migrate(session: &Session, migrations: &[Migration]) -> Result<(), MigrationError> {
    let known = migrations.last().map_or(0, |migration| migration.version);
    loop {
        execute(session, "BEGIN").await?;
        let step = one_step(session, migrations, known).await;
        if !matches!(step, Ok(true)) {
            execute(session, "ROLLBACK").await?;
            return step.map(drop);
        }
        session.client.batch_execute("COMMIT").await.map_err(|cause| {
            if errors::lost(&cause) {
                StoreError::Unknown(errors::describe(&cause))
            } else {
                errors::error(&cause, 0)
            }
        })?;
    }
}

/// Applies the next migration. `false` when there is none.
async fn one_step(session: &Session, migrations: &[Migration], known: i64) -> Result<bool, MigrationError> {
    // Every node waits here for the one that is at work, and then finds its version.
    execute(
        session,
        "SET LOCAL statement_timeout = 0;
        SET LOCAL idle_in_transaction_session_timeout = 0;
        SELECT pg_advisory_xact_lock(1953064807, hashtext(current_schema()));
        CREATE TABLE IF NOT EXISTS thingsmith_schema (
            only_row BIGINT PRIMARY KEY CHECK (only_row = 1), version BIGINT NOT NULL
        )",
    )
    .await?;
    let rows = session
        .read(&Statement::new("SELECT version FROM thingsmith_schema", []))
        .await?;
    let found = match rows.first() {
        Some(row) => row.get::<i64>(0)?,
        None => 0,
    };
    if found > known {
        return Err(MigrationError::Unknown { found, known });
    }
    let Some(next) = migrations.iter().find(|migration| migration.version > found) else {
        return Ok(false);
    };
    execute(session, next.postgres).await?;
    let record = "
        INSERT INTO thingsmith_schema (only_row, version) VALUES (1, $1)
        ON CONFLICT (only_row) DO UPDATE SET version = excluded.version";
    session
        .read(&Statement::new(record, [next.version.into()]))
        .await?;
    Ok(true)
}

async fn execute(session: &Session, sql: &'static str) -> Result<(), StoreError> {
    let done: Result<(), Error> = session.client.batch_execute(sql).await;
    done.map_err(|cause| errors::error(&cause, 0))
}
