//! The SQL of topic rules.

use thingsmith_model::Realm;
use thingsmith_ports::{Batch, Hold, Row, Statement, Store, StoreError};

use super::{TopicRule, TopicRuleSummary};

/// The topic rule of this name.
pub async fn find(store: &dyn Store, realm: Realm, name: &str) -> Result<Option<TopicRule>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, settings, filter, disabled, revision, created_at FROM topic_rules \
             WHERE realm = $1 AND name = $2",
            [realm.0.into(), name.into()],
        ))
        .await?;
    rows.first().map(rule).transpose()
}

/// A page of the rules of a realm that are not disabled, by number, after the number `after`.
pub async fn enabled(
    store: &dyn Store,
    realm: Realm,
    after: i64,
    limit: i64,
) -> Result<Vec<TopicRule>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT number, name, settings, filter, disabled, revision, created_at FROM topic_rules \
             WHERE realm = $1 AND disabled = 0 AND number > $2 ORDER BY number LIMIT $3",
            [realm.0.into(), after.into(), limit.into()],
        ))
        .await?;
    rows.iter().map(rule).collect()
}

/// The realms that have rules which are not disabled: what a node asks when it starts.
pub async fn realms(store: &dyn Store) -> Result<Vec<Realm>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT DISTINCT realm FROM topic_rules WHERE disabled = 0 ORDER BY realm",
            [],
        ))
        .await?;
    rows.iter().map(|row| Ok(Realm(row.get(0)?))).collect()
}

/// A page of rules in order of their names, after `after`, perhaps only those that are disabled, or are not.
pub async fn page(
    store: &dyn Store,
    realm: Realm,
    disabled: Option<bool>,
    after: &str,
    limit: i64,
) -> Result<Vec<TopicRuleSummary>, StoreError> {
    let (from, to) = match disabled {
        None => (0, 1),
        Some(disabled) => (i64::from(disabled), i64::from(disabled)),
    };
    let rows = store
        .read(Statement::new(
            "SELECT name, filter, disabled, created_at FROM topic_rules \
             WHERE realm = $1 AND name > $2 AND disabled BETWEEN $3 AND $4 ORDER BY name LIMIT $5",
            [realm.0.into(), after.into(), from.into(), to.into(), limit.into()],
        ))
        .await?;
    rows.iter()
        .map(|row| {
            Ok(TopicRuleSummary {
                name: row.get(0)?,
                filter: row.get(1)?,
                disabled: row.get::<i64>(2)? != 0,
                created_at: row.get(3)?,
            })
        })
        .collect()
}

/// Adds a rule. A name that is taken makes the batch a duplicate.
pub fn insert(batch: &mut Batch, realm: Realm, rule: &TopicRule, settings: &str) {
    batch.execute(Statement::new(
        "INSERT INTO topic_rules (number, realm, name, settings, filter, disabled, revision, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            rule.number.into(),
            realm.0.into(),
            rule.name.as_str().into(),
            settings.into(),
            rule.filter.as_deref().into(),
            i64::from(rule.disabled).into(),
            rule.revision.into(),
            rule.created_at.into(),
        ],
    ));
}

/// Gives a rule, which must have this revision, other settings with their filter, and whether it is disabled.
pub fn replace(
    batch: &mut Batch,
    realm: Realm,
    (number, revision): (i64, i64),
    (settings, filter, disabled): (&str, Option<&str>, bool),
    next: i64,
) {
    batch.guard(
        Statement::new(
            "UPDATE topic_rules SET settings = $4, filter = $5, disabled = $6, revision = $7 \
             WHERE realm = $1 AND number = $2 AND revision = $3",
            [
                realm.0.into(),
                number.into(),
                revision.into(),
                settings.into(),
                filter.into(),
                i64::from(disabled).into(),
                next.into(),
            ],
        ),
        1,
    );
}

/// Enables or disables a rule, which must have this revision.
pub fn set_disabled(
    batch: &mut Batch,
    realm: Realm,
    (number, revision): (i64, i64),
    disabled: bool,
    next: i64,
) {
    batch.guard(
        Statement::new(
            "UPDATE topic_rules SET disabled = $4, revision = $5 \
             WHERE realm = $1 AND number = $2 AND revision = $3",
            [
                realm.0.into(),
                number.into(),
                revision.into(),
                i64::from(disabled).into(),
                next.into(),
            ],
        ),
        1,
    );
}

/// Holds a rule's row.
pub fn hold(batch: &mut Batch, realm: Realm, number: i64, hold: Hold) {
    batch.hold(
        Statement::new(
            "SELECT 1 FROM topic_rules WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ),
        hold,
    );
}

/// Deletes a rule.
pub fn delete(batch: &mut Batch, realm: Realm, number: i64) {
    hold(batch, realm, number, Hold::Exclusive);
    batch.guard(
        Statement::new(
            "DELETE FROM topic_rules WHERE realm = $1 AND number = $2",
            [realm.0.into(), number.into()],
        ),
        1,
    );
}

fn rule(row: &Row) -> Result<TopicRule, StoreError> {
    let settings: String = row.get(2)?;
    Ok(TopicRule {
        number: row.get(0)?,
        name: row.get(1)?,
        settings: serde_json::from_str(&settings).map_err(StoreError::other)?,
        filter: row.get(3)?,
        disabled: row.get::<i64>(4)? != 0,
        revision: row.get(5)?,
        created_at: row.get(6)?,
    })
}
