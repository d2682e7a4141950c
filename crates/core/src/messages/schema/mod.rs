//! The numbered migrations of the store of messages, which is not the registry's: a burst of queued messages must not
//! delay a registration. The text of a landed migration never changes: a change is a new number.

use thingsmith_ports::Migration;

/// Every migration in order.
pub const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    sqlite: include_str!("0001.sqlite.sql"),
    postgres: include_str!("0001.postgres.sql"),
}];
