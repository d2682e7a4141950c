//! Confirming a destination: the token that is sent, and that comes back.

use aws_lc_rs::digest::{SHA256, digest};
use thingsmith_model::{Realm, Secret};
use thingsmith_ports::Batch;

use super::{Destination, rows};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// A token on its way to a destination's URL.
pub(crate) struct Confirmation {
    /// The destination's number.
    pub(crate) number: i64,
    /// Its ARN.
    pub(crate) arn: String,
    /// Where to.
    pub(crate) url: String,
    /// The token.
    pub(crate) token: Secret<String>,
}

impl Confirmation {
    /// A new token. It names the realm, so that whoever brings it back needs no key; 256 bits of it nobody guesses.
    pub(crate) fn new(deeds: &Deeds, realm: &RealmRecord, destination: &Destination) -> Self {
        let mut random = [0; 32];
        deeds.random().fill(&mut random);
        let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            number: destination.number,
            arn: destination.arn(realm).to_string(),
            url: destination.confirmation_url.clone(),
            token: Secret::new(format!("{:x}-{random}", realm.realm.0)),
        }
    }

    pub(crate) fn hash(&self) -> Vec<u8> {
        token_hash(self.token.expose_secret())
    }
}

/// What is kept of a token.
fn token_hash(token: &str) -> Vec<u8> {
    digest(&SHA256, token.as_bytes()).as_ref().to_vec()
}

/// Confirms the destination that a token was sent to: from now on rules send to it. `realm` is the caller's, if the token
/// came with a key; without one the token itself says whose it is.
///
/// # Errors
/// `InvalidRequestException` for a token that was not sent, was used, or is not the last that was sent.
pub async fn confirm_destination(deeds: &Deeds, realm: Option<Realm>, token: &str) -> Result<(), Fault> {
    let unknown = || Fault::invalid("confirmationToken is not known, or was used or replaced.");
    let (named, _) = token.split_once('-').ok_or_else(unknown)?;
    let named = Realm(i64::from_str_radix(named, 16).map_err(|_| unknown())?);
    if realm.is_some_and(|realm| realm != named) {
        return Err(unknown());
    }
    let tries = Tries::default();
    loop {
        let outcome = confirm_once(deeds, named, token, &tries).await;
        let outcome = outcome.map_err(|attempt| attempt.unwrap_or_else(|| unknown().into()));
        if let Some(done) = tries.settle_change(deeds.store(), outcome).await? {
            return Ok(done);
        }
    }
}

/// The error is `None` for a token that is not known.
async fn confirm_once(
    deeds: &Deeds,
    realm: Realm,
    token: &str,
    tries: &Tries,
) -> Result<(), Option<Attempt>> {
    let hash = token_hash(token);
    let found = rows::by_token(deeds.store(), realm, &hash).await;
    let found = found.map_err(|error| Some(error.into()))?;
    let destination = found.ok_or(None)?;
    let mut batch = Batch::new();
    rows::confirm(
        &mut batch,
        realm,
        (destination.number, &hash),
        deeds.clock().now(),
    );
    deeds
        .commit_change(batch, realm, Change::Unseen(destination.number), tries)
        .await
        .map_err(Some)
}
