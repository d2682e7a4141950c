//! The SQL of what decides for a connected principal.

use std::collections::{BTreeMap, BTreeSet};

use thingsmith_model::{CertificateId, CertificateStatus, PolicyName, Realm};
use thingsmith_ports::{Row, Statement, Store, StoreError};

use crate::thing_types::PropagatingAttribute;

/// The rest of a statement whose `known` is a certificate and the thing that it connects as. `$1` is the realm. Policies
/// count from the certificate, from the thing's groups and from those above them (guide, "Attach a policy to a thing
/// group"). Every row says the same of certificate and thing, so that no order of rows is relied on.
///
/// Two plain joins under one UNION ALL: for a union inside of a join SQLite would make a temporary table. `known` is one, and
/// remains so: PostgreSQL would not look in an index for a thing whose number is two queries. SQLite keeps the order of a
/// CROSS JOIN: without statistics it would look for the thing among all ancestors.
macro_rules! grounds_of_known {
    () => {
        concat!(
            "SELECT k.number, k.status, t.number, t.name, t.attributes, k.sole, tt.name, CAST(NULL AS BIGINT), \
             p.number, p.name, p.default_version, tt.number, tt.mqtt5_configuration FROM known k ",
            thing_of_known!(),
            "LEFT JOIN policy_attachments a ON a.realm = $1 AND a.target = k.number \
             LEFT JOIN policies p ON p.realm = $1 AND p.number = a.policy \
             UNION ALL \
             SELECT k.number, k.status, t.number, t.name, t.attributes, k.sole, tt.name, ga.ancestor, \
             p.number, p.name, p.default_version, tt.number, tt.mqtt5_configuration FROM known k \
             CROSS JOIN thing_group_members m CROSS JOIN thing_group_ancestors ga ",
            thing_of_known!(),
            "LEFT JOIN policy_attachments a ON a.realm = $1 AND a.target = ga.ancestor \
             LEFT JOIN policies p ON p.realm = $1 AND p.number = a.policy \
             WHERE m.realm = $1 AND m.thing = COALESCE(k.sole, k.fitting) \
             AND ga.realm = $1 AND ga.descendant = m.thing_group"
        )
    };
}

macro_rules! thing_of_known {
    () => {
        "LEFT JOIN things t ON t.realm = $1 AND t.number = COALESCE(k.sole, k.fitting) \
         LEFT JOIN thing_types tt ON tt.realm = $1 AND tt.number = t.thing_type "
    };
}

/// What decides for a principal, as it stood at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grounds {
    /// The certificate's status.
    pub status: CertificateStatus,
    /// The thing it connects as.
    pub thing: Option<ConnectedThing>,
    /// The numbers of the groups that the thing is in and of those above them, with policies or without.
    pub groups: Vec<i64>,
    /// The policies attached to the certificate and to these groups, each once, by number.
    pub policies: Vec<AttachedPolicy>,
}

/// The thing that a certificate connects as: the one to which it is attached exclusively, else the one that is named as
/// the client id, if it is attached to that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectedThing {
    /// Names the thing in attachments.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// Its type.
    pub thing_type: Option<ConnectedType>,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// Whether the certificate is attached to it exclusively, so that the client id does not matter.
    pub exclusive: bool,
}

/// The type of the thing that a certificate connects as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectedType {
    /// Names the type in things.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// What the broker adds to the messages of its things.
    pub propagating: Vec<PropagatingAttribute>,
}

/// A policy attached to a principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedPolicy {
    /// Names the policy in attachments.
    pub number: i64,
    /// Its name.
    pub name: PolicyName,
    /// The version that counts.
    pub default_version: i64,
}

