//! Making a role.

use thingsmith_policy::TrustPolicy;
use thingsmith_ports::{Batch, StoreError};

use super::{Role, rows};
use crate::iam::{self, malformed, taken};
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// The settings of a new role.
#[derive(Debug, Clone)]
pub struct NewRole {
    /// Its name.
    pub name: String,
    /// Begins and ends with a slash.
    pub path: String,
    /// The trust policy.
    pub trust: String,
    /// What it is for.
    pub description: Option<String>,
    /// How long its sessions may last, in seconds.
    pub longest_session_seconds: i64,
}

/// Makes a role, whose sessions may do nothing yet.
///
/// # Errors
/// `MalformedPolicyDocumentException` for what is no trust policy, `EntityAlreadyExistsException` when the name is taken,
/// in any case of letters.
pub async fn create_role(deeds: &Deeds, realm: &RealmRecord, new: NewRole) -> Result<Role, Fault> {
    TrustPolicy::parse(&new.trust).map_err(|wrong| malformed("AssumeRolePolicyDocument", &wrong))?;
    let role = Role {
        number: deeds.number().await?,
        name: new.name,
        path: new.path,
        id: iam::id("AROA", deeds.random()),
        trust: new.trust,
        description: new.description,
        longest_session_seconds: new.longest_session_seconds,
        created_at: deeds.clock().now(),
    };
    let tries = Tries::default();
    loop {
        let outcome = create_once(deeds, realm, &role).await;
        if let Some(done) = tries.settle(outcome).await? {
            return Ok(done);
        }
    }
}

async fn create_once(deeds: &Deeds, realm: &RealmRecord, role: &Role) -> Result<Role, Attempt> {
    let mut batch = Batch::new();
    rows::insert(&mut batch, realm.realm, role);
    match deeds.commit(batch).await {
        Ok(_) => return Ok(role.clone()),
        Err(StoreError::Duplicate(_)) => {}
        Err(error) => return Err(error.into()),
    }
    match rows::find(deeds.store(), realm.realm, &iam::folded(&role.name)).await? {
        // Deleted in between: the name is free.
        None => Err(StoreError::Guard(0).into()),
        // This very role, whose commit was not answered.
        Some(existing) if existing.number == role.number => Ok(existing),
        Some(existing) => Err(taken(format!("Role with name {} already exists.", existing.name)).into()),
    }
}
