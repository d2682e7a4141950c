//! Which principals belong to which thing.

use thingsmith_model::{Arn, Realm, Resource, ThingName};
use thingsmith_ports::{Batch, Hold};

use super::{not_found, rows};
use crate::certificates;
use crate::outbox::Change;
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// How a principal belongs to a thing (AWS's `ThingPrincipalType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalType {
    /// `EXCLUSIVE_THING`: the principal has no other thing, and connects as this one under any client id.
    Exclusive,
    /// `NON_EXCLUSIVE_THING`: it may have others.
    NonExclusive,
}

impl PrincipalType {
    pub(super) fn of(exclusive: bool) -> Self {
        match exclusive {
            true => Self::Exclusive,
            false => Self::NonExclusive,
        }
    }
}

/// A principal that is attached to a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedPrincipal {
    /// The principal.
    pub principal: Arn,
    /// How it belongs to the thing.
    pub principal_type: PrincipalType,
}

/// A thing to which a principal is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedThing {
    /// The thing.
    pub name: ThingName,
    /// How the principal belongs to it.
    pub principal_type: PrincipalType,
}

/// Attaches a principal to a thing, not exclusively unless it is attached exclusively already. Doing it twice is harmless.
///
/// # Errors
/// As [`attach_thing_principal_as`].
pub async fn attach_thing_principal(
    deeds: &Deeds,
    realm: &RealmRecord,
    thing: &ThingName,
    principal: &str,
) -> Result<(), Fault> {
    attach_thing_principal_as(deeds, realm, thing, principal, None).await
}

/// Attaches a principal to a thing in a way of the caller's choice. Doing it twice is harmless.
///
/// # Errors
/// `ResourceNotFoundException` when the thing or the principal is not there, `InvalidRequestException` when the principal
/// is written wrongly, is attached in the other way, or has another thing and either attachment is to be exclusive.
pub async fn attach_thing_principal_as(
    deeds: &Deeds,
    realm: &RealmRecord,
    thing: &ThingName,
    principal: &str,
    principal_type: Option<PrincipalType>,
) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || {
            attach_once(deeds, realm, thing, principal, principal_type, &tries)
        })
        .await
}

async fn attach_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    thing: &ThingName,
    principal: &str,
    principal_type: Option<PrincipalType>,
    tries: &Tries,
) -> Result<(), Attempt> {
    let found = rows::find(deeds.store(), realm.realm, thing)
        .await?
        .ok_or_else(|| not_found(thing))?;
    let certificate = certificates::find_attachable(deeds, realm, principal).await?;
    let has = rows::attachment(deeds.store(), realm.realm, found.number, certificate.number).await?;
    if let Some(attached) = has.here {
        return match principal_type {
            Some(asked) if asked != attached => Err(Fault::invalid(format!(
                "Principal {principal} is attached to thing {thing} with another thingPrincipalType; detach it first."
            ))
            .into()),
            _ => Ok(()),
        };
    }
    let exclusive = principal_type == Some(PrincipalType::Exclusive);
    if has.exclusive_elsewhere {
        return Err(Fault::invalid(format!(
            "Principal {principal} is attached to another thing with thingPrincipalType EXCLUSIVE_THING."
        ))
        .into());
    }
    if exclusive && has.elsewhere {
        return Err(Fault::invalid(format!(
            "Principal {principal} is attached to another thing: thingPrincipalType EXCLUSIVE_THING is for its only one."
        ))
        .into());
    }
    let mut batch = Batch::new();
    // Always the certificate before the thing, so that two batches never wait for each other. Whoever attaches exclusively
    // looks at all that the certificate is attached to.
    let hold = if exclusive { Hold::Exclusive } else { Hold::Shared };
    certificates::rows::hold(&mut batch, realm.realm, certificate.number, hold);
    rows::hold(&mut batch, realm.realm, found.number, Hold::Shared);
    let attach = if exclusive {
        rows::attach_exclusively
    } else {
        rows::attach
    };
    attach(&mut batch, realm.realm, found.number, certificate.number);
    deeds
        .commit_change(batch, realm.realm, Change::Certificate(certificate.number), tries)
        .await
}

