//! Policies that stand in a user or a role itself.

use thingsmith_ports::{Batch, Hold};

use super::{Found, Holder, rows};
use crate::iam::{self, no_such};
use crate::outbox::Change;
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

impl Holder<'_> {
    /// Most characters of all its inline policies together (IAM quotas, "Inline policies").
    const fn most_characters(self) -> usize {
        match self {
            Self::User(_) => 2048,
            Self::Role(_) => 10_240,
        }
    }
}

/// Puts a policy into a user or role; one of the same name is replaced.
///
/// # Errors
/// `MalformedPolicyDocumentException`, `NoSuchEntityException`, and `LimitExceededException` when all policies together
/// would be too long.
pub async fn put_inline(
    deeds: &Deeds,
    realm: &RealmRecord,
    holder: Holder<'_>,
    name: &str,
    document: &str,
) -> Result<(), Fault> {
    iam::permissions("PolicyDocument", document, holder.most_characters())?;
    let tries = Tries::default();
    tries
        .change(deeds.store(), || {
            put_once(deeds, realm, holder, name, document, &tries)
        })
        .await
}

async fn put_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    holder: Holder<'_>,
    name: &str,
    document: &str,
    tries: &Tries,
) -> Result<(), Attempt> {
    let found = holder.find(deeds, realm).await?;
    let limit = i64::try_from(holder.most_characters()).unwrap_or(i64::MAX);
    let characters = i64::try_from(iam::length(document)).unwrap_or(i64::MAX);
    let others = rows::characters_but(deeds.store(), realm.realm, found.number, name).await?;
    if others.saturating_add(characters) > limit {
        let kind = holder.kind();
        return Err(Fault::new(
            Code::LimitExceeded,
            format!(
                "Maximum policy size of {limit} bytes exceeded for {kind} {}",
                found.name
            ),
        )
        .into());
    }
    let mut batch = Batch::new();
    found.hold(&mut batch, realm.realm, Hold::Exclusive);
    rows::put_inline(
        &mut batch,
        realm.realm,
        found.number,
        name,
        document,
        (characters, limit),
    );
    deeds
        .commit_change(batch, realm.realm, Change::Identity(found.number), tries)
        .await
}

/// The document of a policy that stands in a user or role, with the holder as it was found.
///
/// # Errors
/// `NoSuchEntityException`
pub async fn inline(
    deeds: &Deeds,
    realm: &RealmRecord,
    holder: Holder<'_>,
    name: &str,
) -> Result<(Found, String), Fault> {
    let found = holder.find(deeds, realm).await?;
    let document = rows::inline(deeds.store(), realm.realm, found.number, name).await?;
    document
        .map(|document| (found, document))
        .ok_or_else(|| not_found(holder, name))
}

/// Lists the names of the policies that stand in a user or role.
///
/// # Errors
/// `NoSuchEntityException`, `InvalidRequestException` for a marker that is not of this list.
pub async fn list_inline(
    deeds: &Deeds,
    realm: &RealmRecord,
    holder: Holder<'_>,
    page: &PageRequest,
) -> Result<Page<String>, Fault> {
    let found = holder.find(deeds, realm).await?;
    let list = format!("ListInline {}", found.number);
    let after: Option<String> = page.place(deeds, realm.realm, &list)?;
    let names = rows::page_of_inline(
        deeds.store(),
        realm.realm,
        found.number,
        &after.unwrap_or_default(),
        page.limit_and_one(),
    )
    .await?;
    page.cut(deeds, realm.realm, &list, names, Clone::clone)
}

/// Takes a policy out of a user or role.
///
/// # Errors
/// `NoSuchEntityException`
pub async fn delete_inline(
    deeds: &Deeds,
    realm: &RealmRecord,
    holder: Holder<'_>,
    name: &str,
) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || delete_once(deeds, realm, holder, name, &tries))
        .await
}

async fn delete_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    holder: Holder<'_>,
    name: &str,
    tries: &Tries,
) -> Result<(), Attempt> {
    let found = holder.find(deeds, realm).await?;
    if rows::inline(deeds.store(), realm.realm, found.number, name)
        .await?
        .is_none()
    {
        return Err(not_found(holder, name).into());
    }
    let mut batch = Batch::new();
    rows::delete_inline(&mut batch, realm.realm, found.number, name);
    deeds
        .commit_change(batch, realm.realm, Change::Identity(found.number), tries)
        .await
}

fn not_found(holder: Holder<'_>, name: &str) -> Fault {
    no_such(format!(
        "The {} policy with name {name} cannot be found.",
        holder.kind()
    ))
}
