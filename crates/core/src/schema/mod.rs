//! The numbered migrations. The text of a landed migration never changes: a change is a new number.

use thingsmith_ports::Migration;

/// Every migration in order.
pub const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    sqlite: include_str!("0001.sqlite.sql"),
    postgres: include_str!("0001.postgres.sql"),
}];
