//! Operations on things and on what belongs to them.

mod attach_thing_principal;
mod create_thing;
mod delete_thing;
mod describe_thing;
mod detach_thing_principal;
mod list_principal_things;
mod list_principal_things_v2;
mod list_thing_principals;
mod list_thing_principals_v2;
mod list_things;
mod update_thing;

use serde::{Deserialize, Serialize};
use thingsmith_core::things::{Attributes, PrincipalType};

pub use attach_thing_principal::AttachThingPrincipal;
pub use create_thing::CreateThing;
pub use delete_thing::DeleteThing;
pub use describe_thing::DescribeThing;
pub use detach_thing_principal::DetachThingPrincipal;
pub use list_principal_things::ListPrincipalThings;
pub use list_principal_things_v2::ListPrincipalThingsV2;
pub use list_thing_principals::ListThingPrincipals;
pub use list_thing_principals_v2::ListThingPrincipalsV2;
pub use list_things::ListThings;
pub use update_thing::UpdateThing;

/// AWS's `AttributePayload`.
#[derive(Deserialize, Default)]
pub struct AttributePayload {
    pub(super) attributes: Option<Attributes>,
    pub(super) merge: Option<bool>,
}

/// AWS's `ThingPrincipalType`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum ThingPrincipalType {
    ExclusiveThing,
    NonExclusiveThing,
}

impl From<ThingPrincipalType> for PrincipalType {
    fn from(named: ThingPrincipalType) -> Self {
        match named {
            ThingPrincipalType::ExclusiveThing => Self::Exclusive,
            ThingPrincipalType::NonExclusiveThing => Self::NonExclusive,
        }
    }
}

impl From<PrincipalType> for ThingPrincipalType {
    fn from(known: PrincipalType) -> Self {
        match known {
            PrincipalType::Exclusive => Self::ExclusiveThing,
            PrincipalType::NonExclusive => Self::NonExclusiveThing,
        }
    }
}
