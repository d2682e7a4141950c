//! The SQL of thing types.

use thingsmith_model::{Realm, ThingTypeName};
use thingsmith_ports::{Batch, Hold, Row, Statement, Store, StoreError};
use uuid::Uuid;

use super::{Properties, ThingType};

/// The thing type of this name.
pub async fn find(
    store: &dyn Store,
    realm: Realm,
    name: &ThingTypeName,
) -> Result<Option<ThingType>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, thing_type_id, description, searchable_attributes, mqtt5_configuration, created_at, \
             deprecated_at, revision FROM thing_types WHERE realm = $1 AND name = $2",
            [realm.0.into(), name.as_str().into()],
        ))
        .await?;
    rows.first().map(thing_type).transpose()
}

/// Adds a thing type. A name that is taken makes the batch a duplicate.
pub fn insert(batch: &mut Batch, realm: Realm, thing_type: &ThingType) -> Result<(), StoreError> {
    let properties = &thing_type.properties;
    batch.execute(Statement::new(
        "INSERT INTO thing_types (number, realm, name, thing_type_id, description, searchable_attributes, \
         mqtt5_configuration, created_at, deprecated_at, revision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        [
            thing_type.number.into(),
            realm.0.into(),
            thing_type.name.as_str().into(),
            thing_type.thing_type_id.as_bytes().as_slice().into(),
            properties.description.as_deref().into(),
            serde_json::to_string(&properties.searchable_attributes)
                .map_err(StoreError::other)?
                .into(),
            propagating(properties)?.into(),
            thing_type.created_at.into(),
            thing_type.deprecated_at.into(),
            thing_type.revision.into(),
        ],
    ));
    Ok(())
}

/// Gives a thing type other propagating attributes and another date of deprecation, provided that it is as it was one
/// revision before.
pub fn update(batch: &mut Batch, realm: Realm, after: &ThingType) -> Result<(), StoreError> {
    batch.guard(
        Statement::new(
            "UPDATE thing_types SET mqtt5_configuration = $4, deprecated_at = $5, revision = revision + 1 \
             WHERE realm = $1 AND number = $2 AND revision = $3",
            [
                realm.0.into(),
                after.number.into(),
                (after.revision - 1).into(),
                propagating(&after.properties)?.into(),
                after.deprecated_at.into(),
            ],
        ),
        1,
    );
    Ok(())
}

/// Deletes a thing type of which no thing is, provided that it still is as `before` says.
pub fn delete(batch: &mut Batch, realm: Realm, before: &ThingType) {
    hold(batch, realm, before.number, Hold::Exclusive);
    batch.guard(
        Statement::new(
            "DELETE FROM thing_types WHERE realm = $1 AND number = $2 AND revision = $3 \
             AND NOT EXISTS (SELECT 1 FROM things WHERE realm = $1 AND thing_type = $2)",
            [realm.0.into(), before.number.into(), before.revision.into()],
        ),
        1,
    );
}

/// Holds a thing type's row.
pub fn hold(batch: &mut Batch, realm: Realm, number: i64, hold: Hold) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM thing_types WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ),
        hold,
    );
}

/// Holds the row of a thing type that is not deprecated, for a thing that becomes one of it.
pub fn hold_current(batch: &mut Batch, realm: Realm, number: i64) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM thing_types WHERE realm = $1 AND number = $2 AND deprecated_at IS NULL",
            [realm.0.into(), number.into()],
        ),
        Hold::Shared,
    );
}

/// Whether any thing is of a type.
pub async fn has_things(store: &dyn Store, realm: Realm, number: i64) -> Result<bool, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT 1 FROM things WHERE realm = $1 AND thing_type = $2 LIMIT 1",
            [realm.0.into(), number.into()],
        ))
        .await?;
    Ok(!rows.is_empty())
}

/// A page of thing types in order of their names, after `after`.
pub async fn page(
    store: &dyn Store,
    realm: Realm,
    after: &str,
    limit: i64,
) -> Result<Vec<ThingType>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, thing_type_id, description, searchable_attributes, mqtt5_configuration, created_at, \
             deprecated_at, revision FROM thing_types WHERE realm = $1 AND name > $2 ORDER BY name LIMIT $3",
            [realm.0.into(), after.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(thing_type).collect()
}

fn thing_type(row: &Row) -> Result<ThingType, StoreError> {
    let (name, searchable): (String, String) = (row.get(1)?, row.get(4)?);
    let propagating: Option<String> = row.get(5)?;
    let propagating = propagating.map(|text| serde_json::from_str(&text)).transpose();
    Ok(ThingType {
        number: row.get(0)?,
        name: name.parse().map_err(StoreError::other)?,
        thing_type_id: Uuid::from_slice(&row.get::<Vec<u8>>(2)?).map_err(StoreError::other)?,
        properties: Properties {
            description: row.get(3)?,
            searchable_attributes: serde_json::from_str(&searchable).map_err(StoreError::other)?,
            propagating_attributes: propagating.map_err(StoreError::other)?,
        },
        created_at: row.get(6)?,
        deprecated_at: row.get(7)?,
        revision: row.get(8)?,
    })
}

fn propagating(properties: &Properties) -> Result<Option<String>, StoreError> {
    let attributes = properties.propagating_attributes.as_ref();
    attributes
        .map(serde_json::to_string)
        .transpose()
        .map_err(StoreError::other)
}
