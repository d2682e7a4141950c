//! The SQL of billing groups.

use thingsmith_model::{BillingGroupName, Realm, ThingName};
use thingsmith_ports::{Batch, Hold, Row, Statement, Store, StoreError};
use uuid::Uuid;

use super::BillingGroup;

/// The billing group of this name.
pub async fn find(
    store: &dyn Store,
    realm: Realm,
    name: &BillingGroupName,
) -> Result<Option<BillingGroup>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, billing_group_id, description, version, created_at FROM billing_groups \
             WHERE realm = $1 AND name = $2",
            [realm.0.into(), name.as_str().into()],
        ))
        .await?;
    rows.first().map(billing_group).transpose()
}

/// Adds a billing group. A name that is taken makes the batch a duplicate.
pub fn insert(batch: &mut Batch, realm: Realm, group: &BillingGroup) {
    batch.execute(Statement::new(
        "INSERT INTO billing_groups (number, realm, name, billing_group_id, description, version, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [
            group.number.into(),
            realm.0.into(),
            group.name.as_str().into(),
            group.billing_group_id.as_bytes().as_slice().into(),
            group.description.as_deref().into(),
            group.version.into(),
            group.created_at.into(),
        ],
    ));
}

/// Gives a billing group another description and its next version, provided that it still is as `before` says.
pub fn update(batch: &mut Batch, realm: Realm, before: &BillingGroup, description: Option<&str>) {
    batch.guard(
        Statement::new(
            "UPDATE billing_groups SET version = version + 1, description = $4 \
             WHERE realm = $1 AND number = $2 AND version = $3",
            [
                realm.0.into(),
                before.number.into(),
                before.version.into(),
                description.into(),
            ],
        ),
        1,
    );
}

/// Deletes a billing group, provided that it still is as `before` says.
pub fn delete(batch: &mut Batch, realm: Realm, before: &BillingGroup) {
    batch.guard(
        Statement::new(
            "DELETE FROM billing_groups WHERE realm = $1 AND number = $2 AND version = $3",
            [realm.0.into(), before.number.into(), before.version.into()],
        ),
        1,
    );
}

/// Holds a billing group's row.
pub fn hold(batch: &mut Batch, realm: Realm, number: i64, hold: Hold) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM billing_groups WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ),
        hold,
    );
}

/// A page of the billing groups whose names begin with `prefix`, in order of their names, after `after`.
pub async fn page(
    store: &dyn Store,
    realm: Realm,
    prefix: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<BillingGroup>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, billing_group_id, description, version, created_at FROM billing_groups \
             WHERE realm = $1 AND name >= $2 AND name < $3 AND name > $4 ORDER BY name LIMIT $5",
            [
                realm.0.into(),
                prefix.into(),
                // Names are ASCII, so that the last of all characters stands after every name with the prefix.
                format!("{prefix}\u{10FFFF}").into(),
                after.into(),
                limit.into(),
            ],
        ))
        .await?;
    rows.iter().map(billing_group).collect()
}

/// A page of the things in a billing group, in order of their names, after `after`.
pub async fn page_of_things(
    store: &dyn Store,
    realm: Realm,
    group: i64,
    after: &str,
    limit: i64,
) -> Result<Vec<ThingName>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT name FROM things WHERE realm = $1 AND billing_group = $2 AND name > $3 ORDER BY name LIMIT $4",
            [realm.0.into(), group.into(), after.into(), limit.into()],
        ))
        .await?;
    rows.iter()
        .map(|row| row.get::<String>(0)?.parse().map_err(StoreError::other))
        .collect()
}

fn billing_group(row: &Row) -> Result<BillingGroup, StoreError> {
    let name: String = row.get(1)?;
    Ok(BillingGroup {
        number: row.get(0)?,
        name: name.parse().map_err(StoreError::other)?,
        billing_group_id: Uuid::from_slice(&row.get::<Vec<u8>>(2)?).map_err(StoreError::other)?,
        description: row.get(3)?,
        version: row.get(4)?,
        created_at: row.get(5)?,
    })
}
