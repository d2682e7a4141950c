//! Switching access keys on and off, and deleting them.

use thingsmith_ports::Batch;

use super::{Status, not_found, rows};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault, users};

/// Switches a user's key on or off.
///
/// # Errors
/// `NoSuchEntityException` for a user or a key that is not there.
pub async fn update_access_key(
    deeds: &Deeds,
    realm: &RealmRecord,
    user: &str,
    access_key_id: &str,
    status: Status,
) -> Result<(), Fault> {
    change(deeds, realm, user, access_key_id, Some(status)).await
}

/// Deletes a user's key.
///
/// # Errors
/// `NoSuchEntityException` for a user or a key that is not there.
pub async fn delete_access_key(
    deeds: &Deeds,
    realm: &RealmRecord,
    user: &str,
    access_key_id: &str,
) -> Result<(), Fault> {
    change(deeds, realm, user, access_key_id, None).await
}

/// Gives a key this status, or deletes it where there is none.
async fn change(
    deeds: &Deeds,
    realm: &RealmRecord,
    user: &str,
    access_key_id: &str,
    status: Option<Status>,
) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || {
            change_once(deeds, realm, user, access_key_id, status, &tries)
        })
        .await
}

async fn change_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    user: &str,
    access_key_id: &str,
    status: Option<Status>,
    tries: &Tries,
) -> Result<(), Attempt> {
    let user = users::user(deeds, realm, user).await?;
    if rows::of_holder(deeds.store(), realm.realm, user.number, access_key_id)
        .await?
        .is_none()
    {
        return Err(not_found(access_key_id).into());
    }
    let mut batch = Batch::new();
    match status {
        Some(status) => rows::update(&mut batch, realm.realm, user.number, access_key_id, status),
        None => rows::delete(&mut batch, realm.realm, user.number, access_key_id),
    }
    deeds
        .commit_change(batch, realm.realm, Change::Identity(user.number), tries)
        .await
}
