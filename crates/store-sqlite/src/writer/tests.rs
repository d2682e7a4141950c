//! Groups whose members are known, which callers of the store cannot arrange. SQLite only: there are no groups else.

use thingsmith_ports::{Batch, Statement, StoreError};
use tokio::sync::oneshot;

use super::{Answer, commit_group, open};

/// Adds the row `id` with `size` bytes.
fn row(id: i64, size: usize) -> Batch {
    let mut batch = Batch::new();
    let sql = "INSERT INTO blocks (id, bytes) VALUES ($1, $2)";
    batch.guard(Statement::new(sql, [id.into(), vec![7; size].into()]), 1);
    batch
}

/// A connection to a new database whose table has row 1 and may grow by a few pages.
fn connection(directory: &tempfile::TempDir) -> rusqlite::Connection {
    let connection = open(&directory.path().join("registry.sqlite")).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE blocks (id INTEGER PRIMARY KEY, bytes BLOB) STRICT;
            INSERT INTO blocks (id, bytes) VALUES (1, x'07');
            PRAGMA max_page_count = 30",
        )
        .unwrap();
    connection
}

/// Runs the batches as one group.
pub(super) fn commit(connection: &rusqlite::Connection, batches: Vec<Batch>) -> Vec<Answer> {
    let (mut group, mut receivers) = (Vec::new(), Vec::new());
    for batch in batches {
        let (sender, receiver) = oneshot::channel();
        group.push((batch, sender));
        receivers.push(receiver);
    }
    commit_group(connection, &mut group);
    receivers
        .into_iter()
        .map(|receiver| receiver.blocking_recv().unwrap())
        .collect()
}

fn ids(connection: &rusqlite::Connection) -> Vec<i64> {
    let mut select = connection.prepare("SELECT id FROM blocks ORDER BY id").unwrap();
    let ids = select.query_map([], |row| row.get(0)).unwrap();
    ids.collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_batch_that_fails_leaves_its_group() {
    let directory = tempfile::tempdir().unwrap();
    let connection = connection(&directory);
    let answers = commit(&connection, vec![row(2, 10), row(1, 10), row(3, 10)]);
    assert!(answers[0].is_ok() && answers[2].is_ok(), "{answers:?}");
    assert!(matches!(answers[1], Err(StoreError::Duplicate(0))), "{answers:?}");
    assert_eq!(ids(&connection), [1, 2, 3]);
}

/// SQLite rolls back the whole transaction when it has no page left: every batch of the group is told so.
#[test]
fn a_batch_for_which_there_is_no_space_takes_its_group_along() {
    let directory = tempfile::tempdir().unwrap();
    let connection = connection(&directory);
    let answers = commit(&connection, vec![row(2, 10), row(3, 1_000_000), row(4, 10)]);
    for answer in &answers {
        assert!(
            matches!(answer, Err(StoreError::Other(cause)) if cause.to_string().contains("full")),
            "{answer:?}"
        );
    }
    assert_eq!(ids(&connection), [1]);
    let answers = commit(&connection, vec![row(5, 10)]);
    assert!(answers[0].is_ok(), "{answers:?}");
    assert_eq!(ids(&connection), [1, 5]);
}
