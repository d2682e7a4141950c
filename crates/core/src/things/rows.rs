//! The SQL of things, of the index over their attributes, and of their principals.

use thingsmith_model::{CertificateId, ModelError, Realm, ThingName};
use thingsmith_ports::{Batch, Hold, Row, Statement, Store, StoreError};
use uuid::Uuid;

use super::{AttributeFilter, Attributes, Link, PrincipalType, Thing};

/// What `thing` reads of a row.
macro_rules! columns {
    () => {
        "t.number, t.name, t.thing_id, t.version, t.attributes, y.number, y.name, b.number, b.name"
    };
}

/// What a thing of the table `t` belongs to. A number that names nothing any more counts as none.
macro_rules! belongings {
    () => {
        "LEFT JOIN thing_types y ON y.realm = t.realm AND y.number = t.thing_type \
         LEFT JOIN billing_groups b ON b.realm = t.realm AND b.number = t.billing_group"
    };
}

/// The thing of this name.
pub async fn find(store: &dyn Store, realm: Realm, name: &ThingName) -> Result<Option<Thing>, StoreError> {
    let rows = store
        .read(Statement::new(
            concat!(
                "SELECT ",
                columns!(),
                " FROM things t ",
                belongings!(),
                " WHERE t.realm = $1 AND t.name = $2"
            ),
            [realm.0.into(), name.as_str().into()],
        ))
        .await?;
    rows.first().map(thing).transpose()
}

/// Adds a thing. A name that is taken makes the batch a duplicate.
pub fn insert(batch: &mut Batch, realm: Realm, thing: &Thing) -> Result<(), StoreError> {
    batch.execute(Statement::new(
        "INSERT INTO things (number, realm, name, thing_id, version, attributes, thing_type, billing_group) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            thing.number.into(),
            realm.0.into(),
            thing.name.as_str().into(),
            thing.thing_id.as_bytes().as_slice().into(),
            thing.version.into(),
            json(&thing.attributes)?.into(),
            thing.thing_type.as_ref().map(|link| link.number).into(),
            thing.billing_group.as_ref().map(|link| link.number).into(),
        ],
    ));
    index(batch, realm, &thing.name, &thing.attributes);
    Ok(())
}

/// Gives a thing the attributes, the type and the version of `after`, provided that it still is as `before` says.
pub fn update(batch: &mut Batch, realm: Realm, before: &Thing, after: &Thing) -> Result<(), StoreError> {
    batch.guard(
        Statement::new(
            "UPDATE things SET version = $4, attributes = $5, thing_type = $6 \
             WHERE realm = $1 AND number = $2 AND version = $3",
            [
                realm.0.into(),
                before.number.into(),
                before.version.into(),
                after.version.into(),
                json(&after.attributes)?.into(),
                after.thing_type.as_ref().map(|link| link.number).into(),
            ],
        ),
        1,
    );
    if before.attributes != after.attributes {
        unindex(batch, realm, &before.name, &before.attributes);
        index(batch, realm, &before.name, &after.attributes);
    }
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
            concat!(
                "SELECT ",
                columns!(),
                " FROM things t ",
                belongings!(),
                " WHERE t.realm = $1 AND t.name > $2 ORDER BY t.name LIMIT $3"
            ),
            // No name is empty, so that the first page begins after the empty one.
            [realm.0.into(), after.unwrap_or_default().into(), limit.into()],
        ))
        .await?;
    rows.iter().map(thing).collect()
}

