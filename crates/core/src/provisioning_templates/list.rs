//! Reading and listing provisioning templates.

use thingsmith_model::TemplateName;

use super::{ProvisioningTemplate, not_found, rows};
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// Reads a provisioning template and the body of its default version.
///
/// # Errors
/// `ResourceNotFoundException` when there is none of this name.
pub async fn describe_provisioning_template(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &TemplateName,
) -> Result<(ProvisioningTemplate, String), Fault> {
    rows::find_with_body(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name.as_str()))
}

/// Lists provisioning templates in order of their names.
///
/// # Errors
/// `InvalidRequestException` for a token that is not of this list.
pub async fn list_provisioning_templates(
    deeds: &Deeds,
    realm: &RealmRecord,
    page: &PageRequest,
) -> Result<Page<ProvisioningTemplate>, Fault> {
    const LIST: &str = "ListProvisioningTemplates";
    let after: Option<String> = page.place(deeds, realm.realm, LIST)?;
    let after = after.as_deref().unwrap_or_default();
    let found = rows::page(deeds.store(), realm.realm, after, page.limit_and_one()).await?;
    page.cut(deeds, realm.realm, LIST, found, |last| last.name.to_string())
}

/// The template of this name.
pub(super) async fn find(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &TemplateName,
) -> Result<ProvisioningTemplate, Fault> {
    rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name.as_str()))
}
