//! Which principals belong to which thing.

use thingsmith_model::{Arn, ThingName};
use thingsmith_ports::{Batch, Hold};

use super::{not_found, rows};
use crate::certificates;
use crate::outbox::Change;
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// Attaches a principal to a thing. Doing it twice is harmless.
///
/// # Errors
/// `ResourceNotFoundException` when the thing or the principal is not there, `InvalidRequestException` when the principal
/// is written wrongly.
pub async fn attach_thing_principal(
    deeds: &Deeds,
    realm: &RealmRecord,
    thing: &ThingName,
    principal: &str,
) -> Result<(), Fault> {
    change(deeds, realm, thing, principal, rows::attach).await
}

/// Detaches a principal from a thing. Doing it twice is harmless.
///
/// # Errors
/// As [`attach_thing_principal`].
pub async fn detach_thing_principal(
    deeds: &Deeds,
    realm: &RealmRecord,
    thing: &ThingName,
    principal: &str,
) -> Result<(), Fault> {
    change(deeds, realm, thing, principal, rows::detach).await
}

type Step = fn(&mut Batch, thingsmith_model::Realm, i64, i64);

async fn change(
    deeds: &Deeds,
    realm: &RealmRecord,
    thing: &ThingName,
    principal: &str,
    step: Step,
) -> Result<(), Fault> {
    let mut tries = Tries::default();
    loop {
        let outcome = change_once(deeds, realm, thing, principal, step, &mut tries).await;
        if let Some(done) = tries.settle_change(deeds.store(), outcome).await? {
            return Ok(done);
        }
    }
}

async fn change_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    thing: &ThingName,
    principal: &str,
    step: Step,
    tries: &mut Tries,
) -> Result<(), Attempt> {
    let found = rows::find(deeds.store(), realm.realm, thing)
        .await?
        .ok_or_else(|| not_found(thing))?;
    let certificate = certificates::find_attachable(deeds, realm, principal).await?;
    let mut batch = Batch::new();
    // Always the certificate before the thing, so that two batches never wait for each other.
    certificates::rows::hold(&mut batch, realm.realm, certificate.number, Hold::Shared);
    rows::hold(&mut batch, realm.realm, found.number, Hold::Shared);
    step(&mut batch, realm.realm, found.number, certificate.number);
    deeds
        .commit_change(batch, realm.realm, Change::Certificate(certificate.number), tries)
        .await
}

/// Lists the principals of a thing in the order in which they came to be.
///
/// # Errors
/// `ResourceNotFoundException` when the thing is not there, `InvalidRequestException` for a token that is not of this
/// list.
pub async fn list_thing_principals(
    deeds: &Deeds,
    realm: &RealmRecord,
    thing: &ThingName,
    page: &PageRequest,
) -> Result<Page<Arn>, Fault> {
    let found = rows::find(deeds.store(), realm.realm, thing)
        .await?
        .ok_or_else(|| not_found(thing))?;
    let list = format!("ListThingPrincipals {}", found.number);
    let after: Option<i64> = page.place(deeds, realm.realm, &list)?;
    let principals = rows::page_of_principals(
        deeds.store(),
        realm.realm,
        found.number,
        after.unwrap_or(0),
        page.limit_and_one(),
    );
    let page = page.cut(deeds, realm.realm, &list, principals.await?, |(number, _)| {
        *number
    })?;
    Ok(page.map(|(_, id)| realm.arn(thingsmith_model::Resource::Certificate(id))))
}
