//! Domain configurations: further names by which devices reach a realm, and what is spoken there.
//!
//! AWS's own names (`iot:Data-ATS`) are always there; only the TLS versions of the first can be chosen, which then stand in
//! a row of its name.

mod change;
mod create;
mod domain;
mod list;
pub mod rows;
mod settings;

use aws_lc_rs::digest;
use thingsmith_model::{Account, Region, Resource, Timestamp};
use thingsmith_ports::StoreError;

pub use change::{DomainConfigurationUpdate, delete_domain_configuration, update_domain_configuration};
pub use create::{NewDomainConfiguration, create_domain_configuration};
pub use list::list_domain_configurations;
pub use settings::{Requested, SecurityPolicy, Settings, Speech, TlsVersions};

use crate::realms::{self, RealmRecord};
use crate::{Deeds, Fault};

/// The name of the default endpoint's configuration.
pub const DATA_ATS: &str = "iot:Data-ATS";

/// The configurations that AWS makes for every account, in order of their names, and the types of their services.
pub const OF_AWS: [(&str, &str); 3] = [
    ("iot:CredentialProvider", "CREDENTIAL_PROVIDER"),
    (DATA_ATS, "DATA"),
    ("iot:Jobs", "JOBS"),
];

/// A domain configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainConfiguration {
    /// Its number.
    pub number: i64,
    /// Its name; case matters.
    pub name: String,
    /// The name by which devices come, in lower case.
    pub domain: String,
    /// What it was made with.
    pub settings: Settings,
    /// Whether devices may come by its name.
    pub enabled: bool,
    /// When it was enabled or disabled last.
    pub changed_at: Timestamp,
    /// Counts its changes.
    pub revision: i64,
}

/// What the ARN of a domain configuration ends in. AWS's five characters at its end come by chance; here they follow from
/// the rest, so that a policy can name a configuration before it is made. AWS's own have none.
pub fn resource(account: &Account, region: &Region, name: &str) -> Resource {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    if name.contains(':') {
        return Resource::Other(format!("domainconfiguration/{name}"));
    }
    let text = format!("{account}/{region}/{name}");
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let last: String = digest.as_ref()[..5]
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect();
    Resource::Other(format!("domainconfiguration/{name}/{last}"))
}

/// The domain configuration of this name, of those that somebody made.
///
/// # Errors
/// `ResourceNotFoundException`
pub async fn domain_configuration(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &str,
) -> Result<DomainConfiguration, Fault> {
    rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name))
}

/// The TLS versions of a realm's default endpoint.
///
/// # Errors
/// When the store fails.
pub async fn default_security_policy(
    deeds: &Deeds,
    realm: &RealmRecord,
) -> Result<SecurityPolicy, StoreError> {
    let found = rows::find(deeds.store(), realm.realm, DATA_ATS).await?;
    Ok(found
        .map(|found| found.settings.security_policy)
        .unwrap_or_default())
}

/// The realm that a server name leads to by an enabled configuration, and that configuration.
///
/// # Errors
/// When the store fails.
pub async fn by_server_name(
    deeds: &Deeds,
    server_name: &str,
) -> Result<Option<(RealmRecord, DomainConfiguration)>, StoreError> {
    let Some((realm, found)) = rows::by_domain(deeds.store(), server_name).await? else {
        return Ok(None);
    };
    if !found.enabled || found.name == DATA_ATS {
        return Ok(None);
    }
    let realm = realms::rows::by_number(deeds.store(), realm).await?;
    Ok(realm.map(|realm| (realm, found)))
}

fn not_found(name: &str) -> Fault {
    Fault::not_found(format!("Domain configuration {name} not found."))
}
