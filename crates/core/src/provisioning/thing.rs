//! The thing of a plan: made, or overridden as its `OverrideSettings` say.

use std::collections::BTreeMap;

use thingsmith_model::{BillingGroupName, Resource, ThingGroupName, ThingName, ThingTypeName};
use thingsmith_ports::{Batch, Hold, StoreError};
use thingsmith_template::{OnExisting, PlannedThing, ThingOverrides};

use super::place::conflict;
use crate::acting::Acting;
use crate::realms::RealmRecord;
use crate::thing_groups::{self, GROUPS_PER_THING, NamedGroup, ThingGroup};
use crate::things::{self, Attributes, Link, Thing, rows};
use crate::tries::Attempt;
use crate::{Deeds, Fault, billing_groups, thing_types};

/// What the plan says of the thing, in names that have been checked.
pub(super) struct Wanted {
    name: ThingName,
    attributes: Option<Attributes>,
    thing_type: Option<ThingTypeName>,
    groups: Option<Vec<ThingGroupName>>,
    billing_group: Option<BillingGroupName>,
    overrides: ThingOverrides,
}

impl Wanted {
    /// Reads a plan's thing.
    pub(super) fn read(planned: &PlannedThing) -> Result<Self, Fault> {
        let attributes = planned.attributes.as_ref().map(|attributes| {
            let read = |(name, value): &(String, String)| Ok((name.parse()?, value.parse()?));
            attributes.iter().map(read).collect::<Result<Attributes, Fault>>()
        });
        let groups = planned.groups.as_ref().map(|groups| {
            let read = |name: &String| Ok(name.parse()?);
            groups.iter().map(read).collect::<Result<Vec<_>, Fault>>()
        });
        Ok(Self {
            name: planned.name.parse()?,
            attributes: attributes.transpose()?,
            thing_type: planned.thing_type.as_deref().map(str::parse).transpose()?,
            groups: groups.transpose()?,
            billing_group: planned.billing_group.as_deref().map(str::parse).transpose()?,
            overrides: planned.overrides,
        })
    }
}

/// What the batch does to the thing.
pub(super) struct Record {
    /// As it was, if it was there.
    pub(super) before: Option<Thing>,
    /// As it will be.
    pub(super) after: Thing,
    /// The groups that it joins, by number.
    pub(super) joins: Vec<ThingGroup>,
    /// The groups that it leaves.
    pub(super) leaves: Vec<NamedGroup>,
}

impl Record {
    /// Looks at what is registered and decides.
    pub(super) async fn look(
        deeds: &Deeds,
        realm: &RealmRecord,
        actor: &dyn Acting,
        wanted: &Wanted,
    ) -> Result<Self, Attempt> {
        let record = match rows::find(deeds.store(), realm.realm, &wanted.name).await? {
            None => Self::make(deeds, realm, actor, wanted).await?,
            Some(before) => Self::overrule(deeds, realm, actor, wanted, before).await?,
        };
        let thing = record.arn(realm);
        for group in &record.joins {
            actor.may("iot:AddThingToThingGroup", &thing)?;
            actor.may("iot:AddThingToThingGroup", &group.arn(realm))?;
        }
        for group in &record.leaves {
            actor.may("iot:RemoveThingFromThingGroup", &thing)?;
            actor.may(
                "iot:RemoveThingFromThingGroup",
                &thing_groups::arn(realm, &group.name),
            )?;
        }
        Ok(record)
    }

