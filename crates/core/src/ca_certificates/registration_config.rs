//! What becomes of a device whose certificate is registered when it first connects.

use crate::Fault;

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

    /// Checks what can be checked before a device connects. Whether the caller may hand the role over is for the edge.
    ///
    /// # Errors
    /// `InvalidRequestException` for members that do not go together and a body that is no JSON object;
    /// `ResourceNotFoundException` for the name of a template that is not there.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let invalid = |what: &str| Err(Fault::invalid(format!("registrationConfig: {what}")));
        match (&self.template_body, &self.role_arn, &self.template_name) {
            (None, None, None) => Ok(()),
            (Some(_), _, Some(_)) => invalid("templateBody and templateName are both given; give one."),
            (Some(_), None, None) => invalid("templateBody needs roleArn."),
            (None, Some(_), None) => invalid("roleArn needs templateBody or templateName."),
            (Some(body), Some(_), None) => {
                let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(body);
                object
                    .map(drop)
                    .or_else(|_| invalid("templateBody is not a JSON object."))
            }
            // There are no templates yet.
            (None, _, Some(name)) => Err(Fault::not_found(format!("Template {name} not found."))),
        }
    }
}
