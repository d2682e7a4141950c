//! What becomes of a device whose certificate is registered when it first connects.

use thingsmith_model::TemplateName;
use thingsmith_ports::{Batch, Hold};

use crate::provisioning_templates::{self, TemplateKind};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// AWS's `RegistrationConfig`: a template's body with the role that it acts by, or the name of a template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistrationConfig {
    /// The text of a template.
    pub template_body: Option<String>,
    /// The role by which the template's resources are made.
    pub role_arn: Option<String>,
    /// The name of a template.
    pub template_name: Option<String>,
}

impl RegistrationConfig {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Checks what its members say. Whether the caller may hand the role over is for the edge.
    ///
    /// # Errors
    /// `InvalidRequestException` for members that do not go together and a body that is no template for just-in-time
    /// provisioning, naming the place.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let invalid = |what: &str| Err(Fault::invalid(format!("registrationConfig: {what}")));
        match (&self.template_body, &self.role_arn, &self.template_name) {
            (Some(_), _, Some(_)) => invalid("templateBody and templateName are both given; give one."),
            (Some(_), None, None) => invalid("templateBody needs roleArn."),
            (None, Some(_), None) => invalid("roleArn needs templateBody or templateName."),
            (Some(body), Some(_), None) => {
                let member = "registrationConfig.templateBody";
                provisioning_templates::checked(member, body, TemplateKind::Jitp).map(drop)
            }
            (None, None, None) | (None, _, Some(_)) => Ok(()),
        }
    }

    /// Holds the template that it names, which is not deleted while a CA certificate names it. The CA certificate's own
    /// steps come before.
    ///
    /// # Errors
    /// `ResourceNotFoundException` when there is no such template, `InvalidRequestException` for one of another type.
    pub(super) async fn hold_template(
        &self,
        deeds: &Deeds,
        realm: &RealmRecord,
        batch: &mut Batch,
    ) -> Result<(), Fault> {
        let Some(name) = &self.template_name else {
            return Ok(());
        };
        let name: TemplateName = name.parse()?;
        let template = provisioning_templates::rows::find(deeds.store(), realm.realm, &name)
            .await?
            .ok_or_else(|| provisioning_templates::not_found(name.as_str()))?;
        if template.kind != TemplateKind::Jitp {
            return Err(Fault::invalid(format!(
                "registrationConfig: provisioning template {name} is of the type {}, not JITP.",
                template.kind.as_str()
            )));
        }
        provisioning_templates::rows::hold(batch, realm.realm, template.number, Hold::Shared);
        Ok(())
    }
}