    async fn make(
        deeds: &Deeds,
        realm: &RealmRecord,
        actor: &dyn Acting,
        wanted: &Wanted,
    ) -> Result<Self, Attempt> {
        let arn = realm.arn(Resource::Thing(wanted.name.clone())).to_string();
        actor.may("iot:CreateThing", &arn)?;
        let thing_type = match &wanted.thing_type {
            Some(name) => Some(things::find_type(deeds, realm, name).await?),
            None => None,
        };
        let billing_group = match &wanted.billing_group {
            Some(name) => {
                let group = billing_groups::describe_billing_group(deeds, realm, name).await?;
                actor.may("iot:AddThingToBillingGroup", &arn)?;
                actor.may("iot:AddThingToBillingGroup", &group.arn(realm))?;
                Some(Link {
                    number: group.number,
                    name: group.name,
                })
            }
            None => None,
        };
        let after = Thing {
            number: deeds.number().await?,
            name: wanted.name.clone(),
            thing_id: deeds.uuid(),
            version: 1,
            attributes: things::settled(
                wanted.attributes.clone().unwrap_or_default(),
                thing_type.is_some(),
            )?,
            thing_type,
            billing_group,
        };
        let joins = groups(deeds, realm, wanted.groups.as_deref().unwrap_or_default()).await?;
        thing_groups::check_memberships(&after, &[], &joins.iter().collect::<Vec<_>>())?;
        Ok(Self {
            before: None,
            after,
            joins,
            leaves: Vec::new(),
        })
    }

    async fn overrule(
        deeds: &Deeds,
        realm: &RealmRecord,
        actor: &dyn Acting,
        wanted: &Wanted,
        before: Thing,
    ) -> Result<Self, Attempt> {
        let overrides = wanted.overrides;
        for (setting, part) in [
            (overrides.attributes, "AttributePayload"),
            (overrides.thing_type, "ThingTypeName"),
            (overrides.groups, "ThingGroups"),
        ] {
            if setting == OnExisting::Fail {
                return Err(conflict(format!(
                    "Thing {} already exists and OverrideSettings.{part} is FAIL.",
                    before.name
                ))
                .into());
            }
        }
        let thing_type = match (&wanted.thing_type, overrides.thing_type) {
            (Some(name), OnExisting::Replace) if before.thing_type_name() != Some(name) => {
                Some(things::find_type(deeds, realm, name).await?)
            }
            _ => before.thing_type.clone(),
        };
        let attributes = match (&wanted.attributes, overrides.attributes) {
            (Some(new), OnExisting::Replace) => new.clone(),
            (Some(new), OnExisting::Merge) => {
                before.attributes.clone().into_iter().chain(new.clone()).collect()
            }
            _ => before.attributes.clone(),
        };
        let mut after = Thing {
            attributes: things::settled(attributes, thing_type.is_some())?,
            thing_type,
            ..before.clone()
        };
        if after != before {
            actor.may(
                "iot:UpdateThing",
                &realm.arn(Resource::Thing(before.name.clone())).to_string(),
            )?;
            after.version += 1;
        }
        let (joins, leaves) = match (&wanted.groups, overrides.groups) {
            (Some(names), OnExisting::Replace | OnExisting::Merge) => {
                let whole = overrides.groups == OnExisting::Replace;
                memberships(deeds, realm, &after, names, whole).await?
            }
            _ => Default::default(),
        };
        Ok(Self {
            before: Some(before),
            after,
            joins,
            leaves,
        })
    }

    /// Whether a thing that was there becomes another.
    pub(super) fn is_changed(&self) -> bool {
        self.is_updated() || self.before.is_some() && !(self.joins.is_empty() && self.leaves.is_empty())
    }

    fn is_updated(&self) -> bool {
        self.before.as_ref().is_some_and(|before| *before != self.after)
    }

    /// Its ARN.
    pub(super) fn arn(&self, realm: &RealmRecord) -> String {
        realm.arn(Resource::Thing(self.after.name.clone())).to_string()
    }

    /// The steps that make or change the thing, in their place after the certificate's. `attached` says that something
    /// is hung on it.
    pub(super) fn write(
        &self,
        batch: &mut Batch,
        realm: &RealmRecord,
        attached: bool,
    ) -> Result<(), StoreError> {
        match &self.before {
            None => rows::insert(batch, realm.realm, &self.after)?,
            Some(before) => {
                // Exclusive where the thing's groups are counted.
                if !self.joins.is_empty() || !self.leaves.is_empty() {
                    rows::hold(batch, realm.realm, before.number, Hold::Exclusive);
                } else if attached {
                    rows::hold(batch, realm.realm, before.number, Hold::Shared);
                }
                if self.is_updated() {
                    rows::update(batch, realm.realm, before, &self.after)?;
                }
            }
        }
        Ok(())
    }

