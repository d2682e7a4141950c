//! Changing a provisioning template.

use thingsmith_model::TemplateName;
use thingsmith_ports::{Batch, Hold};

use super::{Hook, ProvisioningTemplate, check_hook, not_found, rows, versions};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// What is to change of a provisioning template; what is not given stays.
#[derive(Debug, Clone, Default)]
pub struct ProvisioningTemplateUpdate {
    /// For people.
    pub description: Option<String>,
    /// Whether devices may be provisioned with it.
    pub enabled: Option<bool>,
    /// The version that counts.
    pub default_version: Option<i64>,
    /// The role by which its resources are made. Whether the caller may hand it over was decided before.
    pub role_arn: Option<String>,
    /// The function that is asked before a device is provisioned.
    pub hook: Option<Hook>,
    /// Whether no function is asked any more.
    pub remove_hook: bool,
}

/// Changes a provisioning template. What changes nothing is harmless.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such template or version, `InvalidRequestException` for a hook that cannot
/// be, and for one that is given and removed at once.
pub async fn update_provisioning_template(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &TemplateName,
    update: &ProvisioningTemplateUpdate,
) -> Result<(), Fault> {
    if update.remove_hook && update.hook.is_some() {
        return Err(Fault::invalid(
            "preProvisioningHook and removePreProvisioningHook cannot be given together.",
        ));
    }
    let tries = Tries::default();
    tries
        .change(deeds.store(), || update_once(deeds, realm, name, update, &tries))
        .await
}

async fn update_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &TemplateName,
    update: &ProvisioningTemplateUpdate,
    tries: &Tries,
) -> Result<(), Attempt> {
    let before = rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name.as_str()))?;
    check_hook(before.kind, update.hook.as_ref())?;
    let mut after = apply(&before, update);
    if after == before {
        return Ok(());
    }
    if after.default_version != before.default_version {
        versions::find(deeds, realm, &before, after.default_version).await?;
    }
    after.modified_at = deeds.clock().now();
    after.revision += 1;
    let mut batch = Batch::new();
    // Exclusive, so that the default version stays.
    rows::hold(&mut batch, realm.realm, after.number, Hold::Exclusive);
    rows::update(&mut batch, realm.realm, &after);
    // Whoever provisions reads the template; nobody keeps it.
    deeds
        .commit_change(batch, realm.realm, Change::Unseen(after.number), tries)
        .await
}

fn apply(before: &ProvisioningTemplate, update: &ProvisioningTemplateUpdate) -> ProvisioningTemplate {
    let mut after = before.clone();
    if let Some(description) = &update.description {
        after.description = Some(description.clone());
    }
    if let Some(enabled) = update.enabled {
        after.enabled = enabled;
    }
    if let Some(version) = update.default_version {
        after.default_version = version;
    }
    if let Some(role_arn) = &update.role_arn {
        after.role_arn.clone_from(role_arn);
    }
    if update.hook.is_some() {
        after.hook.clone_from(&update.hook);
    }
    if update.remove_hook {
        after.hook = None;
    }
    after
}
