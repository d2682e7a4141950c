//! A group does to each of its batches what they would have come to one by one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, Authorization};
use thingsmith_ports::{Batch, Hold, Statement, StoreError};

use super::tests::commit;
use super::{Answer, open, run_batch};

/// What a batch may do, to a table whose rows have few keys: many steps meet what others left.
#[derive(Debug, Clone)]
enum Does {
    /// Adds a row: refused if there is one of this key, or of this name.
    Add { id: i64, name: i64 },
    /// Adds a row unless there is one of this key.
    Ensure { id: i64, name: i64 },
    /// Moves all rows: refused midway where one meets another, with those before it moved by then.
    Move { by: i64 },
    /// Raises what rows up to a key have, which must be so many.
    Raise { up_to: i64, guard: Option<u64> },
    /// Lowers what a row has, which may not come below zero.
    Lower { id: i64 },
    /// Deletes a row, which must be there perhaps.
    Delete { id: i64, guard: Option<u64> },
    /// Deletes all rows.
    Clear,
    /// Needs a row.
    Hold { id: i64 },
    /// Is no statement of this schema.
    Nonsense,
}

impl Does {
    fn add_to(&self, batch: &mut Batch) {
        let guarded = |batch: &mut Batch, statement, guard: &Option<u64>| {
            match guard {
                Some(rows) => batch.guard(statement, *rows),
                None => batch.execute(statement),
            };
        };
        match self {
            Self::Add { id, name } => {
                let sql = "INSERT INTO rows (id, name, amount) VALUES ($1, $2, 1) RETURNING id, name, amount";
                batch.execute(Statement::new(sql, [(*id).into(), (*name).into()]));
            }
            Self::Ensure { id, name } => {
                let sql =
                    "INSERT INTO rows (id, name, amount) VALUES ($1, $2, 1) ON CONFLICT (id) DO NOTHING";
                batch.execute(Statement::new(sql, [(*id).into(), (*name).into()]));
            }
            Self::Move { by } => {
                let sql = "UPDATE rows SET id = id + $1 RETURNING id";
                batch.execute(Statement::new(sql, [(*by).into()]));
            }
            Self::Raise { up_to, guard } => {
                let sql = "UPDATE rows SET amount = amount + 1 WHERE id <= $1 RETURNING id, amount";
                guarded(batch, Statement::new(sql, [(*up_to).into()]), guard);
            }
            Self::Lower { id } => {
                let sql = "UPDATE rows SET amount = amount - 1 WHERE id = $1";
                batch.execute(Statement::new(sql, [(*id).into()]));
            }
            Self::Delete { id, guard } => {
                let sql = "DELETE FROM rows WHERE id = $1 RETURNING amount";
                guarded(batch, Statement::new(sql, [(*id).into()]), guard);
            }
            Self::Clear => {
                batch.execute(Statement::new("DELETE FROM rows", []));
            }
            Self::Hold { id } => {
                let sql = "SELECT 1 FROM rows WHERE id = $1";
                batch.hold(Statement::new(sql, [(*id).into()]), Hold::Exclusive);
            }
            Self::Nonsense => {
                batch.execute(Statement::new("DELETE FROM nothing", []));
            }
        }
    }
}

fn does() -> impl Strategy<Value = Does> {
    let (id, name) = (0_i64..6, 0_i64..12);
    let guard = proptest::option::of(0_u64..4);
    prop_oneof![
        6 => (id.clone(), name.clone()).prop_map(|(id, name)| Does::Add { id, name }),
        2 => (id.clone(), name).prop_map(|(id, name)| Does::Ensure { id, name }),
        2 => (1_i64..3).prop_map(|by| Does::Move { by }),
        3 => (id.clone(), guard.clone()).prop_map(|(up_to, guard)| Does::Raise { up_to, guard }),
        2 => id.clone().prop_map(|id| Does::Lower { id }),
        2 => (id.clone(), guard).prop_map(|(id, guard)| Does::Delete { id, guard }),
        1 => Just(Does::Clear),
        2 => id.prop_map(|id| Does::Hold { id }),
        1 => Just(Does::Nonsense),
    ]
}

fn batch(steps: &[Does]) -> Batch {
    let mut batch = Batch::new();
    for step in steps {
        step.add_to(&mut batch);
    }
    batch
}

fn empty(directory: &tempfile::TempDir, name: &str) -> Connection {
    let connection = open(&directory.path().join(name)).unwrap();
    connection
        .execute_batch(
            "PRAGMA synchronous = off;
            CREATE TABLE rows (id INTEGER PRIMARY KEY, name INTEGER NOT NULL UNIQUE,
            amount INTEGER NOT NULL CHECK (amount >= 0)) STRICT",
        )
        .unwrap();
    connection
}

