//! Many callers at once.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::task::JoinSet;

use super::{ADD_NAME, COUNT_NAMES, Place, add_name, execute, number, prepared, write_again};
use crate::{Batch, Statement, StoreError};

/// A block of numbers belongs to whoever was given it.
pub async fn number_blocks_are_never_handed_out_twice(place: &dyn Place) {
    const BLOCK: i64 = 100;
    let store = prepared(place).await;
    let reserve = "
        INSERT INTO names (realm, name, amount) VALUES ($1, $2, $3)
        ON CONFLICT (realm, name) DO UPDATE SET amount = names.amount + excluded.amount
        RETURNING amount";
    let mut tasks = JoinSet::new();
    for _ in 0..24 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut ends = Vec::new();
            for _ in 0..20 {
                let mut batch = Batch::new();
                let args = [1.into(), "next".into(), BLOCK.into()];
                batch.guard(Statement::new(reserve, args), 1);
                let answers = write_again(&store, &batch).await.unwrap();
                ends.push(answers[0][0].get::<i64>(0).unwrap());
            }
            assert!(ends.is_sorted(), "later blocks are higher");
            ends
        });
    }
    let ends: BTreeSet<i64> = tasks.join_all().await.into_iter().flatten().collect();
    let expected: BTreeSet<i64> = (1..=24 * 20).map(|block| block * BLOCK).collect();
    assert_eq!(ends, expected);
}

/// The sum of what was acknowledged is the sum that is there, now and after a restart.
pub async fn many_writers_are_answered_truthfully(place: &dyn Place) {
    let store = prepared(place).await;
    execute(&store, ADD_NAME, [0.into(), "total".into(), 0.into()])
        .await
        .unwrap();
    let mut tasks = JoinSet::new();
    for writer in 0..64_i64 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut acknowledged = 0;
            for round in 0..15_i64 {
                let amount = writer * 15 + round;
                // Every fourth batch adds to the total and then fails.
                let guard = if amount % 4 == 3 { 2 } else { 1 };
                let mut batch = Batch::new();
                let sql = "UPDATE names SET amount = amount + $1 WHERE realm = 0 AND name = $2";
                batch.execute(Statement::new(sql, [amount.into(), "total".into()]));
                batch.guard(add_name(&format!("{writer}/{round}"), amount), guard);
                match write_again(&store, &batch).await {
                    Ok(_) => acknowledged += amount,
                    Err(StoreError::Guard(1)) => assert_eq!(guard, 2),
                    Err(other) => panic!("{other:?}"),
                }
            }
            acknowledged
        });
    }
    let acknowledged: i64 = tasks.join_all().await.into_iter().sum();
    let total = "SELECT amount FROM names WHERE realm = 0";
    let sum = "SELECT CAST(sum(amount) AS BIGINT) FROM names WHERE realm = 1";
    assert_eq!(acknowledged, (0..960).filter(|amount| amount % 4 != 3).sum());
    assert_eq!(number(&store, total, []).await, acknowledged);
    drop(store);
    let store = place.open(super::AMPLE).await;
    assert_eq!(number(&store, total, []).await, acknowledged);
    assert_eq!(number(&store, sum, []).await, acknowledged);
}

/// Batches that are sent together and may be committed together stand or fall alone.
pub async fn a_failing_batch_does_not_harm_its_neighbours(place: &dyn Place) {
    let store = prepared(place).await;
    execute(&store, ADD_NAME, [1.into(), "taken".into(), 0.into()])
        .await
        .unwrap();
    let mut tasks = JoinSet::new();
    for index in 0..200_usize {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut batch = Batch::new();
            batch.execute(add_name(&format!("{index}"), 1));
            match index % 5 {
                0 => batch.execute(add_name("taken", 1)),
                1 => batch.guard(add_name(&format!("{index} again"), 1), 9),
                2 => batch.execute(Statement::new("INSERT INTO nowhere (name) VALUES (1)", [])),
                _ => batch.execute(add_name(&format!("{index} again"), 1)),
            };
            match (index % 5, write_again(&store, &batch).await) {
                (0, Err(StoreError::Duplicate(1)))
                | (1, Err(StoreError::Guard(1)))
                | (2, Err(StoreError::Other(_)))
                | (3 | 4, Ok(_)) => {}
                (_, other) => panic!("{index}: {other:?}"),
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(number(&store, COUNT_NAMES, []).await, 1 + 2 * 2 * 40);
}

/// A caller that goes away, a connection that closed for example, leaves its batch to be carried out.
pub async fn dropping_the_caller_does_not_cancel_a_batch(place: &dyn Place) {
    let store = prepared(place).await;
    for index in 0..20_i64 {
        let mut batch = Batch::new();
        batch.execute(add_name(&format!("{index}"), 1));
        batch.execute(add_name(&format!("{index} again"), 1));
        let mut write = store.write(batch);
        poll_fn(|context| {
            drop(write.as_mut().poll(context));
            Poll::Ready(())
        })
        .await;
        drop(write);
    }
    let all = async {
        while number(&store, COUNT_NAMES, []).await < 40 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all).await.unwrap();
}