    /// The steps for what the thing belongs to, in their place after the thing's.
    pub(super) fn write_belongings(&self, batch: &mut Batch, realm: &RealmRecord) {
        let (before, after) = (self.before.as_ref(), &self.after);
        if let Some(link) = &after.thing_type
            && before.is_none_or(|before| before.thing_type.as_ref() != Some(link))
        {
            thing_types::rows::hold_current(batch, realm.realm, link.number);
        }
        if let (None, Some(link)) = (before, &after.billing_group) {
            billing_groups::rows::hold(batch, realm.realm, link.number, Hold::Shared);
        }
        for group in &self.joins {
            thing_groups::rows::hold(batch, realm.realm, group.number, Hold::Shared);
        }
        for group in &self.leaves {
            thing_groups::rows::leave(batch, realm.realm, after.number, group.number);
        }
        for group in &self.joins {
            thing_groups::rows::join(batch, realm.realm, after.number, group, GROUPS_PER_THING);
        }
    }

    /// Tells of what was done, once it is durable.
    pub(super) async fn tell(&self, deeds: &Deeds, realm: &RealmRecord) {
        match &self.before {
            None => {
                things::events::tell(deeds, realm, "CREATED", &self.after).await;
                things::events::tell_association(deeds, realm, "ADDED", &self.after).await;
            }
            Some(before) if self.is_updated() => {
                things::events::tell(deeds, realm, "UPDATED", &self.after).await;
                if before.thing_type != self.after.thing_type {
                    things::events::tell_association(deeds, realm, "REMOVED", before).await;
                    things::events::tell_association(deeds, realm, "ADDED", &self.after).await;
                }
            }
            Some(_) => {}
        }
        for group in &self.leaves {
            thing_groups::events::membership(deeds, realm, false, group, &self.after).await;
        }
        for group in &self.joins {
            thing_groups::events::membership(deeds, realm, true, &group.named(), &self.after).await;
        }
    }
}

/// The groups that a thing which is there joins and leaves. `whole` says that it is to be in no others.
async fn memberships(
    deeds: &Deeds,
    realm: &RealmRecord,
    thing: &Thing,
    names: &[ThingGroupName],
    whole: bool,
) -> Result<(Vec<ThingGroup>, Vec<NamedGroup>), Attempt> {
    let mut joins = groups(deeds, realm, names).await?;
    let memberships = thing_groups::rows::memberships(deeds.store(), realm.realm, thing.number).await?;
    let (leaves, stays): (Vec<_>, Vec<_>) = memberships
        .into_iter()
        .partition(|membership| whole && joins.iter().all(|group| group.number != membership.group.number));
    joins.retain(|group| {
        stays
            .iter()
            .all(|membership| membership.group.number != group.number)
    });
    thing_groups::check_memberships(thing, &stays, &joins.iter().collect::<Vec<_>>())?;
    Ok((
        joins,
        leaves.into_iter().map(|membership| membership.group).collect(),
    ))
}

/// The groups of these names, each once, by number.
async fn groups(
    deeds: &Deeds,
    realm: &RealmRecord,
    names: &[ThingGroupName],
) -> Result<Vec<ThingGroup>, Attempt> {
    if let Some(count) = i64::try_from(names.len())
        .ok()
        .filter(|count| *count > GROUPS_PER_THING)
    {
        return Err(Fault::invalid(format!(
            "ThingGroups has {count} names; a thing can be in {GROUPS_PER_THING} groups."
        ))
        .into());
    }
    let mut groups = BTreeMap::new();
    for name in names {
        let group = thing_groups::rows::find(deeds.store(), realm.realm, name)
            .await?
            .ok_or_else(|| thing_groups::not_found(name))?;
        groups.insert(group.number, group);
    }
    Ok(groups.into_values().collect())
}
