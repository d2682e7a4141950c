//! The SQL of thing groups, of their ancestors, and of the things in them.

use thingsmith_model::{Realm, ThingGroupName, ThingName};
use thingsmith_ports::{Batch, Hold, Row, Statement, Store, StoreError};
use uuid::Uuid;

use super::{NamedGroup, ThingGroup};
use crate::things::Attributes;

/// A thing's place in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The group.
    pub group: NamedGroup,
    /// The number of the topmost group above it.
    pub root: i64,
}

/// A thing in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The group's number.
    pub group: i64,
    /// The thing's number.
    pub thing: i64,
    /// The thing's name.
    pub name: ThingName,
}

/// The group of this name.
pub async fn find(
    store: &dyn Store,
    realm: Realm,
    name: &ThingGroupName,
) -> Result<Option<ThingGroup>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, group_id, version, parent, root, depth, description, attributes, created_at \
             FROM thing_groups WHERE realm = $1 AND name = $2",
            [realm.0.into(), name.as_str().into()],
        ))
        .await?;
    rows.first().map(group).transpose()
}

/// A group and those above it, the topmost first; nothing for 0, the parent of a group that has none.
pub async fn line(store: &dyn Store, realm: Realm, number: i64) -> Result<Vec<NamedGroup>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT g.number, g.name, g.group_id FROM thing_group_ancestors a JOIN thing_groups g ON g.number = a.ancestor \
             WHERE a.realm = $1 AND a.descendant = $2 AND g.realm = $1 ORDER BY a.distance DESC",
            [realm.0.into(), number.into()],
        ))
        .await?;
    rows.iter().map(named).collect()
}

/// How many groups stand directly below one.
pub async fn children(store: &dyn Store, realm: Realm, parent: i64) -> Result<i64, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT count(*) FROM thing_groups WHERE realm = $1 AND parent = $2",
            [realm.0.into(), parent.into()],
        ))
        .await?;
    rows.first()
        .ok_or_else(|| StoreError::other("a count gave no row"))?
        .get(0)
}

/// Adds a group, below a parent only while that has fewer than `children`. The parent must be held exclusively in an
/// earlier step, since its children are counted. A name that is taken makes the batch a duplicate.
pub fn insert(batch: &mut Batch, realm: Realm, group: &ThingGroup, children: i64) -> Result<(), StoreError> {
    batch.guard(
        Statement::new(
            "INSERT INTO thing_groups (number, realm, name, group_id, version, parent, root, depth, description, \
             attributes, created_at) SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), $3, $4, CAST($5 AS BIGINT), \
             CAST($6 AS BIGINT), CAST($7 AS BIGINT), CAST($8 AS BIGINT), $9, $10, CAST($11 AS BIGINT) \
             WHERE $6 = 0 OR (SELECT count(*) FROM thing_groups WHERE realm = $2 AND parent = $6) < $12",
            [
                group.number.into(),
                realm.0.into(),
                group.name.as_str().into(),
                group.group_id.as_bytes().as_slice().into(),
                group.version.into(),
                group.parent.into(),
                group.root.into(),
                group.depth.into(),
                group.description.clone().into(),
                json(&group.attributes)?.into(),
                group.created_at.into(),
                children.into(),
            ],
        ),
        1,
    );
    batch.execute(Statement::new(
        "INSERT INTO thing_group_ancestors (realm, descendant, ancestor, distance) VALUES ($1, $2, $2, 0)",
        [realm.0.into(), group.number.into()],
    ));
    batch.execute(Statement::new(
        "INSERT INTO thing_group_ancestors (realm, descendant, ancestor, distance) \
         SELECT realm, CAST($2 AS BIGINT), ancestor, distance + 1 FROM thing_group_ancestors \
         WHERE realm = $1 AND descendant = $3",
        [realm.0.into(), group.number.into(), group.parent.into()],
    ));
    Ok(())
}

/// Gives a group the description, the attributes and the version of `after`, provided that it has the version before.
pub fn update(batch: &mut Batch, realm: Realm, after: &ThingGroup) -> Result<(), StoreError> {
    batch.guard(
        Statement::new(
            "UPDATE thing_groups SET version = version + 1, description = $4, attributes = $5 \
             WHERE realm = $1 AND number = $2 AND version = $3",
            [
                realm.0.into(),
                after.number.into(),
                (after.version - 1).into(),
                after.description.clone().into(),
                json(&after.attributes)?.into(),
            ],
        ),
        1,
    );
    Ok(())
}

