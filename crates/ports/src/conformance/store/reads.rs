//! Reads: pages, snapshots and deadlines.

use std::sync::Arc;
use std::time::Duration;

use super::{ADD_NAME, COUNT_NAMES, Place, add_name, number, prepared, read};
use crate::{Batch, Statement, Store, StoreError};

/// Walking a table by its key, a page at a time, meets each row once.
pub async fn pages_by_key_neither_skip_nor_repeat(place: &dyn Place) {
    let store = prepared(place).await;
    let mut batch = Batch::new();
    for index in 0..103 {
        batch.execute(add_name(&format!("thing-{index}"), index));
    }
    store.write(batch).await.unwrap();
    let page = "SELECT name FROM names WHERE realm = $1 AND name > $2 ORDER BY name LIMIT $3";
    let mut walked: Vec<String> = Vec::new();
    loop {
        let after = walked.last().cloned().unwrap_or_default();
        let rows = read(&store, page, [1.into(), after.into(), 10.into()]).await;
        assert!(rows.len() <= 10);
        if rows.is_empty() {
            break;
        }
        walked.extend(rows.iter().map(|row| row.get::<String>(0).unwrap()));
    }
    let mut expected: Vec<_> = (0..103).map(|index| format!("thing-{index}")).collect();
    expected.sort_unstable();
    assert_eq!(walked, expected);
}

/// A read beside a writer sees all of a batch or nothing of it.
pub async fn a_read_sees_one_snapshot(place: &dyn Place) {
    const ACCOUNTS: i64 = 50;
    let store = prepared(place).await;
    let mut batch = Batch::new();
    for account in 0..ACCOUNTS {
        batch.execute(add_name(&format!("{account:03}"), 100));
    }
    store.write(batch).await.unwrap();
    let writer = tokio::spawn(move_amounts(Arc::clone(&store), ACCOUNTS));
    let mut reads = 0;
    while !writer.is_finished() || reads < 20 {
        let rows = read(&store, "SELECT amount FROM names ORDER BY name", []).await;
        let total: i64 = rows.iter().map(|row| row.get::<i64>(0).unwrap()).sum();
        assert_eq!(total, 100 * ACCOUNTS);
        reads += 1;
    }
    writer.await.unwrap();
}

async fn move_amounts(store: Arc<dyn Store>, accounts: i64) {
    let add = "UPDATE names SET amount = amount + $1 WHERE realm = 1 AND name = $2";
    for round in 0..150 {
        let (from, to) = (round * 7 % accounts, (round * 13 + 1) % accounts);
        let mut batch = Batch::new();
        batch.guard(Statement::new(add, [(-5).into(), format!("{from:03}").into()]), 1);
        batch.guard(Statement::new(add, [5.into(), format!("{to:03}").into()]), 1);
        store.write(batch).await.unwrap();
    }
}

/// What goes through `read` does not write.
pub async fn a_read_cannot_write(place: &dyn Place) {
    let store = prepared(place).await;
    let write = Statement::new(ADD_NAME, [1.into(), "sly".into(), 1.into()]);
    let refused = store.read(write).await;
    assert!(matches!(refused, Err(StoreError::Other(_))), "{refused:?}");
    assert_eq!(number(&store, COUNT_NAMES, []).await, 0);
}

/// A read that takes too long ends with Retry soon after its deadline, and the store goes on.
pub async fn a_read_past_its_deadline_asks_to_try_again(place: &dyn Place) {
    let endless = "
        WITH RECURSIVE numbers (i) AS (
            SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i < 100000000000
        ) SELECT count(*) FROM numbers";
    let store = place.open(Duration::from_millis(300)).await;
    let read = store.read(Statement::new(endless, []));
    let refused = tokio::time::timeout(Duration::from_secs(10), read).await.unwrap();
    assert!(matches!(refused, Err(StoreError::Retry(_))), "{refused:?}");
    assert_eq!(number(&store, "SELECT 2", []).await, 2);
}
