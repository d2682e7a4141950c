//! Whether a device may be provisioned: who is asked before anything is made for it.

use std::collections::BTreeMap;

use super::rejection::Rejection;
use super::token::Token;
use super::{Claimant, hook};
use crate::Deeds;
use crate::provisioning_templates::ProvisioningTemplate;

/// A device that asks to be provisioned.
pub(super) struct Candidate<'a> {
    pub(super) claimant: &'a Claimant,
    pub(super) token: &'a Token,
    pub(super) template: &'a ProvisioningTemplate,
    /// As the device sent them.
    pub(super) parameters: BTreeMap<String, String>,
}

impl Candidate<'_> {
    /// Asks the template's hook, and gives back the parameters that count.
    ///
    /// # Errors
    /// `AccessDenied` unless everybody who is asked allows it.
    pub(super) async fn admit(self, deeds: &Deeds) -> Result<BTreeMap<String, String>, Rejection> {
        hook::ask(deeds, self).await
    }
}
