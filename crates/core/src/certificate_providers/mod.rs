//! Certificate providers: a customer's function that signs what devices ask for (guide, "Self-managed certificate signing
//! using AWS IoT Core certificate provider").

mod change;
mod create;
pub mod rows;
mod sign;

use thingsmith_model::{Arn, Resource, Timestamp};

pub use change::{CertificateProviderUpdate, delete_certificate_provider, update_certificate_provider};
pub use create::{NewCertificateProvider, create_certificate_provider};
pub use sign::{Requester, issue_from_csr};

use crate::functions::FunctionName;
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// A certificate provider. A realm has at most one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateProvider {
    /// Its number.
    pub number: i64,
    /// Its name; case matters.
    pub name: String,
    /// The function that signs.
    pub function_arn: String,
    /// The operation whose requests it signs; AWS has one alone, `CreateCertificateFromCsr`.
    pub operation: String,
    /// By which a create that is repeated is known.
    pub client_token: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub modified_at: Timestamp,
}

impl CertificateProvider {
    /// Its ARN.
    pub fn arn(&self, realm: &RealmRecord) -> Arn {
        realm.arn(resource(&self.name))
    }
}

/// What the ARN of a certificate provider ends in. (The guide's examples have a colon for the slash; AWS's Service
/// Authorization Reference has the slash.)
pub fn resource(name: &str) -> Resource {
    Resource::Other(format!("certificateprovider/{name}"))
}

/// The certificate provider of this name.
///
/// # Errors
/// `ResourceNotFoundException`
pub async fn certificate_provider(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &str,
) -> Result<CertificateProvider, Fault> {
    rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name))
}

/// Lists certificate providers: the one, if there is one.
///
/// # Errors
/// `InvalidRequestException` for a token that is not of this list.
pub async fn list_certificate_providers(
    deeds: &Deeds,
    realm: &RealmRecord,
    page: &PageRequest,
) -> Result<Page<CertificateProvider>, Fault> {
    const LIST: &str = "ListCertificateProviders";
    let after: Option<i64> = page.place(deeds, realm.realm, LIST)?;
    let found = rows::of_realm(deeds.store(), realm.realm).await?;
    let found: Vec<_> = found
        .into_iter()
        .filter(|it| after.is_none_or(|after| it.number > after))
        .collect();
    page.cut(deeds, realm.realm, LIST, found, |last| last.number)
}

fn not_found(name: &str) -> Fault {
    Fault::not_found(format!("Certificate provider {name} not found."))
}

/// Checks that a function could be that of a provider of the realm: it must be of its account and region (guide, the same
/// page). Whether it is there, and permits the provider, shows when it is called.
fn check_function(realm: &RealmRecord, function_arn: &str) -> Result<(), Fault> {
    let wrong = |why: &str| Fault::invalid(format!("lambdaFunctionArn {function_arn} {why}"));
    if !function_arn.starts_with("arn:") {
        return Err(wrong("is not the ARN of a Lambda function."));
    }
    let name: FunctionName = function_arn
        .parse()
        .map_err(|_| wrong("is not the ARN of a Lambda function."))?;
    match name.within(realm) {
        Ok(_) => Ok(()),
        Err(_) => Err(wrong("is not a Lambda function of this account and region.")),
    }
}
