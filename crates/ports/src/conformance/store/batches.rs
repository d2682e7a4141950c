//! Batches: all steps or none.

use super::{ADD_NAME, COUNT_NAMES, Place, add_name, execute, number, prepared};
use crate::{Batch, Hold, Row, Statement, StoreError};

const ADD_TO_ALL: &str = "UPDATE names SET amount = amount + $1 WHERE amount >= $2";

/// The answer has the rows of each step in its place, and none for a step without RETURNING.
pub async fn rows_come_back_step_by_step_in_order(place: &dyn Place) {
    let store = prepared(place).await;
    let add = "INSERT INTO names (realm, name, amount) VALUES ($1, $2, $3) RETURNING name, amount";
    let change = "UPDATE names SET amount = amount * 2 WHERE realm = $1 RETURNING amount";
    let row = "SELECT 1 FROM names WHERE realm = $1 AND name = $2";
    let mut batch = Batch::new();
    let steps = [
        batch.execute(Statement::new(add, [1.into(), "first".into(), 1.into()])),
        batch.execute(add_name("second", 2)),
        batch.hold(Statement::new(row, [1.into(), "first".into()]), Hold::Exclusive),
        batch.guard(Statement::new(change, [1.into()]), 2),
        batch.execute(Statement::new(change, [2.into()])),
        batch.execute(Statement::new(add, [1.into(), "third".into(), 3.into()])),
    ];
    assert_eq!(steps, [0, 1, 2, 3, 4, 5]);
    let mut answers = store.write(batch).await.unwrap();
    answers[3].sort_by_key(|row| row.get::<i64>(0).unwrap());
    let expected = [
        vec![Row(vec!["first".into(), 1.into()])],
        vec![],
        vec![],
        vec![Row(vec![2.into()]), Row(vec![4.into()])],
        vec![],
        vec![Row(vec!["third".into(), 3.into()])],
    ];
    assert_eq!(answers, expected);
}

/// Nothing to do is done at once.
pub async fn a_batch_of_no_steps_does_nothing(place: &dyn Place) {
    let store = prepared(place).await;
    assert_eq!(store.write(Batch::new()).await.unwrap(), Vec::<Vec<Row>>::new());
}

/// Steps happen one after the other.
pub async fn a_step_sees_what_earlier_steps_wrote(place: &dyn Place) {
    let store = prepared(place).await;
    let copy = "
        INSERT INTO names (realm, name, amount)
        SELECT CAST($1 AS BIGINT), name, amount + 1 FROM names WHERE realm = $2
        RETURNING amount";
    let mut batch = Batch::new();
    batch.execute(add_name("copied", 1));
    batch.guard(Statement::new(copy, [2.into(), 1.into()]), 1);
    batch.guard(Statement::new(copy, [3.into(), 2.into()]), 1);
    batch.guard(
        Statement::new("DELETE FROM names WHERE realm <= $1", [2.into()]),
        2,
    );
    let answers = store.write(batch).await.unwrap();
    assert_eq!(answers[2], [Row(vec![3.into()])]);
    assert_eq!(number(&store, COUNT_NAMES, []).await, 1);
}

/// A guard holds for exactly its number: none, one or many.
pub async fn a_guard_counts_the_affected_rows(place: &dyn Place) {
    let store = prepared(place).await;
    let mut batch = Batch::new();
    for index in 0..10 {
        batch.guard(add_name(&index.to_string(), index), 1);
    }
    store.write(batch).await.unwrap();
    for (at_least, rows) in [(10, 0), (9, 1), (0, 10)] {
        // Adding nothing affects a row as well as adding something.
        let statement = Statement::new(ADD_TO_ALL, [0.into(), at_least.into()]);
        for expected in [0, 1, 2, 9, 10, 11] {
            let mut batch = Batch::new();
            batch.guard(statement.clone(), expected);
            match store.write(batch).await {
                Ok(_) => assert_eq!(expected, rows),
                Err(StoreError::Guard(0)) => assert_ne!(expected, rows),
                other => panic!("{other:?}"),
            }
        }
    }
}