/// What the table has, and that its indices agree with it.
fn state(connection: &Connection) -> Vec<(i64, i64, i64)> {
    let sound: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sound, "ok");
    let mut select = connection
        .prepare("SELECT id, name, amount FROM rows ORDER BY id")
        .unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

/// An error does not compare.
fn said(answers: &[Answer]) -> Vec<String> {
    answers.iter().map(|answer| format!("{answer:?}")).collect()
}

/// What a batch comes to in a transaction of its own.
fn by_the_book(connection: &Connection, batch: &Batch) -> Answer {
    connection.execute_batch("BEGIN").unwrap();
    let answer = run_batch(connection, batch);
    let end = if answer.is_ok() { "COMMIT" } else { "ROLLBACK" };
    connection.execute_batch(end).unwrap();
    answer
}

#[test]
fn a_group_comes_to_what_its_batches_come_to_one_by_one() {
    let directory = tempfile::tempdir().unwrap();
    let databases = ["together", "alone", "book"].map(|name| empty(&directory, name));
    let [together, alone, book] = &databases;
    let steps = proptest::collection::vec(does(), 0..6);
    let groups = proptest::collection::vec(proptest::collection::vec(steps, 1..7), 1..4);
    proptest!(|(groups in groups)| {
        for connection in &databases {
            connection.execute_batch("DELETE FROM rows").unwrap();
        }
        for group in groups {
            let batches: Vec<_> = group.iter().map(|steps| batch(steps)).collect();
            let answers: Vec<_> = batches.iter().map(|batch| by_the_book(book, batch)).collect();
            let of_one = batches.iter().flat_map(|batch| commit(alone, vec![batch.clone()]));
            prop_assert_eq!(said(&of_one.collect::<Vec<_>>()), said(&answers));
            prop_assert_eq!(said(&commit(together, batches)), said(&answers));
            prop_assert_eq!(state(alone), state(book));
            prop_assert_eq!(state(together), state(book));
            prop_assert!(together.is_autocommit() && alone.is_autocommit());
        }
    });
}

/// Counts, from now on, the savepoint statements that are planned, of which a connection plans each once, and the
/// transactions that are rolled back.
fn counted(connection: &mut Connection) -> (Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let (savepoints, rollbacks) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let (planned, rolled_back) = (Arc::clone(&savepoints), Arc::clone(&rollbacks));
    connection
        .authorizer(Some(move |context: rusqlite::hooks::AuthContext<'_>| {
            if matches!(context.action, AuthAction::Savepoint { .. }) {
                planned.fetch_add(1, Ordering::Relaxed);
            }
            Authorization::Allow
        }))
        .unwrap();
    connection
        .rollback_hook(Some(move || {
            rolled_back.fetch_add(1, Ordering::Relaxed);
        }))
        .unwrap();
    (savepoints, rollbacks)
}

const ADD: Does = Does::Add { id: 1, name: 1 };
const OTHER: Does = Does::Add { id: 2, name: 2 };
const MISSING: Does = Does::Hold { id: 9 };

#[test]
fn a_group_has_savepoints_only_when_a_batch_among_others_is_refused_after_a_change() {
    let directory = tempfile::tempdir().unwrap();
    let mut connection = empty(&directory, "database");
    let (savepoints, rollbacks) = counted(&mut connection);
    let counts = || {
        (
            savepoints.load(Ordering::Relaxed),
            rollbacks.load(Ordering::Relaxed),
        )
    };

    let answers = commit(
        &connection,
        vec![batch(&[ADD]), batch(&[MISSING, OTHER]), batch(&[ADD])],
    );
    assert!(answers[0].is_ok(), "{answers:?}");
    assert!(matches!(answers[1], Err(StoreError::Guard(0))), "{answers:?}");
    assert!(matches!(answers[2], Err(StoreError::Duplicate(0))), "{answers:?}");
    assert_eq!((state(&connection).len(), counts()), (1, (0, 0)));

    let answers = commit(&connection, vec![batch(&[OTHER, MISSING])]);
    assert!(matches!(answers[0], Err(StoreError::Guard(1))), "{answers:?}");
    assert_eq!((state(&connection).len(), counts()), (1, (0, 1)), "alone");

    let raise = Does::Raise {
        up_to: 9,
        guard: Some(1),
    };
    let batches = [&[raise.clone()][..], &[OTHER, MISSING], &[raise]].map(batch);
    let answers = commit(&connection, batches.into());
    assert!(answers[0].is_ok() && answers[2].is_ok(), "{answers:?}");
    assert!(matches!(answers[1], Err(StoreError::Guard(1))), "{answers:?}");
    assert_eq!(state(&connection), [(1, 1, 3)], "each counts once");
    // SAVEPOINT, ROLLBACK TO, RELEASE
    assert_eq!(counts(), (3, 2), "among others");
}
