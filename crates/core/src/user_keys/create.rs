//! Making a user's access key.

use thingsmith_ports::{Batch, StoreError};

use super::{NewUserKey, Status, UserKey, rows, seal_name};
use crate::access_keys::AccessKey;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault, users};

/// Keys that a user may have (IAM quotas, "Access keys assigned to an IAM user").
const KEYS_PER_USER: i64 = 2;

/// Makes an access key for a user. Its secret is told this once and kept sealed.
///
/// # Errors
/// `NoSuchEntityException` for a user that is not there, `LimitExceededException` for a third key.
pub async fn create_access_key(deeds: &Deeds, realm: &RealmRecord, user: &str) -> Result<NewUserKey, Fault> {
    let made = AccessKey::generate(realm.account.clone(), deeds.random());
    let sealed = deeds
        .world()
        .seal
        .seal(
            &seal_name(&made.access_key_id),
            made.secret.expose_secret().as_bytes(),
        )
        .map_err(Fault::internal)?;
    let tries = Tries::default();
    loop {
        let outcome = create_once(deeds, realm, user, &made, &sealed).await;
        if let Some(done) = tries.settle(outcome).await? {
            return Ok(done);
        }
    }
}

async fn create_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    user: &str,
    made: &AccessKey,
    sealed: &[u8],
) -> Result<NewUserKey, Attempt> {
    let user = users::user(deeds, realm, user).await?;
    let key = UserKey {
        access_key_id: made.access_key_id.clone(),
        holder: user.number,
        status: Status::Active,
        created_at: deeds.clock().now(),
    };
    let new = |key| NewUserKey {
        key,
        secret: made.secret.clone(),
        user_name: user.name.clone(),
    };
    // This very key, whose commit was not answered: nobody else makes one of this id.
    if let Some(kept) = rows::of_holder(deeds.store(), realm.realm, user.number, &key.access_key_id).await? {
        return Ok(new(kept));
    }
    let count = rows::count(deeds.store(), realm.realm, user.number).await?;
    if count >= KEYS_PER_USER {
        return Err(Fault::new(
            Code::LimitExceeded,
            format!("Cannot exceed quota for AccessKeysPerUser: {KEYS_PER_USER}"),
        )
        .into());
    }
    let mut batch = Batch::new();
    users::rows::hold(
        &mut batch,
        realm.realm,
        user.number,
        thingsmith_ports::Hold::Exclusive,
    );
    rows::insert(&mut batch, realm.realm, &key, sealed, KEYS_PER_USER);
    match deeds.commit(batch).await {
        Ok(_) => Ok(new(key)),
        // Found above at the next try, if it is ours.
        Err(StoreError::Duplicate(step)) => Err(StoreError::Guard(step).into()),
        Err(error) => Err(error.into()),
    }
}
