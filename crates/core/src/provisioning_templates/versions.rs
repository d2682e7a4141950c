//! The versions of a provisioning template.

use thingsmith_model::{TemplateName, Timestamp};
use thingsmith_ports::{Batch, Hold};

use super::{ProvisioningTemplate, VERSIONS, checked, list, rows};
use crate::outbox::Change;
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// A version of a template without its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemplateVersion {
    /// Its number, which no other version of the template ever has.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Adds a version to a template, as its default if asked to, and returns the version's number.
///
/// # Errors
/// `InvalidRequestException` for a body that is no template of the template's type, naming the place;
/// `ResourceNotFoundException` when there is no such template, `VersionsLimitExceededException` when it has as many versions
/// as it may have.
pub async fn create_provisioning_template_version(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &TemplateName,
    body: &str,
    set_as_default: bool,
) -> Result<i64, Fault> {
    let kind = list::find(deeds, realm, name).await?.kind;
    checked("templateBody", body, kind)?;
    let tries = Tries::default();
    let mut sent = 0;
    loop {
        let outcome = create_once(deeds, realm, name, body, set_as_default, &mut sent, &tries).await;
        if let Some(()) = tries.settle_change(deeds.store(), outcome).await? {
            // After Unknown each try is settled before the next, so that the last one sent is the one that happened.
            return Ok(sent);
        }
    }
}

async fn create_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &TemplateName,
    body: &str,
    set_as_default: bool,
    sent: &mut i64,
    tries: &Tries,
) -> Result<(), Attempt> {
    let before = list::find(deeds, realm, name).await?;
    // By now it may be another template of the name.
    checked("templateBody", body, before.kind)?;
    let count = rows::count_versions(deeds.store(), realm.realm, before.number).await?;
    if count >= VERSIONS {
        return Err(Fault::new(
            Code::VersionsLimitExceeded,
            format!("Provisioning template {name} has {count} versions, the most that it may have."),
        )
        .into());
    }
    let now = deeds.clock().now();
    let version = before.newest_version + 1;
    let after = ProvisioningTemplate {
        newest_version: version,
        default_version: if set_as_default {
            version
        } else {
            before.default_version
        },
        modified_at: now,
        revision: before.revision + 1,
        ..before
    };
    let mut batch = Batch::new();
    // Exclusive, since its versions are counted.
    rows::hold(&mut batch, realm.realm, after.number, Hold::Exclusive);
    rows::add_version(
        &mut batch,
        realm.realm,
        after.number,
        version,
        body,
        now,
        VERSIONS,
    );
    rows::update(&mut batch, realm.realm, &after);
    *sent = version;
    deeds
        .commit_change(batch, realm.realm, Change::Unseen(after.number), tries)
        .await
}

/// Reads a version of a template and its body; also whether it is the default one.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such template or version.
pub async fn describe_provisioning_template_version(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &TemplateName,
    version: i64,
) -> Result<(ProvisioningTemplate, TemplateVersion, String), Fault> {
    let template = list::find(deeds, realm, name).await?;
    let (found, body) = find(deeds, realm, &template, version).await?;
    Ok((template, found, body))
}

/// Lists the versions of a template, oldest first.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such template, `InvalidRequestException` for a token that is not of this
/// list.
pub async fn list_provisioning_template_versions(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &TemplateName,
    page: &PageRequest,
) -> Result<(ProvisioningTemplate, Page<TemplateVersion>), Fault> {
    let template = list::find(deeds, realm, name).await?;
    let list = format!("ListProvisioningTemplateVersions {}", template.number);
    let after: Option<i64> = page.place(deeds, realm.realm, &list)?;
    let found = rows::page_of_versions(
        deeds.store(),
        realm.realm,
        template.number,
        after.unwrap_or(0),
        page.limit_and_one(),
    );
    let page = page.cut(deeds, realm.realm, &list, found.await?, |last| last.version)?;
    Ok((template, page))
}

/// Deletes a version that is not the default one.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such template or version, `DeleteConflictException` for the default version.
pub async fn delete_provisioning_template_version(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &TemplateName,
    version: i64,
) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || delete_once(deeds, realm, name, version, &tries))
        .await
}

async fn delete_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &TemplateName,
    version: i64,
    tries: &Tries,
) -> Result<(), Attempt> {
    let template = list::find(deeds, realm, name).await?;
    find(deeds, realm, &template, version).await?;
    if version == template.default_version {
        return Err(Fault::new(
            Code::DeleteConflict,
            format!("Version {version} of provisioning template {name} is its default version."),
        )
        .into());
    }
    let mut batch = Batch::new();
    rows::hold(&mut batch, realm.realm, template.number, Hold::Exclusive);
    rows::delete_version(&mut batch, realm.realm, template.number, version);
    deeds
        .commit_change(batch, realm.realm, Change::Unseen(template.number), tries)
        .await
}

/// A version that is there, with its body.
pub(super) async fn find(
    deeds: &Deeds,
    realm: &RealmRecord,
    template: &ProvisioningTemplate,
    version: i64,
) -> Result<(TemplateVersion, String), Fault> {
    rows::version(deeds.store(), realm.realm, template.number, version)
        .await?
        .ok_or_else(|| {
            Fault::not_found(format!(
                "Version {version} of provisioning template {} not found.",
                template.name
            ))
        })
}
