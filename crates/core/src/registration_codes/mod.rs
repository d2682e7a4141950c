//! Registration codes: who registers a CA certificate proves to have its key by signing a certificate with the code of
//! the account.

pub mod rows;

use std::fmt::Write;

use thingsmith_ports::{Batch, StoreError};

use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// The realm's registration code, made when it is first asked for: 64 hexadecimal digits that stay the same until they
/// are deleted.
///
/// # Errors
/// When the store fails.
pub async fn get_registration_code(deeds: &Deeds, realm: &RealmRecord) -> Result<String, Fault> {
    let tries = Tries::default();
    loop {
        let outcome = get_once(deeds, realm).await;
        if let Some(code) = tries.settle(outcome).await? {
            return Ok(code);
        }
    }
}

async fn get_once(deeds: &Deeds, realm: &RealmRecord) -> Result<String, Attempt> {
    if let Some(code) = rows::find(deeds.store(), realm.realm).await? {
        return Ok(code);
    }
    let mut batch = Batch::new();
    rows::insert_if_absent(&mut batch, realm.realm, &new_code(deeds));
    deeds.commit(batch).await?;
    // Another caller may have been first: what stands in the store counts.
    let kept = rows::find(deeds.store(), realm.realm).await?;
    Ok(kept.ok_or(StoreError::Guard(0))?)
}

/// Deletes the realm's registration code. The next one is another.
///
/// # Errors
/// `ResourceNotFoundException` when there is none.
pub async fn delete_registration_code(deeds: &Deeds, realm: &RealmRecord) -> Result<(), Fault> {
    let tries = Tries::default();
    let mut sent = None;
    loop {
        let outcome = delete_once(deeds, realm, &mut sent).await;
        if let Some(done) = tries.settle(outcome).await? {
            return Ok(done);
        }
    }
}

/// `sent` is the code whose deletion was sent and not answered. No code is ever made twice, so that it is gone for good
/// when it does not stand there any more.
async fn delete_once(deeds: &Deeds, realm: &RealmRecord, sent: &mut Option<String>) -> Result<(), Attempt> {
    let found = rows::find(deeds.store(), realm.realm).await?;
    if sent.is_some() && *sent != found {
        return Ok(());
    }
    let Some(code) = found else {
        return Err(Fault::not_found("There is no registration code.").into());
    };
    let mut batch = Batch::new();
    rows::delete(&mut batch, realm.realm, &code);
    match deeds.commit(batch).await {
        Ok(_) => Ok(()),
        Err(error) => {
            if matches!(error, StoreError::Unknown(_)) {
                *sent = Some(code);
            }
            Err(error.into())
        }
    }
}

fn new_code(deeds: &Deeds) -> String {
    let mut bytes = [0; 32];
    deeds.random().fill(&mut bytes);
    bytes.iter().fold(String::with_capacity(64), |mut code, byte| {
        // Writing to a string does not fail.
        let _ = write!(code, "{byte:02x}");
        code
    })
}
