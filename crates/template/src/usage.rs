//! The ways in which a template is used, and what each asks of it.

use crate::error::TemplateError;
use crate::expression::Expression;
use crate::place::ROOT;
use crate::resources::Source;
use crate::template::Template;
use crate::values::certificate;

/// What a template is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Just-in-time provisioning: the certificate is that of the device that connects.
    JustInTime,
    /// Fleet provisioning: the certificate was issued to the device before.
    Fleet,
    /// `RegisterThing` and bulk registration: the template comes with the request and may name its certificate in any way.
    Given,
}

impl Template {
    /// Checks what the kind of template asks for beyond the language (guide, "Just-in-time provisioning" and "Provisioning
    /// templates").
    ///
    /// # Errors
    /// [`TemplateError::Use`] naming the certificate.
    pub fn check_for(&self, usage: Use) -> Result<(), TemplateError> {
        const BY_REF: &str =
            "an AWS::IoT::Certificate by its CertificateId {\"Ref\":\"AWS::IoT::Certificate::Id\"}";
        let (expected, named) = match usage {
            Use::Given => return Ok(()),
            Use::JustInTime => (BY_REF, "just-in-time provisioning"),
            Use::Fleet => ("by its CertificateId", "fleet provisioning"),
        };
        let resources = ROOT.member("Resources");
        let place = match (&self.certificate, usage) {
            (None, Use::JustInTime) => "one of Resources".to_owned(),
            (None, _) => return Ok(()),
            (Some(found), _) => {
                let is_fit = match (&found.resource.source, usage) {
                    (Source::Id(Expression::Ref(name)), Use::JustInTime) => name == certificate::ID,
                    (Source::Id(_), Use::Fleet) => true,
                    _ => false,
                };
                if is_fit {
                    return Ok(());
                }
                resources.member(&found.logical_name).to_string()
            }
        };
        Err(TemplateError::Use {
            place,
            expected,
            usage: named,
        })
    }
}