/// A page of the things of a type in order of their names, after `after`.
pub async fn page_by_type(
    store: &dyn Store,
    realm: Realm,
    thing_type: i64,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Thing>, StoreError> {
    let rows = store
        .read(Statement::new(
            concat!(
                "SELECT ",
                columns!(),
                " FROM things t ",
                belongings!(),
                " WHERE t.realm = $1 AND t.thing_type = $2 AND t.name > $3 ORDER BY t.name LIMIT $4"
            ),
            [
                realm.0.into(),
                thing_type.into(),
                after.unwrap_or_default().into(),
                limit.into(),
            ],
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
            concat!(
                "SELECT ",
                columns!(),
                ", a.value FROM thing_attributes a JOIN things t ON t.realm = a.realm AND t.name = a.thing ",
                belongings!(),
                " WHERE a.realm = $1 AND a.name = $2 AND a.value >= $3 AND a.value <= $4 \
                 AND (a.value, a.thing) > ($5, $6) ORDER BY a.value, a.thing LIMIT $7"
            ),
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
    rows.iter().map(with_value).collect()
}

/// As [`page_by_attribute`], of the things of a type.
pub async fn page_by_attribute_and_type(
    store: &dyn Store,
    realm: Realm,
    filter: &AttributeFilter,
    thing_type: i64,
    after: Option<(&str, &str)>,
    limit: i64,
) -> Result<Vec<(String, Thing)>, StoreError> {
    let (low, high) = filter.values();
    let (after_value, after_thing) = after.unwrap_or_default();
    let rows = store
        .read(Statement::new(
            concat!(
                "SELECT ",
                columns!(),
                ", a.value FROM thing_attributes a JOIN things t ON t.realm = a.realm AND t.name = a.thing ",
                belongings!(),
                " WHERE a.realm = $1 AND a.name = $2 AND a.value >= $3 AND a.value <= $4 \
                 AND (a.value, a.thing) > ($5, $6) AND t.thing_type = $8 ORDER BY a.value, a.thing LIMIT $7"
            ),
            [
                realm.0.into(),
                filter.name.as_str().into(),
                low.into(),
                high.into(),
                after_value.into(),
                after_thing.into(),
                limit.into(),
                thing_type.into(),
            ],
        ))
        .await?;
    rows.iter().map(with_value).collect()
}

/// Puts a thing into a billing group, out of the one that it was in.
pub fn set_billing_group(batch: &mut Batch, realm: Realm, thing: i64, group: i64) {
    batch.guard(
        Statement::new(
            "UPDATE things SET billing_group = $3 WHERE realm = $1 AND number = $2",
            [realm.0.into(), thing.into(), group.into()],
        ),
        1,
    );
}

/// Takes a thing out of a billing group; harmless when it is not in it.
pub fn leave_billing_group(batch: &mut Batch, realm: Realm, thing: i64, group: i64) {
    batch.execute(Statement::new(
        "UPDATE things SET billing_group = NULL WHERE realm = $1 AND number = $2 AND billing_group = $3",
        [realm.0.into(), thing.into(), group.into()],
    ));
}

/// Attaches a certificate to a thing, provided that it is not attached to it, nor exclusively to another.
///
/// Each condition stands alone, so that each has its index: of both in one, SQLite reads all attachments of the realm.
pub fn attach(batch: &mut Batch, realm: Realm, thing: i64, principal: i64) {
    batch.guard(
        Statement::new(
            "INSERT INTO thing_principals (realm, thing, principal, exclusive) SELECT CAST($1 AS BIGINT), \
             CAST($2 AS BIGINT), CAST($3 AS BIGINT), 0 WHERE NOT EXISTS \
             (SELECT 1 FROM thing_principals WHERE realm = $1 AND principal = $3 AND exclusive = 1) AND NOT EXISTS \
             (SELECT 1 FROM thing_principals WHERE realm = $1 AND principal = $3 AND thing = $2)",
            [realm.0.into(), thing.into(), principal.into()],
        ),
        1,
    );
}

/// Attaches a certificate to a thing exclusively, provided that it is attached to none. The certificate must be held
/// exclusively in an earlier step, since all its attachments are looked at.
pub fn attach_exclusively(batch: &mut Batch, realm: Realm, thing: i64, principal: i64) {
    batch.guard(
        Statement::new(
            "INSERT INTO thing_principals (realm, thing, principal, exclusive) SELECT CAST($1 AS BIGINT), \
             CAST($2 AS BIGINT), CAST($3 AS BIGINT), 1 WHERE NOT EXISTS \
             (SELECT 1 FROM thing_principals WHERE realm = $1 AND principal = $3)",
            [realm.0.into(), thing.into(), principal.into()],
        ),
        1,
    );
}

/// What a certificate is attached to, as seen from a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attachment {
    /// How it is attached to the thing, if it is.
    pub here: Option<PrincipalType>,
    /// Whether it is attached to another thing.
    pub elsewhere: bool,
    /// Whether it is so exclusively.
    pub exclusive_elsewhere: bool,
}

/// What a certificate is attached to, as seen from a thing.
pub async fn attachment(
    store: &dyn Store,
    realm: Realm,
    thing: i64,
    principal: i64,
) -> Result<Attachment, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT (SELECT exclusive FROM thing_principals WHERE realm = $1 AND principal = $2 AND thing = $3), \
             (SELECT CASE WHEN EXISTS (SELECT 1 FROM thing_principals \
             WHERE realm = $1 AND principal = $2 AND exclusive = 1 AND thing <> $3) THEN CAST(1 AS BIGINT) \
             WHEN EXISTS (SELECT 1 FROM thing_principals WHERE realm = $1 AND principal = $2 AND thing <> $3) \
             THEN CAST(0 AS BIGINT) END)",
            [realm.0.into(), principal.into(), thing.into()],
        ))
        .await?;
    let row = rows
        .first()
        .ok_or_else(|| StoreError::other("a select without a table gave no row"))?;
    let (here, elsewhere): (Option<i64>, Option<i64>) = (row.get(0)?, row.get(1)?);
    Ok(Attachment {
        here: here.map(|exclusive| PrincipalType::of(exclusive == 1)),
        elsewhere: elsewhere.is_some(),
        exclusive_elsewhere: elsewhere == Some(1),
    })
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