/// Deletes a group that has no children, with its memberships, provided that it still is as `before` says.
pub fn delete(batch: &mut Batch, realm: Realm, before: &ThingGroup) {
    hold(batch, realm, before.number, Hold::Exclusive);
    batch.guard(
        Statement::new(
            "DELETE FROM thing_groups WHERE realm = $1 AND number = $2 AND version = $3 \
             AND NOT EXISTS (SELECT 1 FROM thing_groups c WHERE c.realm = $1 AND c.parent = $2)",
            [realm.0.into(), before.number.into(), before.version.into()],
        ),
        1,
    );
    for sql in [
        "DELETE FROM thing_group_ancestors WHERE realm = $1 AND descendant = $2",
        // SQLite, which knows no statistics, would go through all members of the realm's groups without the subquery.
        "DELETE FROM thing_group_members WHERE realm = $1 AND thing_group = $2 AND thing IN \
         (SELECT m.thing FROM thing_group_members m WHERE m.realm = $1 AND m.thing_group = $2)",
    ] {
        batch.execute(Statement::new(sql, [realm.0.into(), before.number.into()]));
    }
}

/// Holds a group's row.
pub fn hold(batch: &mut Batch, realm: Realm, number: i64, hold: Hold) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM thing_groups WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ),
        hold,
    );
}

/// A page of all groups whose name begins with `prefix`, in order of their names, after `after`.
pub async fn page(
    store: &dyn Store,
    realm: Realm,
    prefix: &str,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<NamedGroup>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, group_id FROM thing_groups \
             WHERE realm = $1 AND name >= $2 AND name < $3 AND name > $4 ORDER BY name LIMIT $5",
            [
                realm.0.into(),
                prefix.into(),
                beyond(prefix).into(),
                after.unwrap_or_default().into(),
                limit.into(),
            ],
        ))
        .await?;
    rows.iter().map(named).collect()
}

/// A page of the groups directly below one, or of those without a parent for 0, as [`page`].
pub async fn page_of_children(
    store: &dyn Store,
    realm: Realm,
    parent: i64,
    prefix: &str,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<NamedGroup>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, group_id FROM thing_groups \
             WHERE realm = $1 AND parent = $6 AND name >= $2 AND name < $3 AND name > $4 ORDER BY name LIMIT $5",
            [
                realm.0.into(),
                prefix.into(),
                beyond(prefix).into(),
                after.unwrap_or_default().into(),
                limit.into(),
                parent.into(),
            ],
        ))
        .await?;
    rows.iter().map(named).collect()
}

/// A page of all groups below one whose name begins with `prefix`, by number, after `after`.
pub async fn page_below(
    store: &dyn Store,
    realm: Realm,
    ancestor: i64,
    prefix: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<NamedGroup>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT g.number, g.name, g.group_id FROM thing_group_ancestors a JOIN thing_groups g ON g.number = a.descendant \
             WHERE a.realm = $1 AND a.ancestor = $2 AND a.descendant > $3 AND a.distance > 0 AND g.realm = $1 \
             AND g.name >= $4 AND g.name < $5 ORDER BY a.descendant LIMIT $6",
            [
                realm.0.into(),
                ancestor.into(),
                after.into(),
                prefix.into(),
                beyond(prefix).into(),
                limit.into(),
            ],
        ))
        .await?;
    rows.iter().map(named).collect()
}

/// The groups that a thing is in, by number.
pub async fn memberships(store: &dyn Store, realm: Realm, thing: i64) -> Result<Vec<Membership>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT g.number, g.name, g.group_id, m.root FROM thing_group_members m JOIN thing_groups g ON g.number = m.thing_group \
             WHERE m.realm = $1 AND m.thing = $2 AND g.realm = $1 ORDER BY m.thing_group",
            [realm.0.into(), thing.into()],
        ))
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Membership {
                group: named(row)?,
                root: row.get(3)?,
            })
        })
        .collect()
}

/// Puts a thing that is in fewer than `limit` groups into one. The thing must be held exclusively in an earlier step,
/// since its groups are counted. Another group of the same hierarchy makes the batch a duplicate.
pub fn join(batch: &mut Batch, realm: Realm, thing: i64, group: &ThingGroup, limit: i64) {
    batch.guard(
        Statement::new(
            "INSERT INTO thing_group_members (realm, thing, thing_group, root) SELECT CAST($1 AS BIGINT), \
             CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS BIGINT) \
             WHERE (SELECT count(*) FROM thing_group_members WHERE realm = $1 AND thing = $2) < $5",
            [
                realm.0.into(),
                thing.into(),
                group.number.into(),
                group.root.into(),
                limit.into(),
            ],
        ),
        1,
    );
}

