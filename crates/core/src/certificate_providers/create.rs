//! Making a certificate provider.

use thingsmith_ports::{Batch, StoreError};

use super::{CertificateProvider, check_function, rows};
use crate::realms::RealmRecord;
use crate::tags::{self, Tags};
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// The settings of a new certificate provider.
#[derive(Debug, Clone)]
pub struct NewCertificateProvider {
    /// Its name.
    pub name: String,
    /// The function that signs.
    pub function_arn: String,
    /// The operation whose requests it signs.
    pub operation: String,
    /// By which a create that is repeated is known.
    pub client_token: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// Makes the certificate provider of a realm. Asked again with the same client token and settings, it gives back the same.
///
/// # Errors
/// `ResourceAlreadyExistsException` when the name is taken, `LimitExceededException` when there is one of another name,
/// `InvalidRequestException` for a function of another account or region.
pub async fn create_certificate_provider(
    deeds: &Deeds,
    realm: &RealmRecord,
    new: NewCertificateProvider,
) -> Result<CertificateProvider, Fault> {
    check_function(realm, &new.function_arn)?;
    let now = deeds.clock().now();
    let provider = CertificateProvider {
        number: deeds.number().await?,
        name: new.name,
        function_arn: new.function_arn,
        operation: new.operation,
        client_token: new.client_token,
        created_at: now,
        modified_at: now,
    };
    let tries = Tries::default();
    loop {
        let outcome = create_once(deeds, realm, &provider, &new.tags).await;
        if let Some(done) = tries.settle(outcome).await? {
            return Ok(done);
        }
    }
}

async fn create_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    provider: &CertificateProvider,
    tags: &Tags,
) -> Result<CertificateProvider, Attempt> {
    let mut batch = Batch::new();
    rows::insert(&mut batch, realm.realm, provider);
    tags::rows::insert(&mut batch, realm.realm, provider.number, tags);
    match deeds.commit(batch).await {
        Ok(_) => return Ok(provider.clone()),
        Err(StoreError::Duplicate(_)) => {}
        Err(error) => return Err(error.into()),
    }
    match rows::of_realm(deeds.store(), realm.realm).await? {
        // Deleted in between.
        None => Err(StoreError::Guard(0).into()),
        // This very one, whose commit was not answered.
        Some(existing) if existing.number == provider.number => Ok(existing),
        Some(existing)
            if is_repeated(provider, &existing)
                && tags::same(deeds, realm, existing.number, tags).await? =>
        {
            Ok(existing)
        }
        Some(existing) if existing.name == provider.name => Err(Fault::new(
            Code::ResourceAlreadyExists,
            format!("Certificate provider {} already exists.", existing.name),
        )
        .with("resourceId", &existing.name)
        .with("resourceArn", existing.arn(realm))
        .into()),
        // Guide, "Self-managed certificate signing": one for each account.
        Some(existing) => Err(Fault::new(
            Code::LimitExceeded,
            format!(
                "The account has the certificate provider {} in this region, and may have one.",
                existing.name
            ),
        )
        .into()),
    }
}

fn is_repeated(new: &CertificateProvider, existing: &CertificateProvider) -> bool {
    let settings = |it: &CertificateProvider| {
        (
            it.client_token.clone(),
            it.name.clone(),
            it.function_arn.clone(),
            it.operation.clone(),
        )
    };
    new.client_token.is_some() && settings(new) == settings(existing)
}
