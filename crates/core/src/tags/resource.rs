//! Finding the resource that an ARN names.

use thingsmith_model::{Arn, Realm, Resource};
use thingsmith_ports::{Batch, Hold};

use crate::realms::RealmRecord;
use crate::{
    Deeds, Fault, billing_groups, ca_certificates, certificate_providers, domain_configurations, policies,
    provisioning_templates, role_aliases, thing_groups, thing_types, topic_rules,
};

/// A resource that takes tags.
pub(super) struct Taggable {
    /// What its tags hang on.
    pub(super) number: i64,
    /// Adds the hold of its row to a batch.
    pub(super) hold: fn(&mut Batch, Realm, i64, Hold),
}

/// The taggable resource of this realm that an ARN names.
///
/// # Errors
/// `ResourceNotFoundException` when it is not there, `InvalidRequestException` for what takes no tags: things and client
/// certificates among others (guide, "Using tags with billing groups").
pub(super) async fn find(deeds: &Deeds, realm: &RealmRecord, arn: &Arn) -> Result<Taggable, Fault> {
    let absent = || Fault::not_found(format!("Resource {arn} not found."));
    let elsewhere = (&arn.account, &arn.region) != (&realm.account, &realm.region);
    let (number, hold): (_, fn(&mut Batch, Realm, i64, Hold)) = match &arn.resource {
        Resource::Thing(_) | Resource::Certificate(_) => {
            return Err(Fault::invalid(format!(
                "resourceArn {arn} names a kind of resource that takes no tags."
            )));
        }
        // A resource of another account or region is none of this realm's, whether it is there or not.
        _ if elsewhere => return Err(absent()),
        Resource::Policy(name) => {
            let found = policies::rows::find(deeds.store(), realm.realm, name).await?;
            (found.map(|it| it.number), policies::rows::hold)
        }
        Resource::ThingGroup(name) => {
            let found = thing_groups::rows::find(deeds.store(), realm.realm, name).await?;
            (found.map(|it| it.number), thing_groups::rows::hold)
        }
        Resource::ThingType(name) => {
            let found = thing_types::rows::find(deeds.store(), realm.realm, name).await?;
            (found.map(|it| it.number), thing_types::rows::hold)
        }
        Resource::BillingGroup(name) => {
            let found = billing_groups::rows::find(deeds.store(), realm.realm, name).await?;
            (found.map(|it| it.number), billing_groups::rows::hold)
        }
        Resource::Other(other) if other.starts_with("rolealias/") => {
            let name = &other["rolealias/".len()..];
            let found = role_aliases::rows::find(deeds.store(), realm.realm, name).await?;
            (found.map(|it| it.number), role_aliases::rows::hold)
        }
        Resource::Other(other) if other.starts_with("certificateprovider/") => {
            let name = &other["certificateprovider/".len()..];
            let found = certificate_providers::rows::find(deeds.store(), realm.realm, name).await?;
            (found.map(|it| it.number), certificate_providers::rows::hold)
        }
        Resource::Other(other) if other.starts_with("rule/") => {
            let found = topic_rules::rows::find(deeds.store(), realm.realm, &other["rule/".len()..]).await?;
            (found.map(|it| it.number), topic_rules::rows::hold)
        }
        Resource::Other(other) if other.starts_with("domainconfiguration/") => {
            let name = other.split('/').nth(1).unwrap_or_default();
            let named = domain_configurations::resource(&realm.account, &realm.region, name);
            // AWS's own take no tags.
            let found = match arn.resource == named && !name.contains(':') {
                true => domain_configurations::rows::find(deeds.store(), realm.realm, name).await?,
                false => None,
            };
            (found.map(|it| it.number), domain_configurations::rows::hold)
        }
        Resource::Other(other) if other.starts_with("provisioningtemplate/") => {
            let found = match other["provisioningtemplate/".len()..].parse() {
                Ok(name) => provisioning_templates::rows::find(deeds.store(), realm.realm, &name).await?,
                Err(_) => None,
            };
            (found.map(|it| it.number), provisioning_templates::rows::hold)
        }
        Resource::CaCertificate(id) => {
            let found = ca_certificates::rows::find(deeds.store(), realm.realm, id).await?;
            (found.map(|it| it.number), ca_certificates::rows::hold)
        }
        Resource::Other(_) => (None, policies::rows::hold),
    };
    let number = number.ok_or_else(absent)?;
    Ok(Taggable { number, hold })
}
