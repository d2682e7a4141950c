//! The numbered migrations. The text of a landed migration never changes: a change is a new number.

use thingsmith_ports::Migration;

/// `migration!(1, "0001")` is the migration of the files `0001.sqlite.sql` and `0001.postgres.sql`.
macro_rules! migration {
    ($version:literal, $file:literal) => {
        Migration {
            version: $version,
            sqlite: include_str!(concat!($file, ".sqlite.sql")),
            postgres: include_str!(concat!($file, ".postgres.sql")),
        }
    };
}

/// Every migration in order.
pub const MIGRATIONS: &[Migration] = &[
    migration!(1, "0001"),
    migration!(2, "0002"),
    migration!(3, "0003"),
    migration!(4, "0004"),
    migration!(5, "0005"),
    migration!(6, "0006"),
    migration!(7, "0007"),
    migration!(8, "0008"),
    migration!(9, "0009"),
    migration!(10, "0010"),
    migration!(11, "0011"),
    migration!(12, "0012"),
    migration!(13, "0013"),
    migration!(14, "0014"),
];
