//! Holds: what attaches itself to a row against what deletes the row or counts what hangs on it.

use std::sync::Arc;

use super::{COUNT_NAMES, Place, add_name, execute, number, prepared, write_again};
use crate::{Batch, Hold, Statement, Store, StoreError};

const ADD_POLICY: &str = "INSERT INTO policies (id) VALUES ($1)";
const COUNT_POLICIES: &str = "SELECT count(*) FROM policies WHERE id = $1";
const COUNT_ATTACHMENTS: &str = "SELECT count(*) FROM attachments WHERE policy = $1";

fn policy(id: i64) -> Statement {
    Statement::new("SELECT 1 FROM policies WHERE id = $1", [id.into()])
}

fn attach(id: i64, target: i64) -> Batch {
    let sql = "INSERT INTO attachments (policy, target) VALUES ($1, $2)";
    let mut batch = Batch::new();
    batch.hold(policy(id), Hold::Shared);
    batch.guard(Statement::new(sql, [id.into(), target.into()]), 1);
    batch
}

fn delete(id: i64) -> Batch {
    let sql = "
        DELETE FROM policies WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM attachments WHERE policy = $1)";
    let mut batch = Batch::new();
    batch.hold(policy(id), Hold::Exclusive);
    batch.guard(Statement::new(sql, [id.into()]), 1);
    batch
}

/// Adds a step that keeps the batch open for some tenths of a second.
fn dawdle(batch: &mut Batch) {
    let sql = "
        UPDATE names SET amount = (
            WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < 400000)
            SELECT count(*) FROM numbers
        ) WHERE name = $1";
    batch.execute(Statement::new(sql, ["dawdle".into()]));
}

/// The store with policy 1, and the row on which [`dawdle`] works.
async fn with_policy(place: &dyn Place) -> Arc<dyn Store> {
    let store = prepared(place).await;
    let mut batch = Batch::new();
    batch.execute(Statement::new(ADD_POLICY, [1.into()]));
    batch.execute(add_name("dawdle", 0));
    store.write(batch).await.unwrap();
    store
}

/// A row must be there to be held, in either way.
pub async fn a_hold_of_a_missing_row_fails_its_step(place: &dyn Place) {
    let store = prepared(place).await;
    for hold in [Hold::Shared, Hold::Exclusive] {
        let mut batch = Batch::new();
        batch.execute(add_name("undone", 1));
        batch.hold(policy(404), hold);
        batch.execute(add_name("never", 1));
        let failed = store.write(batch).await;
        assert!(matches!(failed, Err(StoreError::Guard(1))), "{failed:?}");
    }
    assert_eq!(number(&store, COUNT_NAMES, []).await, 0);
}

/// Any number may attach themselves to one row at once.
pub async fn shared_holds_pass_each_other(place: &dyn Place) {
    let store = with_policy(place).await;
    let batches = (0..40).map(|target| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.write(attach(1, target)).await })
    });
    for batch in batches.collect::<Vec<_>>() {
        batch.await.unwrap().unwrap();
    }
    assert_eq!(number(&store, COUNT_ATTACHMENTS, [1.into()]).await, 40);
}

/// A delete that begins while an attachment is being made waits for it and then fails.
pub async fn a_delete_that_overlaps_an_attachment_fails(place: &dyn Place) {
    let store = with_policy(place).await;
    let id = first_wins(&store, |id| (attach(id, 7), delete(id))).await;
    assert_eq!(number(&store, COUNT_POLICIES, [id.into()]).await, 1);
    assert_eq!(number(&store, COUNT_ATTACHMENTS, [id.into()]).await, 1);
}

/// An attachment that begins while a delete is at work waits for it and then fails.
pub async fn an_attachment_that_overlaps_a_delete_fails(place: &dyn Place) {
    let store = with_policy(place).await;
    let id = first_wins(&store, |id| (delete(id), attach(id, 7))).await;
    assert_eq!(number(&store, COUNT_POLICIES, [id.into()]).await, 0);
    assert_eq!(number(&store, COUNT_ATTACHMENTS, [id.into()]).await, 0);
}

