//! What every [`Store`] must do: one public function per behaviour, made into tests by [`crate::store_suite`].

mod batches;
mod concurrency;
mod holds;
mod migrations;
mod reads;
mod restarts;
mod throughput;
mod values;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use self::batches::*;
pub use self::concurrency::*;
pub use self::holds::*;
pub use self::migrations::*;
pub use self::reads::*;
pub use self::restarts::*;
pub use self::throughput::*;
pub use self::values::*;
use crate::{Batch, Migration, Row, Statement, Store, StoreError, Value};

/// Where one test's store lives: empty when the test begins, and nobody else's.
#[async_trait]
pub trait Place: Send + Sync + 'static {
    /// Opens the store, with what was written before. `read_deadline` is when a read is given up.
    async fn open(&self, read_deadline: Duration) -> Arc<dyn Store>;

    /// Opens the store a second time while `first` is open. An engine that has one owner hands out `first` again.
    async fn open_beside(&self, first: &Arc<dyn Store>) -> Arc<dyn Store>;
}

/// Makes a test of each behaviour, given an async function that makes an `Option` of a [`Place`]. `None` skips the
/// test, and the function says why.
///
/// ```ignore
/// thingsmith_ports::store_suite!(directory);
///
/// async fn directory() -> Option<Directory> { ... }
/// ```
#[macro_export]
macro_rules! store_suite {
    ($place:ident) => {
        $crate::store_suite_behaviours!($crate::store_suite_tests, $place);
    };
}

/// Each behaviour once.
#[doc(hidden)]
#[macro_export]
macro_rules! store_suite_behaviours {
    ($each:path, $place:ident) => {
        $each! { $place:
            every_kind_of_value_comes_back_as_it_was_written
            parameters_may_stand_out_of_order_and_twice
            a_zero_character_in_text_is_refused
            a_wrong_number_of_arguments_is_refused
            a_value_of_the_wrong_kind_is_refused
            computed_columns_are_the_same_in_every_engine
            text_is_ordered_by_its_bytes
            pages_by_key_neither_skip_nor_repeat
            a_read_sees_one_snapshot
            a_read_cannot_write
            a_read_past_its_deadline_asks_to_try_again
            rows_come_back_step_by_step_in_order
            a_batch_of_no_steps_does_nothing
            a_step_sees_what_earlier_steps_wrote
            a_guard_counts_the_affected_rows
            a_failed_guard_undoes_its_own_batch_only
            a_duplicate_names_its_step
            a_conflict_may_do_nothing_or_update
            a_refused_statement_undoes_its_batch
            a_hold_of_a_missing_row_fails_its_step
            shared_holds_pass_each_other
            a_delete_that_overlaps_an_attachment_fails
            an_attachment_that_overlaps_a_delete_fails
            attach_and_delete_never_both_succeed
            a_limit_counted_under_an_exclusive_hold_is_never_passed
            batches_that_hold_each_others_rows_do_not_stand_still
            number_blocks_are_never_handed_out_twice
            many_writers_are_answered_truthfully
            a_failing_batch_does_not_harm_its_neighbours
            dropping_the_caller_does_not_cancel_a_batch
            a_store_that_restarts_has_everything_and_goes_on
            migrations_are_applied_once
            migrations_from_two_openers_are_applied_once
            a_newer_schema_is_refused
            a_failing_migration_leaves_the_version_before_it
        }
    };
}

/// A test of each behaviour.
#[doc(hidden)]
#[macro_export]
macro_rules! store_suite_tests {
    ($place:ident: $($behaviour:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $behaviour() {
            if let Some(place) = $place().await {
                $crate::conformance::store::$behaviour(&place).await;
            }
        }
    )*};
}

/// Longer than any read of the suite takes on a busy machine.
const AMPLE: Duration = Duration::from_secs(30);

/// The tables of the suite.
static TABLES: [Migration; 1] = [Migration {
    version: 1,
    sqlite: "
        CREATE TABLE kinds (key INTEGER PRIMARY KEY, number INTEGER, text TEXT, bytes BLOB) STRICT;
        CREATE TABLE names (realm INTEGER, name TEXT, amount INTEGER NOT NULL, PRIMARY KEY (realm, name))
            STRICT, WITHOUT ROWID;
        CREATE TABLE policies (id INTEGER PRIMARY KEY) STRICT;
        CREATE TABLE attachments (policy INTEGER, target INTEGER, PRIMARY KEY (policy, target))
            STRICT, WITHOUT ROWID;
        CREATE TABLE devices (key BLOB PRIMARY KEY, document TEXT NOT NULL) STRICT, WITHOUT ROWID",
    postgres: r#"
        CREATE TABLE kinds (key BIGINT PRIMARY KEY, number BIGINT, text TEXT COLLATE "C", bytes BYTEA);
        CREATE TABLE names (realm BIGINT, name TEXT COLLATE "C", amount BIGINT NOT NULL,
            PRIMARY KEY (realm, name));
        CREATE TABLE policies (id BIGINT PRIMARY KEY);
        CREATE TABLE attachments (policy BIGINT, target BIGINT, PRIMARY KEY (policy, target));
        CREATE TABLE devices (key BYTEA PRIMARY KEY, document TEXT COLLATE "C" NOT NULL)"#,
}];

/// The store of a place, with the suite's tables.
async fn prepared(place: &dyn Place) -> Arc<dyn Store> {
    let store = place.open(AMPLE).await;
    store.migrate(&TABLES).await.unwrap();
    store
}

async fn read<const N: usize>(store: &Arc<dyn Store>, sql: &'static str, args: [Value; N]) -> Vec<Row> {
    store.read(Statement::new(sql, args)).await.unwrap()
}

/// The number in the only row and column of an answer.
async fn number<const N: usize>(store: &Arc<dyn Store>, sql: &'static str, args: [Value; N]) -> i64 {
    let rows = read(store, sql, args).await;
    assert_eq!(rows.len(), 1, "{sql}");
    rows[0].get(0).unwrap()
}

/// Carries out one statement.
async fn execute<const N: usize>(
    store: &Arc<dyn Store>,
    sql: &'static str,
    args: [Value; N],
) -> Result<Vec<Row>, StoreError> {
    let mut batch = Batch::new();
    batch.execute(Statement::new(sql, args));
    let mut answers = store.write(batch).await?;
    assert_eq!(answers.len(), 1, "one answer per step");
    Ok(answers.remove(0))
}

/// Carries out a batch, again as long as the store asks for it.
async fn write_again(store: &Arc<dyn Store>, batch: &Batch) -> Result<Vec<Vec<Row>>, StoreError> {
    let mut attempts = 0;
    loop {
        match store.write(batch.clone()).await {
            Err(StoreError::Retry(_)) if attempts < 100 => attempts += 1,
            answer => return answer,
        }
    }
}

const ADD_NAME: &str = "INSERT INTO names (realm, name, amount) VALUES ($1, $2, $3)";
const COUNT_NAMES: &str = "SELECT count(*) FROM names";

fn add_name(name: &str, amount: i64) -> Statement {
    Statement::new(ADD_NAME, [1.into(), name.into(), amount.into()])
}
