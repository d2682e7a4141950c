//! Deleting a provisioning template.

use thingsmith_model::TemplateName;
use thingsmith_ports::{Batch, Hold};

use super::{not_found, rows};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault, claims, provisioning_claims, tags};

/// Deletes a provisioning template with all its versions, the claims that trusted users were given for it and its allow list.
/// Devices that were provisioned with it stay.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such template, `DeleteConflictException` while a CA certificate names it.
pub async fn delete_provisioning_template(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &TemplateName,
) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || delete_once(deeds, realm, name, &tries))
        .await
}

async fn delete_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &TemplateName,
    tries: &Tries,
) -> Result<(), Attempt> {
    let before = rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name.as_str()))?;
    if rows::is_named_by_a_ca(deeds.store(), realm.realm, name).await? {
        return Err(Fault::new(
            Code::DeleteConflict,
            format!("Provisioning template {name} is named by the registrationConfig of a CA certificate."),
        )
        .into());
    }
    let mut batch = Batch::new();
    // Always the count before the template, so that two batches never wait for each other.
    rows::count_down(&mut batch, realm.realm);
    rows::hold(&mut batch, realm.realm, before.number, Hold::Exclusive);
    rows::delete(&mut batch, realm.realm, &before);
    tags::rows::delete_all(&mut batch, realm.realm, before.number);
    provisioning_claims::rows::delete_of_template(&mut batch, realm.realm, before.number);
    claims::rows::delete_allow_list(&mut batch, realm.realm, before.number);
    deeds
        .commit_change(
            batch,
            realm.realm,
            Change::ProvisioningTemplate(before.number),
            tries,
        )
        .await
}
