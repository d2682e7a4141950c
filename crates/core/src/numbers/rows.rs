//! The SQL of reserved number blocks.

use thingsmith_ports::{Batch, Statement, Store, StoreError};

/// Reserves `count` numbers of the sequence `name` and gives back the first. Whoever reserves owns them for good, so
/// that no number is ever used twice; those of a node that stops are lost.
pub async fn reserve(store: &dyn Store, name: &str, count: i64) -> Result<i64, StoreError> {
    let mut batch = Batch::new();
    let step = batch.guard(
        Statement::new(
            "UPDATE number_blocks SET next = next + $2 WHERE name = $1 RETURNING next - $2",
            [name.into(), count.into()],
        ),
        1,
    );
    let answer = store.write(batch).await?;
    answer[step]
        .first()
        .ok_or_else(|| StoreError::other("a reservation returned no row"))?
        .get(0)
}