/// One side of an attachment, as its lists have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached<T> {
    /// The number of the object.
    pub number: i64,
    /// A certificate's id, or a thing's name.
    pub object: T,
    /// How the certificate belongs to the thing.
    pub principal_type: PrincipalType,
}

/// A page of the certificates attached to a thing, in one way or in both, by number, after `after`.
pub async fn page_of_principals(
    store: &dyn Store,
    realm: Realm,
    thing: i64,
    only: Option<PrincipalType>,
    after: i64,
    limit: i64,
) -> Result<Vec<Attached<CertificateId>>, StoreError> {
    let (low, high) = exclusive(only);
    let rows = store
        .read(Statement::new(
            "SELECT p.principal, p.exclusive, c.id FROM thing_principals p JOIN certificates c ON c.number = p.principal \
             WHERE p.realm = $1 AND p.thing = $2 AND p.principal > $3 AND p.exclusive >= $5 AND p.exclusive <= $6 \
             AND c.realm = $1 ORDER BY p.principal LIMIT $4",
            [
                realm.0.into(),
                thing.into(),
                after.into(),
                limit.into(),
                low.into(),
                high.into(),
            ],
        ))
        .await?;
    rows.iter()
        .map(|row| attached(row, certificate_id(row.get(2)?)?))
        .collect()
}

/// A page of the things that a certificate is attached to, in one way or in both, by number, after `after`.
pub async fn page_of_principal_things(
    store: &dyn Store,
    realm: Realm,
    principal: i64,
    only: Option<PrincipalType>,
    after: i64,
    limit: i64,
) -> Result<Vec<Attached<ThingName>>, StoreError> {
    let (low, high) = exclusive(only);
    let rows = store
        .read(Statement::new(
            "SELECT p.thing, p.exclusive, t.name FROM thing_principals p JOIN things t ON t.number = p.thing \
             WHERE p.realm = $1 AND p.principal = $2 AND p.thing > $3 AND p.exclusive >= $5 AND p.exclusive <= $6 \
             AND t.realm = $1 ORDER BY p.thing LIMIT $4",
            [
                realm.0.into(),
                principal.into(),
                after.into(),
                limit.into(),
                low.into(),
                high.into(),
            ],
        ))
        .await?;
    rows.iter()
        .map(|row| attached(row, row.get::<String>(2)?.parse().map_err(StoreError::other)?))
        .collect()
}

/// The lowest and the highest value of the column `exclusive` that is looked for.
fn exclusive(only: Option<PrincipalType>) -> (i64, i64) {
    match only {
        None => (0, 1),
        Some(PrincipalType::NonExclusive) => (0, 0),
        Some(PrincipalType::Exclusive) => (1, 1),
    }
}

fn attached<T>(row: &Row, object: T) -> Result<Attached<T>, StoreError> {
    Ok(Attached {
        number: row.get(0)?,
        object,
        principal_type: PrincipalType::of(row.get::<i64>(1)? == 1),
    })
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

/// Reads a thing, and the attribute's value after it.
fn with_value(row: &Row) -> Result<(String, Thing), StoreError> {
    Ok((row.get(9)?, thing(row)?))
}

fn thing(row: &Row) -> Result<Thing, StoreError> {
    let (name, attributes): (String, String) = (row.get(1)?, row.get(4)?);
    Ok(Thing {
        number: row.get(0)?,
        name: name.parse().map_err(StoreError::other)?,
        thing_id: Uuid::from_slice(&row.get::<Vec<u8>>(2)?).map_err(StoreError::other)?,
        version: row.get(3)?,
        attributes: serde_json::from_str(&attributes).map_err(StoreError::other)?,
        thing_type: link(row, 5)?,
        billing_group: link(row, 7)?,
    })
}

/// Reads a number and a name, both of them or neither.
fn link<N: std::str::FromStr<Err = ModelError>>(
    row: &Row,
    index: usize,
) -> Result<Option<Link<N>>, StoreError> {
    let (number, name): (Option<i64>, Option<String>) = (row.get(index)?, row.get(index + 1)?);
    let Some((number, name)) = number.zip(name) else {
        return Ok(None);
    };
    Ok(Some(Link {
        number,
        name: name.parse().map_err(StoreError::other)?,
    }))
}

fn json(attributes: &Attributes) -> Result<String, StoreError> {
    serde_json::to_string(attributes).map_err(StoreError::other)
}
