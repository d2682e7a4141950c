//! A single thing, by a template that comes with the request.

use std::collections::BTreeMap;

use thingsmith_template::{Template, Use, Values};

use super::{Bearer, Registered, register_thing};
use crate::acting::Acting;
use crate::fault::sentence;
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// Registers a thing by the template `body` and the values of its parameters. `actor` must be permitted each change that is
/// made.
///
/// # Errors
/// `InvalidRequestException` for a body that is no template or lacks a parameter's value, naming the place, and as
/// [`register_thing`].
pub async fn register_single_thing(
    deeds: &Deeds,
    realm: &RealmRecord,
    actor: &dyn Acting,
    body: &str,
    parameters: BTreeMap<String, String>,
) -> Result<Registered, Fault> {
    let wrong = |wrong| Fault::invalid(format!("templateBody: {}", sentence(&wrong)));
    let template = Template::parse(body).map_err(wrong)?;
    template.check_for(Use::Given).map_err(wrong)?;
    let plan = template.resolve(&Values::new(parameters)).map_err(wrong)?;
    register_thing(deeds, realm, actor, &plan, Bearer::Planned).await
}
