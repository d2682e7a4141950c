//! The SQL of event configurations.

use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, Row, Statement, Store, StoreError};

use super::EventType;

/// Whether events of a type are turned on, and since when that was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Configuration {
    /// The type.
    pub event_type: EventType,
    /// Whether its events are published.
    pub enabled: bool,
    /// When it was first set.
    pub created_at: Timestamp,
    /// When it was last set.
    pub modified_at: Timestamp,
}

/// The configurations that were ever set.
pub async fn all(store: &dyn Store, realm: Realm) -> Result<Vec<Configuration>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT event_type, enabled, created_at, modified_at FROM event_configurations WHERE realm = $1 \
             ORDER BY event_type",
            [realm.0.into()],
        ))
        .await?;
    rows.iter().map(configuration).collect()
}

/// Turns events of a type on or off.
pub fn set(batch: &mut Batch, realm: Realm, event_type: EventType, enabled: bool, at: Timestamp) {
    batch.execute(Statement::new(
        "INSERT INTO event_configurations (realm, event_type, enabled, created_at, modified_at) \
         VALUES ($1, $2, $3, $4, $4) \
         ON CONFLICT (realm, event_type) DO UPDATE SET enabled = excluded.enabled, modified_at = excluded.modified_at",
        [
            realm.0.into(),
            event_type.as_str().into(),
            i64::from(enabled).into(),
            at.into(),
        ],
    ));
}

fn configuration(row: &Row) -> Result<Configuration, StoreError> {
    let name: String = row.get(0)?;
    let event_type = EventType::named(&name)
        .ok_or_else(|| StoreError::other(format!("there is no type of event named {name:?}")))?;
    Ok(Configuration {
        event_type,
        enabled: row.get::<i64>(1)? == 1,
        created_at: row.get(2)?,
        modified_at: row.get(3)?,
    })
}