/// Takes a thing out of a group; harmless when it is not in it.
pub fn leave(batch: &mut Batch, realm: Realm, thing: i64, group: i64) {
    batch.execute(Statement::new(
        "DELETE FROM thing_group_members WHERE realm = $1 AND thing = $2 AND thing_group = $3",
        [realm.0.into(), thing.into(), group.into()],
    ));
}

/// Takes a thing out of every group.
pub fn leave_all(batch: &mut Batch, realm: Realm, thing: i64) {
    batch.execute(Statement::new(
        "DELETE FROM thing_group_members WHERE realm = $1 AND thing = $2",
        [realm.0.into(), thing.into()],
    ));
}

/// A page of the things in a group, by number, after `after`.
pub async fn page_of_things(
    store: &dyn Store,
    realm: Realm,
    group: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<Member>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT m.thing_group, t.number, t.name FROM thing_group_members m JOIN things t ON t.number = m.thing \
             WHERE m.realm = $1 AND m.thing_group = $2 AND m.thing > $3 AND t.realm = $1 ORDER BY m.thing LIMIT $4",
            [realm.0.into(), group.into(), after.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(member).collect()
}

/// A page of the things in a group and in those below it, by the numbers of group and thing, after `after`. A thing is in
/// one group of a hierarchy, so that none comes twice.
pub async fn page_of_things_below(
    store: &dyn Store,
    realm: Realm,
    ancestor: i64,
    after: (i64, i64),
    limit: i64,
) -> Result<Vec<Member>, StoreError> {
    // SQLite keeps the order of a CROSS JOIN: from the few groups to their things, which come in order. Without `+ 0` it
    // would take the bound of a.descendant for m.thing_group and forget that they are equal.
    let rows = store
        .read(Statement::new(
            "SELECT m.thing_group, t.number, t.name FROM thing_group_ancestors a \
             CROSS JOIN thing_group_members m CROSS JOIN things t \
             WHERE a.realm = $1 AND a.ancestor = $2 AND a.descendant >= $3 \
             AND m.realm = $1 AND m.thing_group = a.descendant + 0 \
             AND m.thing > CASE WHEN a.descendant = $3 THEN CAST($4 AS BIGINT) ELSE 0 END \
             AND t.realm = $1 AND t.number = m.thing ORDER BY a.descendant, m.thing LIMIT $5",
            [
                realm.0.into(),
                ancestor.into(),
                after.0.into(),
                after.1.into(),
                limit.into(),
            ],
        ))
        .await?;
    rows.iter().map(member).collect()
}

/// What stands after every name with a prefix. Names are ASCII.
fn beyond(prefix: &str) -> String {
    format!("{prefix}\u{10FFFF}")
}

fn group(row: &Row) -> Result<ThingGroup, StoreError> {
    let (name, attributes): (String, String) = (row.get(1)?, row.get(8)?);
    Ok(ThingGroup {
        number: row.get(0)?,
        name: name.parse().map_err(StoreError::other)?,
        group_id: uuid(row, 2)?,
        version: row.get(3)?,
        parent: row.get(4)?,
        root: row.get(5)?,
        depth: row.get(6)?,
        description: row.get(7)?,
        attributes: serde_json::from_str(&attributes).map_err(StoreError::other)?,
        created_at: row.get(9)?,
    })
}

fn named(row: &Row) -> Result<NamedGroup, StoreError> {
    let name: String = row.get(1)?;
    Ok(NamedGroup {
        number: row.get(0)?,
        name: name.parse().map_err(StoreError::other)?,
        group_id: uuid(row, 2)?,
    })
}

fn uuid(row: &Row, column: usize) -> Result<Uuid, StoreError> {
    Uuid::from_slice(&row.get::<Vec<u8>>(column)?).map_err(StoreError::other)
}

fn member(row: &Row) -> Result<Member, StoreError> {
    let name: String = row.get(2)?;
    Ok(Member {
        group: row.get(0)?,
        thing: row.get(1)?,
        name: name.parse().map_err(StoreError::other)?,
    })
}

fn json(attributes: &Attributes) -> Result<String, StoreError> {
    serde_json::to_string(attributes).map_err(StoreError::other)
}
