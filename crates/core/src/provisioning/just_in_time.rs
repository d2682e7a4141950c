//! Provisioning a device on its first connection (guide, "Just-in-time provisioning").

use std::fmt;
use std::sync::Arc;

use thingsmith_template::{Template, Values, certificate};
use thingsmith_x509::{self as x509, NameAttribute};

use super::{Bearer, Registered, register_thing};
use crate::acting::ActingRole;
use crate::ca_certificates::CaCertificate;
use crate::certificates::Certificate;
use crate::fault::sentence;
use crate::provisioning_templates::{self as templates, TemplateKind};
use crate::realms::RealmRecord;
use crate::{Code, Deeds, Fault};

/// Why a device was not provisioned.
#[derive(Debug)]
pub struct NotProvisioned {
    /// How far it came.
    pub step: Step,
    /// What was wrong there.
    pub fault: Fault,
}

/// The steps of provisioning a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Finding the template that the CA certificate names.
    Template,
    /// Giving the template's parameters the values of the certificate's subject.
    Parameters,
    /// Assuming the role.
    Role,
    /// Registering the template's resources.
    Resources,
}

impl Step {
    /// Its name, as in the decision records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Template => "template",
            Self::Parameters => "parameters",
            Self::Role => "role",
            Self::Resources => "resources",
        }
    }
}

impl NotProvisioned {
    /// Whether it is the server's failure, not that of the template, its role or the device. Then nothing is known of what
    /// stands in the registry.
    pub fn is_ours(&self) -> bool {
        matches!(
            self.fault.code,
            Code::InternalFailure | Code::ServiceUnavailable | Code::Throttling
        )
    }
}

impl fmt::Display for NotProvisioned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(f)
    }
}

/// Registers what the template of a CA certificate says for a device that shows a certificate signed by it, as one batch.
/// `record` is the certificate as it is registered, or as its auto registration would register it.
///
/// # Errors
/// The step that failed and what was wrong. Nothing was changed then.
pub(crate) async fn provision_just_in_time(
    deeds: &Deeds,
    realm: &RealmRecord,
    shown: &x509::Certificate,
    record: &Certificate,
    signer: &CaCertificate,
) -> Result<Registered, NotProvisioned> {
    let at = |step: Step| move |fault: Fault| NotProvisioned { step, fault };
    let (template, role_arn) = find_template(deeds, realm, signer)
        .await
        .map_err(at(Step::Template))?;
    let plan = template
        .resolve(&values(&template, shown, record))
        .map_err(|wrong| NotProvisioned {
            step: Step::Parameters,
            fault: Fault::invalid(sentence(&wrong)),
        })?;
    // As much of the certificate's id as tells it from others in a refusal that is meant to be read.
    let session = format!("JITP-{:.16}", record.id.to_string());
    let actor = ActingRole::assume(deeds, realm, "roleArn", &role_arn, SERVICE, &session)
        .await
        .map_err(at(Step::Role))?;
    let bearer = Bearer::JustInTime { record, signer };
    register_thing(deeds, realm, &actor, &plan, bearer)
        .await
        .map_err(at(Step::Resources))
}

/// The service as which a role is assumed.
const SERVICE: &str = "iot.amazonaws.com";

/// The template of a CA certificate, and the role by which its resources are made.
async fn find_template(
    deeds: &Deeds,
    realm: &RealmRecord,
    signer: &CaCertificate,
) -> Result<(Arc<Template>, String), Fault> {
    let config = &signer.registration_config;
    let Some(name) = &config.template_name else {
        let template = templates::of_ca(deeds, signer)?;
        return template
            .zip(config.role_arn.clone())
            .ok_or_else(|| Fault::invalid("The CA certificate names no template."));
    };
    let found = templates::rows::find(deeds.store(), realm.realm, &name.parse()?).await?;
    let found = found.ok_or_else(|| templates::not_found(name))?;
    if found.kind != TemplateKind::Jitp {
        return Err(Fault::invalid(format!(
            "Provisioning template {name} is of the type {}, not JITP.",
            found.kind.as_str()
        )));
    }
    if !found.enabled {
        return Err(Fault::invalid(format!(
            "Provisioning template {name} is not enabled."
        )));
    }
    let template = templates::in_force(deeds, realm, &found).await?;
    // Its default version is another by now; the device's next connection finds that.
    let template = template.ok_or_else(|| templates::not_found(name))?;
    Ok((template, config.role_arn.clone().unwrap_or(found.role_arn)))
}

/// What a template knows of a certificate. Of an attribute that the subject has several times the first counts. The serial
/// number is the subject's, else the parameter's default, else that of the certificate itself in decimal: the guide speaks of
/// the subject alone, AWS's own sample names its things after the last.
fn values(template: &Template, shown: &x509::Certificate, record: &Certificate) -> Values {
    let subject = shown.subject();
    let known = ATTRIBUTES.iter().filter_map(|(name, kind)| {
        let value = subject.values(kind).next()?;
        Some((*name, value))
    });
    let mut values = known.fold(
        Values::default().with_pseudo_parameter(certificate::ID, record.id.to_string()),
        |values, (name, value)| values.with_pseudo_parameter(name, value),
    );
    let has_default = template
        .parameters()
        .iter()
        .any(|parameter| parameter.name == certificate::SERIAL_NUMBER && parameter.default.is_some());
    if values.get(certificate::SERIAL_NUMBER).is_none() && !has_default {
        values = values.with_pseudo_parameter(certificate::SERIAL_NUMBER, shown.serial_number_decimal());
    }
    values
}

const ATTRIBUTES: [(&str, NameAttribute); 7] = [
    (certificate::COUNTRY, NameAttribute::Country),
    (certificate::ORGANIZATION, NameAttribute::Organization),
    (
        certificate::ORGANIZATIONAL_UNIT,
        NameAttribute::OrganizationalUnit,
    ),
    (
        certificate::DISTINGUISHED_NAME_QUALIFIER,
        NameAttribute::DistinguishedNameQualifier,
    ),
    (certificate::STATE_NAME, NameAttribute::State),
    (certificate::COMMON_NAME, NameAttribute::CommonName),
    (certificate::SERIAL_NUMBER, NameAttribute::SerialNumber),
];
