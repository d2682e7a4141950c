//! Making a user.

use thingsmith_ports::{Batch, StoreError};

use super::{User, rows};
use crate::iam::{self, taken};
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// Makes a user, who may do nothing yet.
///
/// # Errors
/// `EntityAlreadyExistsException` when the name is taken, in any case of letters.
pub async fn create_user(deeds: &Deeds, realm: &RealmRecord, name: &str, path: &str) -> Result<User, Fault> {
    let user = User {
        number: deeds.number().await?,
        name: name.to_owned(),
        path: path.to_owned(),
        id: iam::id("AIDA", deeds.random()),
        created_at: deeds.clock().now(),
    };
    let tries = Tries::default();
    loop {
        let outcome = create_once(deeds, realm, &user).await;
        if let Some(done) = tries.settle(outcome).await? {
            return Ok(done);
        }
    }
}

async fn create_once(deeds: &Deeds, realm: &RealmRecord, user: &User) -> Result<User, Attempt> {
    let mut batch = Batch::new();
    rows::insert(&mut batch, realm.realm, user);
    match deeds.commit(batch).await {
        Ok(_) => return Ok(user.clone()),
        Err(StoreError::Duplicate(_)) => {}
        Err(error) => return Err(error.into()),
    }
    match rows::find(deeds.store(), realm.realm, &iam::folded(&user.name)).await? {
        // Deleted in between: the name is free.
        None => Err(StoreError::Guard(0).into()),
        // This very user, whose commit was not answered.
        Some(existing) if existing.number == user.number => Ok(existing),
        Some(existing) => Err(taken(format!("User with name {} already exists.", existing.name)).into()),
    }
}