/// The number of the certificate of this id and what decides for it, should it connect as its exclusive thing or else as
/// the first of its things; none when the certificate is not there.
///
/// One statement, because each costs a connecting device more than what it reads: a way to another thread and back. Most
/// certificates have one thing, so that most connections need no other.
pub async fn registration(
    store: &dyn Store,
    realm: Realm,
    id: &CertificateId,
) -> Result<Option<(i64, Grounds)>, StoreError> {
    let rows = store
        .read(Statement::new(
            concat!(
                "WITH known AS (SELECT c.number, c.status, \
                 (SELECT tp.thing FROM thing_principals tp \
                 WHERE tp.realm = $1 AND tp.principal = c.number AND tp.exclusive = 1 LIMIT 1) AS sole, \
                 (SELECT min(tp.thing) FROM thing_principals tp \
                 WHERE tp.realm = $1 AND tp.principal = c.number) AS fitting \
                 FROM certificates c WHERE c.id = $2 AND c.realm = $1) ",
                grounds_of_known!()
            ),
            [realm.0.into(), id.as_bytes().as_slice().into()],
        ))
        .await?;
    let number = rows.first().map(|first| first.get(0)).transpose()?;
    Ok(number.zip(to_grounds(&rows)?))
}

/// What decides for a certificate that connects under a client id; none when the certificate is not there.
pub async fn grounds(
    store: &dyn Store,
    realm: Realm,
    certificate: i64,
    client_id: &str,
) -> Result<Option<Grounds>, StoreError> {
    let rows = store
        .read(Statement::new(
            concat!(
                "WITH known AS (SELECT c.number, c.status, \
                 (SELECT tp.thing FROM thing_principals tp \
                 WHERE tp.realm = $1 AND tp.principal = $2 AND tp.exclusive = 1 LIMIT 1) AS sole, \
                 (SELECT t.number FROM things t WHERE t.realm = $1 AND t.name = $3 \
                 AND EXISTS (SELECT 1 FROM thing_principals tp \
                 WHERE tp.realm = $1 AND tp.thing = t.number AND tp.principal = $2)) AS fitting \
                 FROM certificates c WHERE c.realm = $1 AND c.number = $2) ",
                grounds_of_known!()
            ),
            [realm.0.into(), certificate.into(), client_id.into()],
        ))
        .await?;
    to_grounds(&rows)
}

/// Reads a row for each policy and each group without one, or one row when there is neither.
fn to_grounds(rows: &[Row]) -> Result<Option<Grounds>, StoreError> {
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let status: String = first.get(1)?;
    let (mut groups, mut policies) = (BTreeSet::new(), BTreeMap::new());
    for row in rows {
        groups.extend(row.get::<Option<i64>>(7)?);
        if let Some(policy) = policy(row)? {
            policies.insert(policy.number, policy);
        }
    }
    Ok(Some(Grounds {
        status: status.parse().map_err(StoreError::other)?,
        thing: thing(first)?,
        groups: groups.into_iter().collect(),
        policies: policies.into_values().collect(),
    }))
}

fn thing(row: &Row) -> Result<Option<ConnectedThing>, StoreError> {
    let Some(number) = row.get(2)? else {
        return Ok(None);
    };
    let attributes: String = row.get(4)?;
    Ok(Some(ConnectedThing {
        number,
        name: row.get(3)?,
        thing_type: thing_type(row)?,
        attributes: serde_json::from_str(&attributes).map_err(StoreError::other)?,
        exclusive: row.get::<Option<i64>>(5)? == Some(number),
    }))
}

fn thing_type(row: &Row) -> Result<Option<ConnectedType>, StoreError> {
    let Some(number) = row.get(11)? else {
        return Ok(None);
    };
    let propagating: Option<String> = row.get(12)?;
    let propagating = propagating.map(|text| serde_json::from_str(&text)).transpose();
    Ok(Some(ConnectedType {
        number,
        name: row.get(6)?,
        propagating: propagating.map_err(StoreError::other)?.unwrap_or_default(),
    }))
}

fn policy(row: &Row) -> Result<Option<AttachedPolicy>, StoreError> {
    let Some(number) = row.get(8)? else {
        return Ok(None);
    };
    let name: String = row.get(9)?;
    Ok(Some(AttachedPolicy {
        number,
        name: name.parse().map_err(StoreError::other)?,
        default_version: row.get(10)?,
    }))
}
