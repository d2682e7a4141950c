//! Changing and deleting a role alias.

use thingsmith_ports::Batch;

use super::{RoleAlias, not_found, rows};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tags;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// What of a role alias changes; what is not given stays.
#[derive(Debug, Clone, Default)]
pub struct RoleAliasUpdate {
    /// The role that it stands for.
    pub role_arn: Option<String>,
    /// How long its credentials last, in seconds.
    pub duration_seconds: Option<i64>,
}

/// Changes a role alias.
///
/// # Errors
/// `ResourceNotFoundException`
pub async fn update_role_alias(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &str,
    update: &RoleAliasUpdate,
) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || update_once(deeds, realm, name, update, &tries))
        .await
}

async fn update_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &str,
    update: &RoleAliasUpdate,
    tries: &Tries,
) -> Result<(), Attempt> {
    let found = find(deeds, realm, name).await?;
    let mut batch = Batch::new();
    rows::update(
        &mut batch,
        realm.realm,
        found.number,
        (update.role_arn.as_deref(), update.duration_seconds),
        deeds.clock().now(),
    );
    deeds
        .commit_change(batch, realm.realm, Change::Unseen(found.number), tries)
        .await
}

/// Deletes a role alias.
///
/// # Errors
/// `ResourceNotFoundException`
pub async fn delete_role_alias(deeds: &Deeds, realm: &RealmRecord, name: &str) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || delete_once(deeds, realm, name, &tries))
        .await
}

async fn delete_once(deeds: &Deeds, realm: &RealmRecord, name: &str, tries: &Tries) -> Result<(), Attempt> {
    let found = find(deeds, realm, name).await?;
    let mut batch = Batch::new();
    rows::delete(&mut batch, realm.realm, found.number);
    tags::rows::delete_all(&mut batch, realm.realm, found.number);
    deeds
        .commit_change(batch, realm.realm, Change::Unseen(found.number), tries)
        .await
}

async fn find(deeds: &Deeds, realm: &RealmRecord, name: &str) -> Result<RoleAlias, Attempt> {
    let found = rows::find(deeds.store(), realm.realm, name).await?;
    found.ok_or_else(|| not_found(name).into())
}
