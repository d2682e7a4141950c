//! Finding the certificate that a principal or a target names.

use thingsmith_model::{Arn, CertificateStatus, Resource};

use super::{Certificate, not_found, rows};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// The certificate that a principal of this realm names by its ARN.
///
/// # Errors
/// `ResourceNotFoundException` when it is not there, `InvalidRequestException` when `principal` is neither the ARN of a
/// certificate nor a Cognito identity id.
pub async fn find_principal(
    deeds: &Deeds,
    realm: &RealmRecord,
    principal: &str,
) -> Result<Certificate, Fault> {
    if is_cognito_identity(principal) {
        return Err(Fault::not_found(format!(
            "Cognito identity {principal} not found."
        )));
    }
    let wrong = || {
        Fault::invalid(format!(
            "Principal {} is neither the ARN of a certificate nor the id of a Cognito identity.",
            principal.chars().take(256).collect::<String>()
        ))
    };
    let arn: Arn = principal.parse().map_err(|_| wrong())?;
    let Resource::Certificate(id) = &arn.resource else {
        return Err(wrong());
    };
    // A certificate of another account or region is none of this realm's, whether it is there or not.
    if (&arn.account, &arn.region) != (&realm.account, &realm.region) {
        return Err(not_found(id));
    }
    rows::find(deeds.store(), realm.realm, id)
        .await?
        .ok_or_else(|| not_found(id))
}

/// As [`find_principal`], for something that is to be hung on it.
///
/// # Errors
/// As [`find_principal`], and `InvalidRequestException` for a certificate on its way to another account: AWS lets only
/// those go on which nothing hangs.
pub async fn find_attachable(
    deeds: &Deeds,
    realm: &RealmRecord,
    principal: &str,
) -> Result<Certificate, Fault> {
    let found = find_principal(deeds, realm, principal).await?;
    check_attachable(&found)?;
    Ok(found)
}

/// Refuses a certificate on which nothing may be hung.
pub(crate) fn check_attachable(certificate: &Certificate) -> Result<(), Fault> {
    match certificate.status {
        CertificateStatus::PendingTransfer => Err(Fault::invalid(format!(
            "Certificate {} is PENDING_TRANSFER: nothing can be attached to it.",
            certificate.id
        ))),
        _ => Ok(()),
    }
}

/// Whether a text has the form of a Cognito identity id: `REGION:UUID`.
pub(crate) fn is_cognito_identity(text: &str) -> bool {
    text.split_once(':').is_some_and(|(region, id)| {
        region.parse::<thingsmith_model::Region>().is_ok()
            && id.len() == 36
            && uuid::Uuid::try_parse(id).is_ok()
    })
}
