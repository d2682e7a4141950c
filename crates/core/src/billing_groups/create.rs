//! Making a billing group.

use thingsmith_model::BillingGroupName;
use thingsmith_ports::{Batch, StoreError};

use super::{BillingGroup, rows};
use crate::realms::RealmRecord;
use crate::tags::{self, Tags};
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// What a new billing group is to be.
#[derive(Debug, Clone)]
pub struct NewBillingGroup {
    /// Its name.
    pub name: BillingGroupName,
    /// For people.
    pub description: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// Makes a billing group. Asking twice for the same gives back the same group.
///
/// # Errors
/// `ResourceAlreadyExistsException` when the name is taken with other settings.
pub async fn create_billing_group(
    deeds: &Deeds,
    realm: &RealmRecord,
    new: NewBillingGroup,
) -> Result<BillingGroup, Fault> {
    let group = BillingGroup {
        number: deeds.number().await?,
        name: new.name,
        billing_group_id: deeds.uuid(),
        description: new.description,
        version: 1,
        created_at: deeds.clock().now(),
    };
    let tries = Tries::default();
    loop {
        let outcome = create_once(deeds, realm, &group, &new.tags).await;
        if let Some(done) = tries.settle(outcome).await? {
            return Ok(done);
        }
    }
}

async fn create_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    group: &BillingGroup,
    tags: &Tags,
) -> Result<BillingGroup, Attempt> {
    let mut batch = Batch::new();
    rows::insert(&mut batch, realm.realm, group);
    tags::rows::insert(&mut batch, realm.realm, group.number, tags);
    match deeds.commit(batch).await {
        Ok(_) => return Ok(group.clone()),
        Err(StoreError::Duplicate(_)) => {}
        Err(error) => return Err(error.into()),
    }
    // A group that was deleted in between leaves its name free.
    let Some(existing) = rows::find(deeds.store(), realm.realm, &group.name).await? else {
        return Err(StoreError::Guard(0).into());
    };
    // This very one, whose commit was not answered, or the same once more.
    if existing.number == group.number
        || (existing.description == group.description
            && tags::same(deeds, realm, existing.number, tags).await?)
    {
        return Ok(existing);
    }
    Err(Fault::new(
        Code::ResourceAlreadyExists,
        format!(
            "Billing group {} already exists in the account with different settings.",
            group.name
        ),
    )
    .with("resourceId", &existing.name)
    .with("resourceArn", existing.arn(realm))
    .into())
}