/// Detaches a principal from a thing. Doing it twice is harmless.
///
/// # Errors
/// `ResourceNotFoundException` when the thing or the principal is not there, `InvalidRequestException` when the principal
/// is written wrongly.
pub async fn detach_thing_principal(
    deeds: &Deeds,
    realm: &RealmRecord,
    thing: &ThingName,
    principal: &str,
) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || {
            detach_once(deeds, realm, thing, principal, &tries)
        })
        .await
}

async fn detach_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    thing: &ThingName,
    principal: &str,
    tries: &Tries,
) -> Result<(), Attempt> {
    let found = rows::find(deeds.store(), realm.realm, thing)
        .await?
        .ok_or_else(|| not_found(thing))?;
    let certificate = certificates::find_attachable(deeds, realm, principal).await?;
    let mut batch = Batch::new();
    certificates::rows::hold(&mut batch, realm.realm, certificate.number, Hold::Shared);
    rows::hold(&mut batch, realm.realm, found.number, Hold::Shared);
    rows::detach(&mut batch, realm.realm, found.number, certificate.number);
    deeds
        .commit_change(batch, realm.realm, Change::Certificate(certificate.number), tries)
        .await
}

/// Lists the principals of a thing in the order in which they came to be.
///
/// # Errors
/// As [`list_attached_principals`].
pub async fn list_thing_principals(
    deeds: &Deeds,
    realm: &RealmRecord,
    thing: &ThingName,
    page: &PageRequest,
) -> Result<Page<Arn>, Fault> {
    let page = list_attached_principals(deeds, realm, thing, None, page).await?;
    Ok(page.map(|attached| attached.principal))
}

/// Lists the principals of a thing, attached in one way or in both, in the order in which they came to be.
///
/// # Errors
/// `ResourceNotFoundException` when the thing is not there, `InvalidRequestException` for a token that is not of this
/// list.
pub async fn list_attached_principals(
    deeds: &Deeds,
    realm: &RealmRecord,
    thing: &ThingName,
    only: Option<PrincipalType>,
    page: &PageRequest,
) -> Result<Page<AttachedPrincipal>, Fault> {
    let found = rows::find(deeds.store(), realm.realm, thing)
        .await?
        .ok_or_else(|| not_found(thing))?;
    let (list, after) = place(
        deeds,
        realm.realm,
        page,
        "ListThingPrincipals",
        found.number,
        only,
    )?;
    let principals = rows::page_of_principals(
        deeds.store(),
        realm.realm,
        found.number,
        only,
        after,
        page.limit_and_one(),
    );
    let page = page.cut(deeds, realm.realm, &list, principals.await?, |last| last.number)?;
    Ok(page.map(|row| AttachedPrincipal {
        principal: realm.arn(Resource::Certificate(row.object)),
        principal_type: row.principal_type,
    }))
}

/// Lists the things of a principal, attached in one way or in both, in the order in which they came to be.
///
/// # Errors
/// `ResourceNotFoundException` when the principal is not there, `InvalidRequestException` when it is written wrongly or for
/// a token that is not of this list.
pub async fn list_principal_things(
    deeds: &Deeds,
    realm: &RealmRecord,
    principal: &str,
    only: Option<PrincipalType>,
    page: &PageRequest,
) -> Result<Page<AttachedThing>, Fault> {
    let found = certificates::find_principal(deeds, realm, principal).await?;
    let (list, after) = place(
        deeds,
        realm.realm,
        page,
        "ListPrincipalThings",
        found.number,
        only,
    )?;
    let things = rows::page_of_principal_things(
        deeds.store(),
        realm.realm,
        found.number,
        only,
        after,
        page.limit_and_one(),
    );
    let page = page.cut(deeds, realm.realm, &list, things.await?, |last| last.number)?;
    Ok(page.map(|row| AttachedThing {
        name: row.object,
        principal_type: row.principal_type,
    }))
}

/// The name of a list of attachments, and after which number its page begins.
fn place(
    deeds: &Deeds,
    realm: Realm,
    page: &PageRequest,
    operation: &str,
    of: i64,
    only: Option<PrincipalType>,
) -> Result<(String, i64), Fault> {
    let list = format!("{operation} {of} {only:?}");
    let after: Option<i64> = page.place(deeds, realm, &list)?;
    Ok((list, after.unwrap_or(0)))
}
