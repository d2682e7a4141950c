//! The SQL of domain configurations.

use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::{Batch, Hold, Row, Statement, Store, StoreError};

use super::DomainConfiguration;

/// The domain configuration of this name.
pub async fn find(
    store: &dyn Store,
    realm: Realm,
    name: &str,
) -> Result<Option<DomainConfiguration>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, domain, settings, enabled, changed_at, revision FROM domain_configurations \
             WHERE realm = $1 AND name = $2",
            [realm.0.into(), name.into()],
        ))
        .await?;
    rows.first().map(configuration).transpose()
}

/// The domain configuration of whichever realm that has this domain.
pub async fn by_domain(
    store: &dyn Store,
    domain: &str,
) -> Result<Option<(Realm, DomainConfiguration)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, domain, settings, enabled, changed_at, revision, realm FROM domain_configurations \
             WHERE domain = $1",
            [domain.into()],
        ))
        .await?;
    let found = rows
        .first()
        .map(|row| Ok((Realm(row.get(7)?), configuration(row)?)));
    found.transpose()
}

/// How many domain configurations a realm has made.
pub async fn count(store: &dyn Store, realm: Realm, default: &str) -> Result<i64, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT count(*) FROM domain_configurations WHERE realm = $1 AND name <> $2",
            [realm.0.into(), default.into()],
        ))
        .await?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

/// A page of the names of domain configurations in order, after `after`.
pub async fn page(
    store: &dyn Store,
    realm: Realm,
    after: &str,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT name FROM domain_configurations WHERE realm = $1 AND name > $2 ORDER BY name LIMIT $3",
            [realm.0.into(), after.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Holds the realm's row, in a step before configurations are counted.
pub fn hold_realm(batch: &mut Batch, realm: Realm) {
    batch.hold(
        Statement::new("SELECT 1 FROM realms WHERE realm = $1", [realm.0.into()]),
        Hold::Exclusive,
    );
}

/// Adds a domain configuration, provided that the realm has fewer than `limit` besides that of the name `default`. The
/// realm must be held exclusively in an earlier step. A name or domain that is taken makes the batch a duplicate.
///
/// # Errors
/// When the settings cannot be written.
pub fn insert(
    batch: &mut Batch,
    realm: Realm,
    new: &DomainConfiguration,
    (default, limit): (&str, i64),
) -> Result<(), StoreError> {
    batch.guard(
        Statement::new(
            "INSERT INTO domain_configurations (number, realm, name, domain, settings, enabled, changed_at, revision) \
             SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), \
             CAST($6 AS BIGINT), CAST($7 AS BIGINT), CAST($8 AS BIGINT) \
             WHERE (SELECT count(*) FROM domain_configurations WHERE realm = $2 AND name <> $9) < $10",
            [
                new.number.into(),
                realm.0.into(),
                new.name.as_str().into(),
                new.domain.as_str().into(),
                settings(new)?.into(),
                i64::from(new.enabled).into(),
                new.changed_at.into(),
                new.revision.into(),
                default.into(),
                limit.into(),
            ],
        ),
        1,
    );
    Ok(())
}

/// Gives a domain configuration the settings and the status of `after`, provided that it still is at the revision before.
///
/// # Errors
/// When the settings cannot be written.
pub fn update(batch: &mut Batch, realm: Realm, after: &DomainConfiguration) -> Result<(), StoreError> {
    batch.guard(
        Statement::new(
            "UPDATE domain_configurations SET settings = $4, enabled = $5, changed_at = $6, revision = $3 \
             WHERE realm = $1 AND number = $2 AND revision = $3 - 1",
            [
                realm.0.into(),
                after.number.into(),
                after.revision.into(),
                settings(after)?.into(),
                i64::from(after.enabled).into(),
                after.changed_at.into(),
            ],
        ),
        1,
    );
    Ok(())
}

/// Holds a domain configuration's row.
pub fn hold(batch: &mut Batch, realm: Realm, number: i64, hold: Hold) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM domain_configurations WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ),
        hold,
    );
}

/// Deletes a domain configuration that is disabled and still at this revision.
pub fn delete(batch: &mut Batch, realm: Realm, number: i64, revision: i64) {
    hold(batch, realm, number, Hold::Exclusive);
    batch.guard(
        Statement::new(
            "DELETE FROM domain_configurations WHERE realm = $1 AND number = $2 AND revision = $3 AND enabled = 0",
            [realm.0.into(), number.into(), revision.into()],
        ),
        1,
    );
}

fn settings(of: &DomainConfiguration) -> Result<String, StoreError> {
    serde_json::to_string(&of.settings).map_err(StoreError::other)
}

fn configuration(row: &Row) -> Result<DomainConfiguration, StoreError> {
    let (settings, enabled): (String, i64) = (row.get(3)?, row.get(4)?);
    let changed_at: Timestamp = row.get(5)?;
    Ok(DomainConfiguration {
        number: row.get(0)?,
        name: row.get(1)?,
        domain: row.get(2)?,
        settings: serde_json::from_str(&settings).map_err(StoreError::other)?,
        enabled: enabled != 0,
        changed_at,
        revision: row.get(6)?,
    })
}
