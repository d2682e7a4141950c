//! Making a provisioning template.

use thingsmith_model::TemplateName;
use thingsmith_ports::{Batch, StoreError};

use super::{Hook, ProvisioningTemplate, TEMPLATES, TemplateKind, check_hook, checked, rows};
use crate::realms::RealmRecord;
use crate::tags::{self, Tags};
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// What a new provisioning template is to be.
#[derive(Debug, Clone)]
pub struct NewProvisioningTemplate {
    /// Its name.
    pub name: TemplateName,
    /// What it is for.
    pub kind: TemplateKind,
    /// For people.
    pub description: Option<String>,
    /// The body of its first version.
    pub body: String,
    /// Whether devices may be provisioned with it.
    pub enabled: bool,
    /// The role by which its resources are made. Whether the caller may hand it over was decided before.
    pub role_arn: String,
    /// The function that is asked before a device is provisioned.
    pub hook: Option<Hook>,
    /// Its tags.
    pub tags: Tags,
}

/// Makes a provisioning template whose version 1, the default, has this body.
///
/// # Errors
/// `InvalidRequestException` for a body that is no template of the kind, naming the place, and for a hook that cannot be;
/// `ResourceAlreadyExistsException` when the name is taken; `LimitExceededException` for one more than a realm may have.
pub async fn create_provisioning_template(
    deeds: &Deeds,
    realm: &RealmRecord,
    new: NewProvisioningTemplate,
) -> Result<ProvisioningTemplate, Fault> {
    checked("templateBody", &new.body, new.kind)?;
    check_hook(new.kind, new.hook.as_ref())?;
    let now = deeds.clock().now();
    let template = ProvisioningTemplate {
        number: deeds.number().await?,
        name: new.name,
        kind: new.kind,
        description: new.description,
        enabled: new.enabled,
        role_arn: new.role_arn,
        hook: new.hook,
        default_version: 1,
        newest_version: 1,
        created_at: now,
        modified_at: now,
        revision: 1,
    };
    let tries = Tries::default();
    loop {
        let outcome = create_once(deeds, realm, &template, &new.body, &new.tags).await;
        if let Some(done) = tries.settle(outcome).await? {
            return Ok(done);
        }
    }
}

async fn create_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    template: &ProvisioningTemplate,
    body: &str,
    tags: &Tags,
) -> Result<ProvisioningTemplate, Attempt> {
    let mut batch = Batch::new();
    // Always the count before the template, so that two batches never wait for each other.
    rows::count_up(&mut batch, realm.realm, TEMPLATES);
    rows::insert(&mut batch, realm.realm, template);
    let (number, at) = (template.number, template.created_at);
    rows::insert_version(&mut batch, realm.realm, number, 1, body, at);
    tags::rows::insert(&mut batch, realm.realm, number, tags);
    let error = match deeds.commit(batch).await {
        Ok(_) => return Ok(template.clone()),
        Err(error) => error,
    };
    if !matches!(error, StoreError::Duplicate(_) | StoreError::Guard(_)) {
        return Err(error.into());
    }
    match rows::find(deeds.store(), realm.realm, &template.name).await? {
        // This very one, whose commit was not answered.
        Some(existing) if existing.number == template.number => return Ok(existing),
        Some(existing) => {
            return Err(Fault::new(
                Code::ResourceAlreadyExists,
                format!("Provisioning template {} already exists.", existing.name),
            )
            .with("resourceId", &existing.name)
            .with("resourceArn", existing.arn(realm))
            .into());
        }
        None => {}
    }
    let count = rows::count(deeds.store(), realm.realm).await?;
    if count >= TEMPLATES {
        return Err(Fault::new(
            Code::LimitExceeded,
            format!(
                "The account has {count} provisioning templates in this region, the most that it may have."
            ),
        )
        .into());
    }
    // Deleted in between.
    Err(error.into())
}