/// What a batch did before its failed guard is undone; what others did is not.
pub async fn a_failed_guard_undoes_its_own_batch_only(place: &dyn Place) {
    let store = prepared(place).await;
    execute(&store, ADD_NAME, [1.into(), "kept".into(), 1.into()])
        .await
        .unwrap();
    let mut batch = Batch::new();
    batch.execute(add_name("undone", 1));
    batch.execute(Statement::new(ADD_TO_ALL, [100.into(), 0.into()]));
    batch.guard(
        Statement::new("DELETE FROM names WHERE realm = $1", [7.into()]),
        1,
    );
    batch.execute(add_name("never", 1));
    let failed = store.write(batch).await;
    assert!(matches!(failed, Err(StoreError::Guard(2))), "{failed:?}");
    assert_eq!(number(&store, COUNT_NAMES, []).await, 1);
    assert_eq!(
        number(
            &store,
            "SELECT amount FROM names WHERE name = $1",
            ["kept".into()]
        )
        .await,
        1
    );
}

/// A second row with the same key fails the step that would have made it, and undoes the batch.
pub async fn a_duplicate_names_its_step(place: &dyn Place) {
    let store = prepared(place).await;
    execute(&store, ADD_NAME, [1.into(), "taken".into(), 1.into()])
        .await
        .unwrap();
    for step in 0..4 {
        let mut batch = Batch::new();
        for index in 0..4 {
            let name = if index == step {
                "taken".to_owned()
            } else {
                format!("free-{index}")
            };
            batch.guard(add_name(&name, 1), 1);
        }
        let failed = store.write(batch).await;
        assert!(
            matches!(failed, Err(StoreError::Duplicate(number)) if number == step),
            "{failed:?}"
        );
    }
    let mut twice = Batch::new();
    twice.execute(add_name("twice", 1));
    twice.execute(add_name("twice", 2));
    let failed = store.write(twice).await;
    assert!(matches!(failed, Err(StoreError::Duplicate(1))), "{failed:?}");
    let mut integers = Batch::new();
    integers.execute(Statement::new(
        "INSERT INTO policies (id) VALUES ($1)",
        [5.into()],
    ));
    integers.execute(Statement::new(
        "INSERT INTO policies (id) VALUES ($1)",
        [5.into()],
    ));
    let failed = store.write(integers).await;
    assert!(matches!(failed, Err(StoreError::Duplicate(1))), "{failed:?}");
    assert_eq!(number(&store, COUNT_NAMES, []).await, 1);
}

/// ON CONFLICT counts a row that it leaves alone as not affected, and one that it changes as affected.
pub async fn a_conflict_may_do_nothing_or_update(place: &dyn Place) {
    let store = prepared(place).await;
    let nothing = "
        INSERT INTO names (realm, name, amount) VALUES ($1, $2, $3) ON CONFLICT (realm, name) DO NOTHING";
    let update = "
        INSERT INTO names (realm, name, amount) VALUES ($1, $2, $3)
        ON CONFLICT (realm, name) DO UPDATE SET amount = names.amount + excluded.amount RETURNING amount";
    let args = || [1.into(), "name".into(), 5.into()];
    let mut batch = Batch::new();
    batch.guard(Statement::new(nothing, args()), 1);
    batch.guard(Statement::new(nothing, args()), 0);
    batch.guard(Statement::new(update, args()), 1);
    batch.guard(Statement::new(update, args()), 1);
    let answers = store.write(batch).await.unwrap();
    assert_eq!(
        answers[2..],
        [vec![Row(vec![10.into()])], vec![Row(vec![15.into()])]]
    );
}

/// A statement that the engine cannot run fails with `Other`, whatever stands around it.
pub async fn a_refused_statement_undoes_its_batch(place: &dyn Place) {
    let store = prepared(place).await;
    let mut batch = Batch::new();
    batch.execute(add_name("undone", 1));
    batch.execute(Statement::new("INSERT INTO nowhere (name) VALUES (1)", []));
    batch.execute(add_name("never", 1));
    let refused = store.write(batch).await;
    assert!(matches!(refused, Err(StoreError::Other(_))), "{refused:?}");
    let mut batch = Batch::new();
    batch.execute(add_name("undone", 1));
    batch.execute(Statement::new(
        "INSERT INTO names (realm, name, amount) VALUES ($1, $2, NULL)",
        [1.into(), "no amount".into()],
    ));
    let refused = store.write(batch).await;
    assert!(matches!(refused, Err(StoreError::Other(_))), "{refused:?}");
    assert_eq!(number(&store, COUNT_NAMES, []).await, 0);
    execute(&store, ADD_NAME, [1.into(), "next".into(), 1.into()])
        .await
        .unwrap();
}