/// Starts the second batch in the middle of the first, and gives back the policy on which they met. On a machine that is
/// busy the second one may be faster, and must then win as well: they meet anew on another policy.
async fn first_wins(store: &Arc<dyn Store>, batches: impl Fn(i64) -> (Batch, Batch)) -> i64 {
    for id in 1..=20 {
        let (mut first, second) = batches(id);
        dawdle(&mut first);
        // So that neither has to prepare its statements first: each once, undone by a guard that does not hold.
        for batch in [&first, &second] {
            let mut undone = batch.clone();
            undone.guard(Statement::new(ADD_POLICY, [1000.into()]), 0);
            let failed = store.write(undone).await;
            assert!(matches!(failed, Err(StoreError::Guard(_))), "{failed:?}");
        }
        match tokio::join!(store.write(first), store.write(second)) {
            (Ok(_), Err(StoreError::Guard(_))) => return id,
            (Err(StoreError::Guard(_)), Ok(_)) => {
                execute(store, ADD_POLICY, [(id + 1).into()]).await.unwrap();
            }
            both => panic!("one must win and the other be told so: {both:?}"),
        }
    }
    panic!("the second batch was always faster");
}

/// Whatever way two callers race, either the policy goes or something hangs on it, and each is told the truth.
pub async fn attach_and_delete_never_both_succeed(place: &dyn Place) {
    let store = prepared(place).await;
    for id in 0..150 {
        execute(&store, ADD_POLICY, [id.into()]).await.unwrap();
        let mut batches = [attach(id, 1), delete(id), attach(id, 2)];
        batches.rotate_left(usize::try_from(id % 3).unwrap());
        let racing = batches.map(|batch| {
            let deletes = batch == delete(id);
            let store = Arc::clone(&store);
            (
                deletes,
                tokio::spawn(async move { write_again(&store, &batch).await }),
            )
        });
        let (mut attached, mut deleted) = (0, 0);
        for (deletes, task) in racing {
            match task.await.unwrap() {
                Ok(_) if deletes => deleted += 1,
                Ok(_) => attached += 1,
                Err(StoreError::Guard(_)) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert!(
            (deleted == 1) ^ (attached == 2),
            "{deleted} deleted, {attached} attached"
        );
        assert_eq!(number(&store, COUNT_POLICIES, [id.into()]).await, 1 - deleted);
        assert_eq!(number(&store, COUNT_ATTACHMENTS, [id.into()]).await, attached);
    }
}

/// Counting what hangs on a row, with the row held exclusively, keeps a limit against any number of callers.
pub async fn a_limit_counted_under_an_exclusive_hold_is_never_passed(place: &dyn Place) {
    let store = with_policy(place).await;
    let sql = "
        INSERT INTO attachments (policy, target)
        SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT)
        WHERE (SELECT count(*) FROM attachments WHERE policy = $1) < $3";
    let tasks = (0..60).map(|target| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let mut batch = Batch::new();
            batch.hold(policy(1), Hold::Exclusive);
            batch.guard(Statement::new(sql, [1.into(), target.into(), 10.into()]), 1);
            write_again(&store, &batch).await
        })
    });
    let mut made = 0;
    for task in tasks.collect::<Vec<_>>() {
        match task.await.unwrap() {
            Ok(_) => made += 1,
            Err(StoreError::Guard(1)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(made, 10);
    assert_eq!(number(&store, COUNT_ATTACHMENTS, [1.into()]).await, 10);
}

/// Two batches that want each other's rows both end, and whoever is sent back may try again.
pub async fn batches_that_hold_each_others_rows_do_not_stand_still(place: &dyn Place) {
    let store = with_policy(place).await;
    execute(&store, ADD_POLICY, [2.into()]).await.unwrap();
    let crossed = |mine: i64, other: i64| {
        let mut batch = Batch::new();
        batch.hold(policy(mine), Hold::Exclusive);
        batch.execute(add_name(&format!("{mine}"), 1));
        batch.hold(policy(other), Hold::Exclusive);
        batch
    };
    for _ in 0..3 {
        let (one, two) = (crossed(1, 2), crossed(2, 1));
        let (first, second) = tokio::join!(store.write(one.clone()), store.write(two.clone()));
        assert!(first.is_ok() || second.is_ok(), "{first:?} {second:?}");
        for (answer, batch) in [(first, one), (second, two)] {
            match answer {
                Ok(_) => {}
                Err(StoreError::Retry(_)) => drop(write_again(&store, &batch).await.unwrap()),
                Err(other) => panic!("{other:?}"),
            }
        }
        let sql = "DELETE FROM names WHERE amount = $1 RETURNING name";
        assert_eq!(execute(&store, sql, [1.into()]).await.unwrap().len(), 2);
    }
}
