//! Statements and values in SQLite's words.

use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, Value as SqliteValue, ValueRef};
use rusqlite::{CachedStatement, Connection, ToSql};
use thingsmith_ports::{Row, Statement, StoreError, Value};

/// A value as rusqlite binds it, without a copy.
struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Value::Null => ToSqlOutput::Owned(SqliteValue::Null),
            Value::Integer(integer) => ToSqlOutput::Owned(SqliteValue::Integer(*integer)),
            Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Value::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

/// Prepares a connection for statements that are used again and again.
pub(crate) fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(256);
    connection.busy_timeout(Duration::from_secs(5))?;
    // Else SQLite plans a statement with a parameter in its LIMIT anew each time that it is bound.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Runs a statement, which is step `step` of its batch, to its end and gives back its rows.
pub(crate) fn run(
    connection: &Connection,
    statement: &Statement,
    step: usize,
) -> Result<Vec<Row>, StoreError> {
    check(statement)?;
    rows(connection, statement).map_err(|cause| error(cause, step))
}

/// Refuses what SQLite would take and PostgreSQL would not.
fn check(statement: &Statement) -> Result<(), StoreError> {
    for argument in &statement.args {
        if matches!(argument, Value::Text(text) if text.contains('\0')) {
            return Err(StoreError::other("text cannot have the character U+0000"));
        }
    }
    Ok(())
}

fn rows(connection: &Connection, statement: &Statement) -> rusqlite::Result<Vec<Row>> {
    let mut prepared = connection.prepare_cached(statement.sql)?;
    bind(&mut prepared, &statement.args)?;
    let columns = prepared.column_count();
    let mut answer = prepared.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = answer.next()? {
        let mut values = Vec::with_capacity(columns);
        for column in 0..columns {
            values.push(value(row.get_ref(column)?));
        }
        rows.push(Row(values));
    }
    Ok(rows)
}

/// Binds the arguments. SQLite numbers `$n` by first appearance, so they are bound by name; a parameter without an
/// argument would be NULL, so their numbers must agree.
fn bind(prepared: &mut CachedStatement<'_>, args: &[Value]) -> rusqlite::Result<()> {
    if prepared.parameter_count() != args.len() {
        return Err(rusqlite::Error::InvalidParameterCount(
            args.len(),
            prepared.parameter_count(),
        ));
    }
    for position in 1..=args.len() {
        let argument = prepared
            .parameter_name(position)
            .and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok())
            .and_then(|number| args.get(number.checked_sub(1)?));
        let Some(argument) = argument.map(Bound) else {
            let name = prepared.parameter_name(position).unwrap_or_default().to_owned();
            return Err(rusqlite::Error::InvalidParameterName(name));
        };
        prepared.raw_bind_parameter(position, argument)?;
    }
    Ok(())
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        // No statement computes with fractions, and no column has them.
        ValueRef::Real(real) => Value::Text(real.to_string()),
        ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

/// An error of step `step` in the words of the port.
pub(crate) fn error(cause: rusqlite::Error, step: usize) -> StoreError {
    use rusqlite::ErrorCode;
    use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_ROWID, SQLITE_CONSTRAINT_UNIQUE};
    if let rusqlite::Error::SqliteFailure(failure, _) = &cause {
        match failure.code {
            ErrorCode::ConstraintViolation
                if [
                    SQLITE_CONSTRAINT_PRIMARYKEY,
                    SQLITE_CONSTRAINT_ROWID,
                    SQLITE_CONSTRAINT_UNIQUE,
                ]
                .contains(&failure.extended_code) =>
            {
                return StoreError::Duplicate(step);
            }
            ErrorCode::OperationInterrupted => {
                return StoreError::Retry("no answer within the deadline".into());
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
                return StoreError::Retry(cause.to_string());
            }
            _ => {}
        }
    }
    StoreError::other(cause)
}
