//! The SQL of what decides for a connected principal.

use std::collections::BTreeMap;

use thingsmith_model::{CertificateId, CertificateStatus, PolicyName, Realm};
use thingsmith_ports::{Row, Statement, Store, StoreError};

/// What decides for a principal, as it stood at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grounds {
    /// The certificate's status.
    pub status: CertificateStatus,
    /// The name and the attributes of the thing it connects as, if the certificate is attached to it.
    pub thing: Option<(String, BTreeMap<String, String>)>,
    /// The policies attached to the certificate, by number.
    pub policies: Vec<AttachedPolicy>,
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

/// The number of the certificate of this id and what decides for it, should it connect as the first of its things; none
/// when the certificate is not there.
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
            "SELECT c.status, t.name, t.attributes, p.number, p.name, p.default_version, c.number FROM certificates c \
             LEFT JOIN things t ON t.realm = $2 AND t.number = (SELECT min(tp.thing) FROM thing_principals tp \
             WHERE tp.realm = $2 AND tp.principal = c.number) \
             LEFT JOIN policy_attachments a ON a.realm = $2 AND a.target = c.number \
             LEFT JOIN policies p ON p.realm = $2 AND p.number = a.policy \
             WHERE c.id = $1 AND c.realm = $2 ORDER BY p.number",
            [id.as_bytes().as_slice().into(), realm.0.into()],
        ))
        .await?;
    let number = rows.first().map(|first| first.get(6)).transpose()?;
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
            "SELECT c.status, t.name, t.attributes, p.number, p.name, p.default_version FROM certificates c \
             LEFT JOIN things t ON t.realm = $1 AND t.name = $3 AND EXISTS (SELECT 1 FROM thing_principals tp \
             WHERE tp.realm = $1 AND tp.thing = t.number AND tp.principal = $2) \
             LEFT JOIN policy_attachments a ON a.realm = $1 AND a.target = $2 \
             LEFT JOIN policies p ON p.realm = $1 AND p.number = a.policy \
             WHERE c.realm = $1 AND c.number = $2 ORDER BY p.number",
            [realm.0.into(), certificate.into(), client_id.into()],
        ))
        .await?;
    to_grounds(&rows)
}

/// Reads a row for each policy, or one without a policy.
fn to_grounds(rows: &[Row]) -> Result<Option<Grounds>, StoreError> {
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let status: String = first.get(0)?;
    let (name, attributes): (Option<String>, Option<String>) = (first.get(1)?, first.get(2)?);
    let attributes = attributes.map(|text| serde_json::from_str(&text)).transpose();
    Ok(Some(Grounds {
        status: status.parse().map_err(StoreError::other)?,
        thing: name.zip(attributes.map_err(StoreError::other)?),
        policies: rows
            .iter()
            .filter_map(|row| policy(row).transpose())
            .collect::<Result<_, _>>()?,
    }))
}

fn policy(row: &Row) -> Result<Option<AttachedPolicy>, StoreError> {
    let Some(number) = row.get(3)? else {
        return Ok(None);
    };
    let name: String = row.get(4)?;
    Ok(Some(AttachedPolicy {
        number,
        name: name.parse().map_err(StoreError::other)?,
        default_version: row.get(5)?,
    }))
}
