//! Making a destination.

use thingsmith_ports::{Batch, StoreError};

use super::{Confirmation, Destination, Status, by_url, rows, url_hash};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::rules::check_url;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// Makes a destination and has a token sent to its URL. The answer does not wait for that.
///
/// # Errors
/// `ResourceAlreadyExistsException` when there is one of this URL, `InvalidRequestException` for what is no URL of HTTP.
pub async fn create_destination(
    deeds: &Deeds,
    realm: &RealmRecord,
    confirmation_url: &str,
) -> Result<Destination, Fault> {
    check_url("confirmationUrl", confirmation_url)?;
    let now = deeds.clock().now();
    let destination = Destination {
        number: deeds.number().await?,
        id: deeds.uuid().to_string(),
        confirmation_url: confirmation_url.to_owned(),
        status: Status::InProgress,
        status_reason: None,
        confirmed: false,
        created_at: now,
        updated_at: now,
    };
    let confirmation = Confirmation::new(deeds, realm, &destination);
    let tries = Tries::default();
    loop {
        let outcome = create_once(deeds, realm, &destination, &confirmation, &tries).await;
        if let Some(done) = tries.settle(outcome).await? {
            deeds.rules().confirm(deeds, realm, confirmation);
            return Ok(done);
        }
    }
}

async fn create_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    destination: &Destination,
    confirmation: &Confirmation,
    tries: &Tries,
) -> Result<Destination, Attempt> {
    let url_hash = url_hash(&destination.confirmation_url);
    let mut batch = Batch::new();
    rows::insert(
        &mut batch,
        realm.realm,
        destination,
        &url_hash,
        &confirmation.hash(),
    );
    let change = Change::Unseen(destination.number);
    match deeds.commit_change(batch, realm.realm, change, tries).await {
        Ok(()) => return Ok(destination.clone()),
        Err(Attempt::Again(StoreError::Duplicate(_))) => {}
        Err(error) => return Err(error),
    }
    match rows::by_url(deeds.store(), realm.realm, &url_hash).await? {
        // Deleted in between: the URL is free.
        None => Err(StoreError::Guard(0).into()),
        // This very one, whose commit was not answered.
        Some(existing) if existing.number == destination.number => Ok(existing),
        Some(existing) => Err(Fault::new(
            Code::ResourceAlreadyExists,
            format!(
                "A topic rule destination for {} already exists.",
                existing.confirmation_url
            ),
        )
        .with("resourceId", &existing.id)
        .with("resourceArn", existing.arn(realm))
        .into()),
    }
}

/// Makes the destinations that HTTP actions need and that are not there yet, as AWS does for URLs without templates.
///
/// # Errors
/// As [`create_destination`], but for destinations that are there.
pub(crate) async fn provide<'a>(
    deeds: &Deeds,
    realm: &RealmRecord,
    urls: impl Iterator<Item = &'a str>,
) -> Result<(), Fault> {
    for url in urls {
        if by_url(deeds, realm, url).await?.is_some() {
            continue;
        }
        match create_destination(deeds, realm, url).await {
            Err(fault) if fault.code == Code::ResourceAlreadyExists => {}
            made => drop(made?),
        }
    }
    Ok(())
}
