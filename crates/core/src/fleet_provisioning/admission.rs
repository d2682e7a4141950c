//! Whether a device may be provisioned: who is asked before anything is made for it.

use std::collections::BTreeMap;

use super::rejection::{Rejection, Step};
use super::token::Given;
use super::{Claimant, hook};
use crate::Deeds;
use crate::claims::rows::Guards;
use crate::claims::{self, Passed};
use crate::provisioning_templates::ProvisioningTemplate;

/// A device that asks to be provisioned.
pub(super) struct Candidate<'a> {
    pub(super) claimant: &'a Claimant,
    pub(super) given: &'a Given,
    pub(super) template: &'a ProvisioningTemplate,
    /// As the device sent them.
    pub(super) parameters: BTreeMap<String, String>,
}

impl Candidate<'_> {
    /// Asks the template's allow list, the claim's limit and the template's hook, and gives back the parameters that count.
    /// `guards` were read with the template.
    ///
    /// # Errors
    /// `AccessDenied` unless everybody who is asked allows it.
    pub(super) async fn admit(
        self,
        deeds: &Deeds,
        guards: Guards,
    ) -> Result<(BTreeMap<String, String>, Passed), Rejection> {
        let Claimant {
            realm,
            certificate_id,
            ..
        } = self.claimant;
        let (template, claim) = (self.template, *certificate_id);
        let passed = claims::check(deeds, realm, template, claim, guards, &self.parameters).await;
        let passed = passed.map_err(|fault| Rejection::from_fault(Step::Admission, fault))?;
        Ok((hook::ask(deeds, self).await?, passed))
    }
}
