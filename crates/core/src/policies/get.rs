//! Reading a policy.

use thingsmith_model::PolicyName;

use super::{Policy, not_found, rows};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// Reads a policy and the document of its default version, byte for byte as it was given.
///
/// # Errors
/// `ResourceNotFoundException` when there is none of this name.
pub async fn get_policy(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &PolicyName,
) -> Result<(Policy, String), Fault> {
    let policy = rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name))?;
    let document = rows::document(deeds.store(), realm.realm, policy.number, policy.default_version).await?;
    // Deleted between the two reads.
    document
        .map(|document| (policy, document))
        .ok_or_else(|| not_found(name))
}
