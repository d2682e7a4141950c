//! Making a domain configuration.

use thingsmith_ports::Batch;

use super::settings::check_certificate;
use super::{DATA_ATS, DomainConfiguration, Requested, Settings, domain, resource, rows};
use crate::realms::RealmRecord;
use crate::tags::{self, Tags};
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// Domain configurations of an account in a region (AWS's quotas).
const LIMIT: i64 = 10;

/// What a new domain configuration is to be.
#[derive(Debug, Clone)]
pub struct NewDomainConfiguration {
    /// Its name.
    pub name: String,
    /// The name by which devices are to come; without it one is made.
    pub domain_name: Option<String>,
    /// `serverCertificateArns`, of which there is one at most.
    pub server_certificates: Vec<String>,
    /// `validationCertificateArn`
    pub validation_certificate: Option<String>,
    /// Further settings.
    pub requested: Requested,
    /// Its tags.
    pub tags: Tags,
}

/// Makes a domain configuration, enabled. `server` is the name under which devices reach this server.
///
/// # Errors
/// `ResourceAlreadyExistsException` when the name, or the domain in any account, is taken; `LimitExceededException`,
/// `CertificateValidationException` for a certificate of another account or region, `InvalidRequestException`, and
/// `NotImplementedException` for what the gateway cannot do.
pub async fn create_domain_configuration(
    deeds: &Deeds,
    realm: &RealmRecord,
    new: NewDomainConfiguration,
    server: &str,
) -> Result<DomainConfiguration, Fault> {
    let domain = match &new.domain_name {
        Some(given) => domain::checked(given, server)?,
        None => domain::generate(deeds.random(), &realm.region, server),
    };
    check_certificates(realm, &new)?;
    let mut settings = Settings {
        customer_domain: new.domain_name,
        server_certificate: new.server_certificates.into_iter().next(),
        validation_certificate: new.validation_certificate,
        ..Settings::default()
    };
    new.requested.apply(&mut settings)?;
    let made = DomainConfiguration {
        number: deeds.number().await?,
        name: new.name,
        domain,
        settings,
        enabled: true,
        changed_at: deeds.clock().now(),
        revision: 1,
    };
    let tries = Tries::default();
    loop {
        let outcome = create_once(deeds, realm, &made, &new.tags).await;
        if let Some(done) = tries.settle(outcome).await? {
            return Ok(done);
        }
    }
}

/// A domain of one's own needs a certificate, and one that is made has its own (API reference, CreateDomainConfiguration).
fn check_certificates(realm: &RealmRecord, new: &NewDomainConfiguration) -> Result<(), Fault> {
    if new.domain_name.is_none() {
        if !new.server_certificates.is_empty() {
            return Err(Fault::invalid("serverCertificateArns needs a domainName."));
        }
        if new.validation_certificate.is_some() {
            return Err(Fault::invalid("validationCertificateArn needs a domainName."));
        }
        return Ok(());
    }
    if new.server_certificates.is_empty() {
        return Err(Fault::invalid("A domainName needs serverCertificateArns."));
    }
    for arn in &new.server_certificates {
        check_certificate(realm, "serverCertificateArns", arn)?;
    }
    match &new.validation_certificate {
        Some(arn) => check_certificate(realm, "validationCertificateArn", arn),
        None => Ok(()),
    }
}

async fn create_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    made: &DomainConfiguration,
    tags: &Tags,
) -> Result<DomainConfiguration, Attempt> {
    let store = deeds.store();
    if let Some(existing) = rows::find(store, realm.realm, &made.name).await? {
        if existing.number == made.number {
            // This very one, whose commit was not answered.
            return Ok(existing);
        }
        return Err(Fault::new(
            Code::ResourceAlreadyExists,
            format!("Domain configuration {} already exists.", existing.name),
        )
        .with("resourceId", &existing.name)
        .with(
            "resourceArn",
            realm.arn(resource(&realm.account, &realm.region, &existing.name)),
        )
        .into());
    }
    if rows::by_domain(store, &made.domain).await?.is_some() {
        // Of which account is not said.
        return Err(Fault::new(
            Code::ResourceAlreadyExists,
            format!("Another domain configuration has the domainName {}.", made.domain),
        )
        .into());
    }
    if rows::count(store, realm.realm, DATA_ATS).await? >= LIMIT {
        return Err(Fault::new(
            Code::LimitExceeded,
            format!(
                "There are {LIMIT} domain configurations, the most that an account may have in a region."
            ),
        )
        .into());
    }
    let mut batch = Batch::new();
    rows::hold_realm(&mut batch, realm.realm);
    rows::insert(&mut batch, realm.realm, made, (DATA_ATS, LIMIT))?;
    tags::rows::insert(&mut batch, realm.realm, made.number, tags);
    // A name or a domain that was taken meanwhile makes a duplicate: the next try reads of it.
    deeds.commit(batch).await?;
    Ok(made.clone())
}
