//! The SQL of things, of the index over their attributes, and of their principals.

use thingsmith_model::{CertificateId, Realm, ThingName};
use thingsmith_ports::{Batch, Hold, Row, Statement, Store, StoreError};
use uuid::Uuid;

use super::{AttributeFilter, Attributes, Thing};

/// The thing of this name.
pub async fn find(store: &dyn Store, realm: Realm, name: &ThingName) -> Result<Option<Thing>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, thing_id, version, attributes FROM things WHERE realm = $1 AND name = $2",
            [realm.0.into(), name.as_str().into()],
        ))
        .await?;
    rows.first().map(thing).transpose()
}

/// Adds a thing. A name that is taken makes the batch a duplicate.
pub fn insert(batch: &mut Batch, realm: Realm, thing: &Thing) -> Result<(), StoreError> {
    batch.execute(Statement::new(
        "INSERT INTO things (number, realm, name, thing_id, version, attributes) VALUES ($1, $2, $3, $4, $5, $6)",
        [
            thing.number.into(),
            realm.0.into(),
            thing.name.as_str().into(),
            thing.thing_id.as_bytes().as_slice().into(),
            thing.version.into(),
            json(&thing.attributes)?.into(),
        ],
    ));
    index(batch, realm, &thing.name, &thing.attributes);
    Ok(())
}

/// Gives a thing other attributes and its next version, provided that it still is as `before` says.
pub fn update(
    batch: &mut Batch,
    realm: Realm,
    before: &Thing,
    attributes: &Attributes,
) -> Result<(), StoreError> {
    batch.guard(
        Statement::new(
            "UPDATE things SET version = version + 1, attributes = $4 WHERE realm = $1 AND number = $2 AND version = $3",
            [realm.0.into(), before.number.into(), before.version.into(), json(attributes)?.into()],
        ),
        1,
    );
    unindex(batch, realm, &before.name, &before.attributes);
    index(batch, realm, &before.name, attributes);
    Ok(())
}

/// Deletes a thing to which no principal is attached, provided that it still is as `before` says.
pub fn delete(batch: &mut Batch, realm: Realm, before: &Thing) {
    hold(batch, realm, before.number, Hold::Exclusive);
    batch.guard(
        Statement::new(
            "DELETE FROM things WHERE realm = $1 AND number = $2 AND version = $3 \
             AND NOT EXISTS (SELECT 1 FROM thing_principals WHERE realm = $1 AND thing = $2)",
            [realm.0.into(), before.number.into(), before.version.into()],
        ),
        1,
    );
    unindex(batch, realm, &before.name, &before.attributes);
}

/// Holds a thing's row.
pub fn hold(batch: &mut Batch, realm: Realm, number: i64, hold: Hold) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM things WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ),
        hold,
    );
}

/// A page of things in order of their names, after `after`.
pub async fn page(
    store: &dyn Store,
    realm: Realm,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Thing>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, thing_id, version, attributes FROM things \
             WHERE realm = $1 AND name > $2 ORDER BY name LIMIT $3",
            // No name is empty, so that the first page begins after the empty one.
            [realm.0.into(), after.unwrap_or_default().into(), limit.into()],
        ))
        .await?;
    rows.iter().map(thing).collect()
}

/// A page of the things that have an attribute, in order of its value and their names, after `after`; each with that
/// value.
pub async fn page_by_attribute(
    store: &dyn Store,
    realm: Realm,
    filter: &AttributeFilter,
    after: Option<(&str, &str)>,
    limit: i64,
) -> Result<Vec<(String, Thing)>, StoreError> {
    let (low, high) = filter.values();
    let (after_value, after_thing) = after.unwrap_or_default();
    let rows = store
        .read(Statement::new(
            "SELECT t.number, t.name, t.thing_id, t.version, t.attributes, a.value \
             FROM thing_attributes a JOIN things t ON t.realm = a.realm AND t.name = a.thing \
             WHERE a.realm = $1 AND a.name = $2 AND a.value >= $3 AND a.value <= $4 AND (a.value, a.thing) > ($5, $6) \
             ORDER BY a.value, a.thing LIMIT $7",
            [
                realm.0.into(),
                filter.name.as_str().into(),
                low.into(),
                high.into(),
                after_value.into(),
                after_thing.into(),
                limit.into(),
            ],
        ))
        .await?;
    rows.iter().map(|row| Ok((row.get(5)?, thing(row)?))).collect()
}

