//! Which things are in a billing group: each is in one at most.

use thingsmith_model::{Arn, BillingGroupName, Resource, ThingName};
use thingsmith_ports::{Batch, Hold};

use super::{BillingGroup, not_found, rows};
use crate::outbox::Change;
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::things::{self, Thing};
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// A thing or a group as callers name it: by its name, by its ARN, or by both if they agree.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a, N> {
    /// Its name.
    pub name: Option<&'a N>,
    /// Its ARN.
    pub arn: Option<&'a str>,
    /// The members that the two came in, for errors: `billingGroupName` and `billingGroupArn`.
    pub members: (&'static str, &'static str),
}

impl<N: Clone + PartialEq> Named<'_, N> {
    /// The name, by whichever way it was given.
    fn resolve(&self, realm: &RealmRecord, of: impl Fn(Resource) -> Option<N>) -> Result<N, Fault> {
        let (name_member, arn_member) = self.members;
        let Some(text) = self.arn else {
            return self.name.cloned().ok_or_else(|| {
                Fault::invalid(format!("Either {name_member} or {arn_member} must be given."))
            });
        };
        let shown: String = text.chars().take(256).collect();
        let wrong = |_| {
            Fault::invalid(format!(
                "{arn_member} {shown} is not the ARN of what it is to name."
            ))
        };
        let arn: Arn = text.parse().map_err(wrong)?;
        let elsewhere = (&arn.account, &arn.region) != (&realm.account, &realm.region);
        let name = of(arn.resource)
            .ok_or_else(|| Fault::invalid(format!("{arn_member} {shown} names another kind of resource.")))?;
        if elsewhere {
            return Err(Fault::not_found(format!("Resource {shown} not found.")));
        }
        match self.name {
            Some(other) if *other != name => Err(Fault::invalid(format!(
                "{name_member} and {arn_member} name different resources."
            ))),
            _ => Ok(name),
        }
    }
}

/// Puts a thing into a billing group, out of the one that it was in. Doing it twice is harmless.
///
/// # Errors
/// `ResourceNotFoundException` when the thing or the group is not there, `InvalidRequestException` when one of them is not
/// named or in two ways that differ.
pub async fn add_thing_to_billing_group(
    deeds: &Deeds,
    realm: &RealmRecord,
    group: Named<'_, BillingGroupName>,
    thing: Named<'_, ThingName>,
) -> Result<(), Fault> {
    change(deeds, realm, group, thing, |batch, realm, thing, group| {
        things::rows::set_billing_group(batch, realm, thing.number, group.number);
        rows::hold(batch, realm, group.number, Hold::Shared);
    })
    .await
}

/// Takes a thing out of a billing group; harmless when it is not in it.
///
/// # Errors
/// As [`add_thing_to_billing_group`].
pub async fn remove_thing_from_billing_group(
    deeds: &Deeds,
    realm: &RealmRecord,
    group: Named<'_, BillingGroupName>,
    thing: Named<'_, ThingName>,
) -> Result<(), Fault> {
    change(deeds, realm, group, thing, |batch, realm, thing, group| {
        things::rows::leave_billing_group(batch, realm, thing.number, group.number);
    })
    .await
}

async fn change(
    deeds: &Deeds,
    realm: &RealmRecord,
    group: Named<'_, BillingGroupName>,
    thing: Named<'_, ThingName>,
    steps: impl Fn(&mut Batch, thingsmith_model::Realm, &Thing, &BillingGroup),
) -> Result<(), Fault> {
    let group = group.resolve(realm, |resource| match resource {
        Resource::BillingGroup(name) => Some(name),
        _ => None,
    })?;
    let thing = thing.resolve(realm, |resource| match resource {
        Resource::Thing(name) => Some(name),
        _ => None,
    })?;
    let tries = Tries::default();
    loop {
        let outcome = async {
            let group = rows::find(deeds.store(), realm.realm, &group)
                .await?
                .ok_or_else(|| not_found(&group))?;
            let thing = things::describe_thing(deeds, realm, &thing).await?;
            let mut batch = Batch::new();
            steps(&mut batch, realm.realm, &thing, &group);
            let change = Change::Unseen(thing.number);
            deeds.commit_change(batch, realm.realm, change, &tries).await
        };
        let outcome: Result<(), Attempt> = outcome.await;
        if let Some(done) = tries.settle_change(deeds.store(), outcome).await? {
            return Ok(done);
        }
    }
}

/// Lists the things in a billing group in order of their names.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such group, `InvalidRequestException` for a token that is not of this
/// list.
pub async fn list_things_in_billing_group(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &BillingGroupName,
    page: &PageRequest,
) -> Result<Page<ThingName>, Fault> {
    let group = rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name))?;
    let list = format!("ListThingsInBillingGroup {}", group.number);
    let after: Option<String> = page.place(deeds, realm.realm, &list)?;
    let after = after.as_deref().unwrap_or_default();
    let found = rows::page_of_things(
        deeds.store(),
        realm.realm,
        group.number,
        after,
        page.limit_and_one(),
    );
    page.cut(deeds, realm.realm, &list, found.await?, ThingName::to_string)
}
