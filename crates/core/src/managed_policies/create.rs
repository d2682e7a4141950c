//! Making a managed policy.

use thingsmith_ports::{Batch, StoreError};

use super::{ManagedPolicy, rows};
use crate::iam::{self, taken};
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// Most characters of a managed policy, white space not counted (IAM quotas, "Managed policies").
pub(super) const MOST_CHARACTERS: usize = 6144;

/// The settings of a new policy.
#[derive(Debug, Clone)]
pub struct NewPolicy {
    /// Its name.
    pub name: String,
    /// Begins and ends with a slash.
    pub path: String,
    /// What it permits, in words.
    pub description: Option<String>,
    /// The document of its first version.
    pub document: String,
}

/// Makes a managed policy whose version 1 counts.
///
/// # Errors
/// `MalformedPolicyDocumentException`, `LimitExceededException` for a document that is too long,
/// `EntityAlreadyExistsException` when the name is taken, in any case of letters.
pub async fn create_policy(
    deeds: &Deeds,
    realm: &RealmRecord,
    new: NewPolicy,
) -> Result<ManagedPolicy, Fault> {
    iam::permissions("PolicyDocument", &new.document, MOST_CHARACTERS)?;
    let now = deeds.clock().now();
    let policy = ManagedPolicy {
        number: deeds.number().await?,
        name: new.name,
        path: new.path,
        id: iam::id("ANPA", deeds.random()),
        description: new.description,
        default_version: 1,
        newest_version: 1,
        created_at: now,
        modified_at: now,
    };
    let tries = Tries::default();
    loop {
        let outcome = create_once(deeds, realm, &policy, &new.document).await;
        if let Some(done) = tries.settle(outcome).await? {
            return Ok(done);
        }
    }
}

async fn create_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    policy: &ManagedPolicy,
    document: &str,
) -> Result<ManagedPolicy, Attempt> {
    let mut batch = Batch::new();
    rows::insert(&mut batch, realm.realm, policy);
    rows::insert_version(
        &mut batch,
        realm.realm,
        policy.number,
        1,
        document,
        policy.created_at,
    );
    match deeds.commit(batch).await {
        Ok(_) => return Ok(policy.clone()),
        Err(StoreError::Duplicate(_)) => {}
        Err(error) => return Err(error.into()),
    }
    match rows::find(deeds.store(), realm.realm, &iam::folded(&policy.name)).await? {
        // Deleted in between: the name is free.
        None => Err(StoreError::Guard(0).into()),
        // This very policy, whose commit was not answered.
        Some(existing) if existing.number == policy.number => Ok(existing),
        Some(existing) => Err(taken(format!(
            "A policy called {} already exists. Duplicate names are not allowed.",
            existing.name
        ))
        .into()),
    }
}
