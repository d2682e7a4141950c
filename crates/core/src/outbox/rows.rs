//! The SQL of the outbox.

use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, Statement, Store, StoreError};

use super::{Change, Changed, Mark};

/// Adds a change to the batch that makes it.
pub fn insert(batch: &mut Batch, realm: Realm, change: Change, mark: Mark) {
    batch.execute(Statement::new(
        "INSERT INTO outbox (at, number, realm, kind, object) VALUES ($1, $2, $3, $4, $5)",
        [
            mark.at.into(),
            mark.number.into(),
            realm.0.into(),
            change.kind().into(),
            change.object().into(),
        ],
    ));
}

/// The changes of all realms behind a mark, whether it stands there or not, oldest first, at most `limit`.
pub async fn since(store: &dyn Store, after: Mark, limit: i64) -> Result<Vec<Changed>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT at, number, realm, kind, object FROM outbox WHERE (at, number) > ($1, $2) \
             ORDER BY at, number LIMIT $3",
            [after.at.into(), after.number.into(), limit.into()],
        ))
        .await?;
    rows.iter()
        .map(|row| {
            let kind: String = row.get(3)?;
            let change = Change::from_parts(&kind, row.get(4)?).ok_or_else(|| {
                StoreError::other(format!("the outbox holds a change of the unknown kind {kind:?}"))
            })?;
            Ok(Changed {
                at: row.get(0)?,
                number: row.get(1)?,
                realm: Realm(row.get(2)?),
                change,
            })
        })
        .collect()
}

/// Whether a mark stands in the outbox.
pub async fn holds(store: &dyn Store, mark: Mark) -> Result<bool, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT 1 FROM outbox WHERE at = $1 AND number = $2",
            [mark.at.into(), mark.number.into()],
        ))
        .await?;
    Ok(!rows.is_empty())
}

/// Deletes the changes before a time.
pub fn delete_before(batch: &mut Batch, at: Timestamp) {
    batch.execute(Statement::new("DELETE FROM outbox WHERE at < $1", [at.into()]));
}
