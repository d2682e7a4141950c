//! Changing a thing type.

use thingsmith_model::{AttributeName, ThingTypeName};
use thingsmith_ports::Batch;

use super::{PropagatingAttribute, Properties, ThingType, events, not_found, rows};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// What an update gives; what it does not give stays.
#[derive(Debug, Clone, Default)]
pub struct Update {
    /// The description that the type has.
    pub description: Option<String>,
    /// The searchable attributes that the type has.
    pub searchable_attributes: Option<Vec<AttributeName>>,
    /// New propagating attributes, in the place of those that are there.
    pub propagating_attributes: Option<Vec<PropagatingAttribute>>,
}

/// Changes a thing type. Only the propagating attributes can change; the rest may be repeated (guide, "Thing types").
///
/// # Errors
/// `ResourceNotFoundException` when there is no such type, `InvalidRequestException` for properties that no type can have
/// and for a description or searchable attributes other than those that the type has.
pub async fn update_thing_type(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &ThingTypeName,
    update: &Update,
) -> Result<(), Fault> {
    let tries = Tries::default();
    let mut after = None;
    loop {
        let outcome = async {
            let before = rows::find(deeds.store(), realm.realm, name)
                .await?
                .ok_or_else(|| not_found(name))?;
            let asked = update.over(&before.properties);
            asked.check()?;
            check_unchanged(&before, &asked)?;
            after = None;
            if asked == before.properties {
                return Ok(());
            }
            let changed = ThingType {
                properties: asked,
                revision: before.revision + 1,
                ..before
            };
            let mut batch = Batch::new();
            rows::update(&mut batch, realm.realm, &changed)?;
            let change = Change::ThingType(changed.number);
            after = Some(changed);
            deeds.commit_change(batch, realm.realm, change, &tries).await
        };
        let outcome: Result<(), Attempt> = outcome.await;
        if tries.settle_change(deeds.store(), outcome).await?.is_some() {
            if let Some(after) = &after {
                events::tell(deeds, realm, "UPDATED", after).await;
            }
            return Ok(());
        }
    }
}

impl Update {
    /// These properties with what the update gives.
    fn over(&self, before: &Properties) -> Properties {
        let Properties {
            description,
            searchable_attributes,
            propagating_attributes,
        } = before.clone();
        Properties {
            description: self.description.clone().or(description),
            searchable_attributes: self
                .searchable_attributes
                .clone()
                .unwrap_or(searchable_attributes),
            propagating_attributes: self.propagating_attributes.clone().or(propagating_attributes),
        }
    }
}

fn check_unchanged(before: &ThingType, asked: &Properties) -> Result<(), Fault> {
    let member = if asked.description != before.properties.description {
        "thingTypeDescription"
    } else if asked.searchable_attributes != before.properties.searchable_attributes {
        "searchableAttributes"
    } else {
        return Ok(());
    };
    Err(Fault::invalid(format!(
        "thingTypeProperties.{member} of thing type {} cannot be changed.",
        before.name
    )))
}
