//! Making a policy.

use thingsmith_model::PolicyName;
use thingsmith_policy::{Document, Language};
use thingsmith_ports::{Batch, StoreError};

use super::{Policy, rows};
use crate::fault::sentence;
use crate::realms::RealmRecord;
use crate::tags::{self, Tags};
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// Makes a policy whose version 1, the default, has this document.
///
/// # Errors
/// `MalformedPolicyException` when the document is none, `ResourceAlreadyExistsException` when the name is taken.
pub async fn create_policy(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: PolicyName,
    document: &str,
) -> Result<Policy, Fault> {
    create_tagged_policy(deeds, realm, name, document, &Tags::new()).await
}

/// As [`create_policy`], with tags.
///
/// # Errors
/// As [`create_policy`].
pub async fn create_tagged_policy(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: PolicyName,
    document: &str,
    tags: &Tags,
) -> Result<Policy, Fault> {
    parse(document)?;
    let now = deeds.clock().now();
    let policy = Policy {
        number: deeds.number().await?,
        name,
        default_version: 1,
        newest_version: 1,
        created_at: now,
        modified_at: now,
        generation_id: deeds.uuid(),
    };
    let tries = Tries::default();
    loop {
        let outcome = create_once(deeds, realm, &policy, document, tags).await;
        if let Some(done) = tries.settle(outcome).await? {
            return Ok(done);
        }
    }
}

/// Checks the document of a new version.
pub(crate) fn parse(document: &str) -> Result<Document, Fault> {
    Document::parse(document, Language::Iot).map_err(|wrong| {
        Fault::new(
            Code::MalformedPolicy,
            format!("policyDocument: {}", sentence(&wrong)),
        )
    })
}

async fn create_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    policy: &Policy,
    document: &str,
    tags: &Tags,
) -> Result<Policy, Attempt> {
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
    tags::rows::insert(&mut batch, realm.realm, policy.number, tags);
    match deeds.commit(batch).await {
        Ok(_) => return Ok(policy.clone()),
        Err(StoreError::Duplicate(_)) => {}
        Err(error) => return Err(error.into()),
    }
    match rows::find(deeds.store(), realm.realm, &policy.name).await? {
        // Deleted in between: the name is free.
        None => Err(StoreError::Guard(0).into()),
        // This very policy, whose commit was not answered.
        Some(existing) if existing.number == policy.number => Ok(existing),
        Some(existing) => Err(Fault::new(
            Code::ResourceAlreadyExists,
            format!(
                "Policy cannot be created - name already exists (name={})",
                policy.name
            ),
        )
        .with("resourceId", &existing.name)
        .with("resourceArn", existing.arn(realm))
        .into()),
    }
}
