//! Closing and opening again.

use super::{AMPLE, COUNT_NAMES, Place, TABLES, add_name, number, prepared};
use crate::Batch;

/// What was acknowledged is there after a restart, and the store writes on.
pub async fn a_store_that_restarts_has_everything_and_goes_on(place: &dyn Place) {
    let mut store = prepared(place).await;
    for round in 0..4 {
        for index in 0..25 {
            let mut batch = Batch::new();
            batch.guard(add_name(&format!("{round}/{index}"), index), 1);
            store.write(batch).await.unwrap();
        }
        drop(store);
        store = place.open(AMPLE).await;
        store.migrate(&TABLES).await.unwrap();
        assert_eq!(number(&store, COUNT_NAMES, []).await, 25 * (round + 1));
    }
}
