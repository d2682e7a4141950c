//! Tags: keys with values that callers hang on resources.
//!
//! A deed that makes a taggable resource calls [`checked`] on the tags it is given, and adds [`rows::insert`] to its batch;
//! one that deletes it adds [`rows::delete_all`]. Tags hang on the resource's number; `resource.rs` finds that by the
//! ARN, and is where a new kind of taggable resource is added.

mod resource;
pub mod rows;

use std::collections::{BTreeMap, BTreeSet};

use thingsmith_model::Arn;
use thingsmith_ports::{Batch, Hold, StoreError};

use crate::outbox::Change;
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// The tags of a resource, in order of their keys.
pub type Tags = BTreeMap<String, String>;

/// Tags that a resource may have (AWS's guide, "Tag basics").
const LIMIT: usize = 50;

/// The most characters of a key and of a value (shapes `TagKey` and `TagValue`).
const KEY: usize = 128;
const VALUE: usize = 256;

/// Checks the tags that a resource is to be made with, as they came in `member`.
///
/// # Errors
/// `InvalidRequestException` for a key that is wrong, AWS's own, or given twice, for a value that is too long, and for
/// more tags than a resource may have.
pub fn checked(member: &str, given: impl IntoIterator<Item = (String, String)>) -> Result<Tags, Fault> {
    let mut tags = Tags::new();
    for (key, value) in given {
        check_key(member, &key)?;
        let length = value.chars().count();
        if length > VALUE {
            return Err(Fault::invalid(format!(
                "{member}: the value of the tag {key} has {length} characters, {VALUE} are allowed."
            )));
        }
        if tags.contains_key(&key) {
            return Err(Fault::invalid(format!("{member} has the key {key} twice.")));
        }
        if tags.len() == LIMIT {
            return Err(Fault::invalid(format!(
                "{member} has more than {LIMIT} tags, the most that a resource may have."
            )));
        }
        tags.insert(key, value);
    }
    Ok(tags)
}

fn check_key(member: &str, key: &str) -> Result<(), Fault> {
    let length = key.chars().count();
    if !(1..=KEY).contains(&length) {
        return Err(Fault::invalid(format!(
            "{member} has a key of {length} characters; 1 to {KEY} are allowed."
        )));
    }
    // The prefix is reserved however it is written (Tagging guide, "Tag naming limits and requirements").
    if key
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
    {
        return Err(Fault::invalid(format!(
            "{member} has the key {key}; keys that begin with aws: are reserved."
        )));
    }
    Ok(())
}

/// Whether a resource has exactly these tags: a create that is repeated must ask for the same.
pub(crate) async fn same(
    deeds: &Deeds,
    realm: &RealmRecord,
    resource: i64,
    tags: &Tags,
) -> Result<bool, StoreError> {
    let found = rows::page(deeds.store(), realm.realm, resource, "", i64::MAX).await?;
    Ok(found.iter().map(|(key, value)| (key, value)).eq(tags))
}

/// Gives a resource further tags; those whose key it has get the new value.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such resource, `InvalidRequestException` for what takes no tags,
/// `LimitExceededException` when it would have more tags than it may.
pub async fn tag_resource(
    deeds: &Deeds,
    realm: &RealmRecord,
    resource: &Arn,
    tags: &Tags,
) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || tag_once(deeds, realm, resource, tags, &tries))
        .await
}

async fn tag_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    resource: &Arn,
    tags: &Tags,
    tries: &Tries,
) -> Result<(), Attempt> {
    let found = resource::find(deeds, realm, resource).await?;
    let has = rows::page(deeds.store(), realm.realm, found.number, "", i64::MAX).await?;
    let keys: BTreeSet<&String> = has.iter().map(|(key, _)| key).chain(tags.keys()).collect();
    if keys.len() > LIMIT {
        return Err(Fault::new(
            Code::LimitExceeded,
            format!("{resource} would have {} tags; {LIMIT} are allowed.", keys.len()),
        )
        .into());
    }
    let mut batch = Batch::new();
    // Exclusively, since its tags are counted.
    (found.hold)(&mut batch, realm.realm, found.number, Hold::Exclusive);
    for (key, value) in tags {
        rows::set(&mut batch, realm.realm, found.number, (key, value), LIMIT as i64);
    }
    let change = Change::Unseen(found.number);
    deeds.commit_change(batch, realm.realm, change, tries).await
}

/// Takes tags from a resource. Keys that it does not have are passed over.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such resource, `InvalidRequestException` for what takes no tags and for a
/// key that no tag can have.
pub async fn untag_resource(
    deeds: &Deeds,
    realm: &RealmRecord,
    resource: &Arn,
    keys: &[String],
) -> Result<(), Fault> {
    for key in keys {
        check_key("tagKeys", key)?;
    }
    let found = resource::find(deeds, realm, resource).await?;
    let tries = Tries::default();
    loop {
        let mut batch = Batch::new();
        for key in keys {
            rows::delete(&mut batch, realm.realm, found.number, key);
        }
        let change = Change::Unseen(found.number);
        let outcome = deeds.commit_change(batch, realm.realm, change, &tries).await;
        if let Some(done) = tries.settle_change(deeds.store(), outcome).await? {
            return Ok(done);
        }
    }
}

/// Lists the tags of a resource in order of their keys.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such resource, `InvalidRequestException` for what takes no tags and for a
/// token that is not of this list.
pub async fn list_tags_for_resource(
    deeds: &Deeds,
    realm: &RealmRecord,
    resource: &Arn,
    page: &PageRequest,
) -> Result<Page<(String, String)>, Fault> {
    let found = resource::find(deeds, realm, resource).await?;
    let list = format!("ListTagsForResource {}", found.number);
    let after: Option<String> = page.place(deeds, realm.realm, &list)?;
    let tags = rows::page(
        deeds.store(),
        realm.realm,
        found.number,
        after.as_deref().unwrap_or_default(),
        page.limit_and_one(),
    );
    page.cut(deeds, realm.realm, &list, tags.await?, |(key, _)| key.clone())
}
