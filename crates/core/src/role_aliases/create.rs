//! Making a role alias.

use thingsmith_ports::{Batch, StoreError};

use super::{RoleAlias, rows};
use crate::realms::RealmRecord;
use crate::tags::{self, Tags};
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// The settings of a new role alias.
#[derive(Debug, Clone)]
pub struct NewRoleAlias {
    /// Its name.
    pub name: String,
    /// The role that it stands for. Whether the caller may hand it over was decided before.
    pub role_arn: String,
    /// How long its credentials last, in seconds.
    pub duration_seconds: i64,
    /// Its tags.
    pub tags: Tags,
}

/// Makes a role alias.
///
/// # Errors
/// `ResourceAlreadyExistsException` when the name is taken.
pub async fn create_role_alias(
    deeds: &Deeds,
    realm: &RealmRecord,
    new: NewRoleAlias,
) -> Result<RoleAlias, Fault> {
    let now = deeds.clock().now();
    let alias = RoleAlias {
        number: deeds.number().await?,
        name: new.name,
        role_arn: new.role_arn,
        duration_seconds: new.duration_seconds,
        owner: realm.account.clone(),
        created_at: now,
        modified_at: now,
    };
    let tries = Tries::default();
    loop {
        let outcome = create_once(deeds, realm, &alias, &new.tags).await;
        if let Some(done) = tries.settle(outcome).await? {
            return Ok(done);
        }
    }
}

async fn create_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    alias: &RoleAlias,
    tags: &Tags,
) -> Result<RoleAlias, Attempt> {
    let mut batch = Batch::new();
    rows::insert(&mut batch, realm.realm, alias);
    tags::rows::insert(&mut batch, realm.realm, alias.number, tags);
    match deeds.commit(batch).await {
        Ok(_) => return Ok(alias.clone()),
        Err(StoreError::Duplicate(_)) => {}
        Err(error) => return Err(error.into()),
    }
    match rows::find(deeds.store(), realm.realm, &alias.name).await? {
        // Deleted in between: the name is free.
        None => Err(StoreError::Guard(0).into()),
        // This very one, whose commit was not answered.
        Some(existing) if existing.number == alias.number => Ok(existing),
        Some(existing) => Err(Fault::new(
            Code::ResourceAlreadyExists,
            format!("Role alias {} already exists.", existing.name),
        )
        .with("resourceId", &existing.name)
        .with("resourceArn", existing.arn(realm))
        .into()),
    }
}
