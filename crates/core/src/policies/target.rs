//! What a policy can be attached to.

use thingsmith_ports::{Batch, Hold};

use crate::certificates::{self, Certificate};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::thing_groups::{self, ThingGroup};
use crate::{Deeds, Fault};

/// Policies that a certificate may have (AWS's quota "Maximum number of policies that can be attached to a certificate
/// or Amazon Cognito identity").
pub(crate) const POLICIES_PER_CERTIFICATE: i64 = 10;
/// Policies that a thing group may have (AWS's quota "Maximum number of policies that can be attached to a thing group",
/// in the guide of 2022).
const POLICIES_PER_GROUP: i64 = 2;

/// What a policy can be attached to: a certificate or a thing group. (Cognito identities can be too, but there are none.)
#[derive(Debug, Clone)]
pub(super) enum Target {
    Certificate(Certificate),
    ThingGroup(ThingGroup),
}

impl Target {
    /// The target that an ARN names.
    pub(super) async fn find(deeds: &Deeds, realm: &RealmRecord, target: &str) -> Result<Self, Fault> {
        if let Some(group) = thing_groups::find_target(deeds, realm, target).await? {
            return Ok(Self::ThingGroup(group));
        }
        certificates::find_principal(deeds, realm, target)
            .await
            .map(Self::Certificate)
    }

    /// Refuses what can be given no policy at this time: a certificate on its way to another account.
    pub(super) fn check_attachable(&self) -> Result<(), Fault> {
        match self {
            Self::Certificate(certificate) => certificates::check_attachable(certificate),
            Self::ThingGroup(_) => Ok(()),
        }
    }

    pub(super) fn number(&self) -> i64 {
        match self {
            Self::Certificate(certificate) => certificate.number,
            Self::ThingGroup(group) => group.number,
        }
    }

    /// How many policies it may have.
    pub(super) fn limit(&self) -> i64 {
        match self {
            Self::Certificate(_) => POLICIES_PER_CERTIFICATE,
            Self::ThingGroup(_) => POLICIES_PER_GROUP,
        }
    }

    /// Holds its row. It comes before the policy's, so that two batches never wait for each other.
    pub(super) fn hold(&self, batch: &mut Batch, realm: &RealmRecord, hold: Hold) {
        match self {
            Self::Certificate(certificate) => {
                certificates::rows::hold(batch, realm.realm, certificate.number, hold);
            }
            Self::ThingGroup(group) => thing_groups::rows::hold(batch, realm.realm, group.number, hold),
        }
    }

    /// The change that gateways hear of when its policies are others.
    pub(super) fn change(&self) -> Change {
        match self {
            Self::Certificate(certificate) => Change::Certificate(certificate.number),
            Self::ThingGroup(group) => Change::ThingGroup(group.number),
        }
    }
}