/// Attaches a certificate to a thing; harmless when it is attached.
pub fn attach(batch: &mut Batch, realm: Realm, thing: i64, principal: i64) {
    batch.execute(Statement::new(
        "INSERT INTO thing_principals (realm, thing, principal) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [realm.0.into(), thing.into(), principal.into()],
    ));
}

/// Detaches a certificate from a thing; harmless when it is not attached.
pub fn detach(batch: &mut Batch, realm: Realm, thing: i64, principal: i64) {
    batch.execute(Statement::new(
        "DELETE FROM thing_principals WHERE realm = $1 AND thing = $2 AND principal = $3",
        [realm.0.into(), thing.into(), principal.into()],
    ));
}

/// Whether any principal is attached to a thing.
pub async fn has_principals(store: &dyn Store, realm: Realm, thing: i64) -> Result<bool, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT 1 FROM thing_principals WHERE realm = $1 AND thing = $2 LIMIT 1",
            [realm.0.into(), thing.into()],
        ))
        .await?;
    Ok(!rows.is_empty())
}

/// A page of the certificates attached to a thing, by number, after `after`.
pub async fn page_of_principals(
    store: &dyn Store,
    realm: Realm,
    thing: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, CertificateId)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT p.principal, c.id FROM thing_principals p JOIN certificates c ON c.number = p.principal \
             WHERE p.realm = $1 AND p.thing = $2 AND p.principal > $3 AND c.realm = $1 ORDER BY p.principal LIMIT $4",
            [realm.0.into(), thing.into(), after.into(), limit.into()],
        ))
        .await?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, certificate_id(row.get(1)?)?)))
        .collect()
}

/// Reads a certificate id from its column.
pub(crate) fn certificate_id(bytes: Vec<u8>) -> Result<CertificateId, StoreError> {
    let bytes: [u8; 32] = bytes
        .try_into()
        .map_err(|_| StoreError::other("a certificate id has not 32 bytes"))?;
    Ok(CertificateId::from_sha256(bytes))
}

fn index(batch: &mut Batch, realm: Realm, thing: &ThingName, attributes: &Attributes) {
    for (name, value) in attributes {
        batch.execute(Statement::new(
            "INSERT INTO thing_attributes (realm, name, value, thing) VALUES ($1, $2, $3, $4)",
            [
                realm.0.into(),
                name.as_str().into(),
                value.as_str().into(),
                thing.as_str().into(),
            ],
        ));
    }
}

fn unindex(batch: &mut Batch, realm: Realm, thing: &ThingName, attributes: &Attributes) {
    for (name, value) in attributes {
        batch.guard(
            Statement::new(
                "DELETE FROM thing_attributes WHERE realm = $1 AND name = $2 AND value = $3 AND thing = $4",
                [
                    realm.0.into(),
                    name.as_str().into(),
                    value.as_str().into(),
                    thing.as_str().into(),
                ],
            ),
            1,
        );
    }
}

fn thing(row: &Row) -> Result<Thing, StoreError> {
    let (name, attributes): (String, String) = (row.get(1)?, row.get(4)?);
    Ok(Thing {
        number: row.get(0)?,
        name: name.parse().map_err(StoreError::other)?,
        thing_id: Uuid::from_slice(&row.get::<Vec<u8>>(2)?).map_err(StoreError::other)?,
        version: row.get(3)?,
        attributes: serde_json::from_str(&attributes).map_err(StoreError::other)?,
    })
}

fn json(attributes: &Attributes) -> Result<String, StoreError> {
    serde_json::to_string(attributes).map_err(StoreError::other)
}
