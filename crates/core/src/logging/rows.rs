//! The SQL of logging options.

use thingsmith_model::Realm;
use thingsmith_ports::{Batch, Statement, Store, StoreError};

use super::{Options, Target};

/// The options of a realm; all absent where none were set.
pub async fn options(store: &dyn Store, realm: Realm) -> Result<Options, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT role_arn, disabled, events, first_role_arn, first_level FROM logging_options WHERE realm = $1",
            [realm.0.into()],
        ))
        .await?;
    let Some(row) = rows.first() else {
        return Ok(Options::default());
    };
    Ok(Options {
        role_arn: row.get(0)?,
        disabled: row.get::<Option<i64>>(1)?.map(|disabled| disabled == 1),
        events: row.get(2)?,
        first_role_arn: row.get(3)?,
        first_level: row.get(4)?,
    })
}

/// Sets the options that are given; the others stay.
pub fn put_options(batch: &mut Batch, realm: Realm, given: &Options) {
    batch.execute(Statement::new(
        "INSERT INTO logging_options (realm, role_arn, disabled, events, first_role_arn, first_level) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (realm) DO UPDATE SET \
         role_arn = coalesce(excluded.role_arn, logging_options.role_arn), \
         disabled = coalesce(excluded.disabled, logging_options.disabled), \
         events = coalesce(excluded.events, logging_options.events), \
         first_role_arn = coalesce(excluded.first_role_arn, logging_options.first_role_arn), \
         first_level = coalesce(excluded.first_level, logging_options.first_level)",
        [
            realm.0.into(),
            given.role_arn.clone().into(),
            given.disabled.map(i64::from).into(),
            given.events.clone().into(),
            given.first_role_arn.clone().into(),
            given.first_level.clone().into(),
        ],
    ));
}

/// The level of a target.
pub async fn level(store: &dyn Store, realm: Realm, target: &Target) -> Result<Option<String>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT level FROM logging_levels WHERE realm = $1 AND target_type = $2 AND target_name = $3",
            [
                realm.0.into(),
                target.kind.as_str().into(),
                target.name.as_str().into(),
            ],
        ))
        .await?;
    rows.first().map(|row| row.get(0)).transpose()
}

/// A page of targets and levels, of one type where one is given, after the target `after`.
pub async fn page(
    store: &dyn Store,
    realm: Realm,
    kind: Option<&str>,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<(Target, String)>, StoreError> {
    let rows = store
        .read(Statement::new(
            "SELECT target_type, target_name, level FROM logging_levels WHERE realm = $1 \
             AND (target_type, target_name) > ($2, $3) AND target_type = coalesce($4, target_type) \
             ORDER BY target_type, target_name LIMIT $5",
            [
                realm.0.into(),
                after.0.into(),
                after.1.into(),
                kind.into(),
                limit.into(),
            ],
        ))
        .await?;
    rows.iter()
        .map(|row| {
            let target = Target {
                kind: row.get(0)?,
                name: row.get(1)?,
            };
            Ok((target, row.get(2)?))
        })
        .collect()
}

/// Sets the level of a target.
pub fn put_level(batch: &mut Batch, realm: Realm, target: &Target, level: &str) {
    batch.execute(Statement::new(
        "INSERT INTO logging_levels (realm, target_type, target_name, level) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (realm, target_type, target_name) DO UPDATE SET level = excluded.level",
        [
            realm.0.into(),
            target.kind.as_str().into(),
            target.name.as_str().into(),
            level.into(),
        ],
    ));
}

/// Takes away the level of a target, if it has one.
pub fn delete_level(batch: &mut Batch, realm: Realm, target: &Target) {
    batch.execute(Statement::new(
        "DELETE FROM logging_levels WHERE realm = $1 AND target_type = $2 AND target_name = $3",
        [
            realm.0.into(),
            target.kind.as_str().into(),
            target.name.as_str().into(),
        ],
    ));
}
