//! Changing and deleting a domain configuration.

use std::time::Duration;

use thingsmith_ports::Batch;

use super::{DATA_ATS, DomainConfiguration, OF_AWS, Requested, Settings, not_found, rows};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tags;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// How long a name that was made by this server must have been disabled before it goes (guide, "Managing domain
/// configurations").
const WAIT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What of a domain configuration changes; what is not given stays.
#[derive(Debug, Clone, Default)]
pub struct DomainConfigurationUpdate {
    /// Settings.
    pub requested: Requested,
    /// Whether devices may come.
    pub enabled: Option<bool>,
    /// Whether the authorizer's configuration goes.
    pub remove_authorizer: bool,
}

/// Changes a domain configuration. Gateways hear of it within a second.
///
/// # Errors
/// `ResourceNotFoundException`, `InvalidRequestException` for what does not go together or cannot be changed,
/// `NotImplementedException` for what the gateway cannot do.
pub async fn update_domain_configuration(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &str,
    update: &DomainConfigurationUpdate,
) -> Result<(), Fault> {
    if update.remove_authorizer && update.requested.authorizer.is_some() {
        return Err(Fault::invalid(
            "removeAuthorizerConfig and authorizerConfig exclude each other.",
        ));
    }
    let number = match OF_AWS.iter().any(|(own, _)| *own == name) {
        true => {
            check_of_aws(name, update)?;
            Some(deeds.number().await?)
        }
        false => None,
    };
    let tries = Tries::default();
    tries
        .change(deeds.store(), || {
            update_once(deeds, realm, (name, number), update, &tries)
        })
        .await
}

/// Of AWS's own configurations only the TLS of the default endpoint changes.
fn check_of_aws(name: &str, update: &DomainConfigurationUpdate) -> Result<(), Fault> {
    if name != DATA_ATS {
        return Err(Fault::invalid(format!(
            "Domain configuration {name} cannot be changed."
        )));
    }
    if update.enabled.is_some() || update.remove_authorizer || !update.requested.is_about_tls_alone() {
        return Err(Fault::invalid(format!(
            "Only tlsConfig of the domain configuration {name} can be changed."
        )));
    }
    Ok(())
}

async fn update_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    (name, number): (&str, Option<i64>),
    update: &DomainConfigurationUpdate,
    tries: &Tries,
) -> Result<(), Attempt> {
    let found = rows::find(deeds.store(), realm.realm, name).await?;
    let is_there = found.is_some();
    let mut after = match (found, number) {
        (Some(found), _) => found,
        // The default endpoint's, of which nothing was said before. Its domain is no name that a hello can have.
        (None, Some(number)) => DomainConfiguration {
            number,
            name: name.to_owned(),
            domain: format!("{name} {}", realm.realm.0),
            settings: Settings::default(),
            enabled: true,
            changed_at: deeds.clock().now(),
            revision: 0,
        },
        (None, None) => return Err(not_found(name).into()),
    };
    update.requested.apply(&mut after.settings)?;
    if update.remove_authorizer {
        after.settings.authorizer_override = None;
    }
    if let Some(enabled) = update.enabled.filter(|enabled| *enabled != after.enabled) {
        after.enabled = enabled;
        after.changed_at = deeds.clock().now();
    }
    after.revision += 1;
    let mut batch = Batch::new();
    if is_there {
        rows::update(&mut batch, realm.realm, &after)?;
    } else {
        rows::insert(&mut batch, realm.realm, &after, (DATA_ATS, i64::MAX))?;
    }
    deeds
        .commit_change(batch, realm.realm, Change::Unseen(after.number), tries)
        .await
}

/// Deletes a domain configuration that is disabled; one whose name was made by this server must have been so for a week.
///
/// # Errors
/// `ResourceNotFoundException`, `InvalidRequestException` while it must stay.
pub async fn delete_domain_configuration(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &str,
) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || delete_once(deeds, realm, name, &tries))
        .await
}

async fn delete_once(deeds: &Deeds, realm: &RealmRecord, name: &str, tries: &Tries) -> Result<(), Attempt> {
    let found = rows::find(deeds.store(), realm.realm, name).await?;
    let found = found.ok_or_else(|| not_found(name))?;
    if found.enabled {
        return Err(Fault::invalid(format!(
            "Domain configuration {name} is ENABLED; only one that is DISABLED can be deleted."
        ))
        .into());
    }
    let may_go = found.changed_at.plus(WAIT);
    if found.settings.customer_domain.is_none() && deeds.clock().now() < may_go {
        return Err(Fault::invalid(format!(
            "Domain configuration {name} is managed by AWS; it can be deleted when it has been DISABLED for 7 days."
        ))
        .into());
    }
    let mut batch = Batch::new();
    rows::delete(&mut batch, realm.realm, found.number, found.revision);
    tags::rows::delete_all(&mut batch, realm.realm, found.number);
    deeds
        .commit_change(batch, realm.realm, Change::Unseen(found.number), tries)
        .await
}
