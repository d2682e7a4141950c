//! Operations on things and on what belongs to them.

mod attach_thing_principal;
mod create_thing;
mod delete_thing;
mod describe_thing;
mod detach_thing_principal;
mod list_thing_principals;
mod list_things;
mod update_thing;

use serde::Deserialize;
use thingsmith_core::things::Attributes;

pub use attach_thing_principal::AttachThingPrincipal;
pub use create_thing::CreateThing;
pub use delete_thing::DeleteThing;
pub use describe_thing::DescribeThing;
pub use detach_thing_principal::DetachThingPrincipal;
pub use list_thing_principals::ListThingPrincipals;
pub use list_things::ListThings;
pub use update_thing::UpdateThing;

/// AWS's `AttributePayload`.
#[derive(Deserialize, Default)]
pub struct AttributePayload {
    pub(super) attributes: Option<Attributes>,
    pub(super) merge: Option<bool>,
}
