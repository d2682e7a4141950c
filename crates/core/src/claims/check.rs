//! Whether a device may be registered by a claim, and counting that it was.

use std::collections::BTreeMap;

use thingsmith_model::{CertificateId, Timestamp};
use thingsmith_ports::Batch;

use super::{ClaimLimit, rows};
use crate::provisioning_templates::ProvisioningTemplate;
use crate::realms::RealmRecord;
use crate::{Code, Deeds, Fault};

/// Into how many rows a claim's count is spread.
const STRIPES: i64 = 16;

/// A registration by a claim that nothing here speaks against.
#[derive(Debug, Clone)]
pub struct Passed {
    claim: CertificateId,
    /// The number of the template.
    template: i64,
    /// The claim's limit and what was counted before.
    limited: Option<(ClaimLimit, i64)>,
}

/// Checks a registration by a claim before anything is done for it, by what the store said of both with the template
/// (`provisioning_templates::rows::find_guarded`): the serial number among its parameters, as the device gave them, where the
/// template has an allow list; and the claim's count, where its limit refuses.
///
/// # Errors
/// `AccessDeniedException` saying which serial number or claim, and why.
pub async fn check(
    deeds: &Deeds,
    realm: &RealmRecord,
    template: &ProvisioningTemplate,
    claim: CertificateId,
    guards: rows::Guards,
    parameters: &BTreeMap<String, String>,
) -> Result<Passed, Fault> {
    let rows::Guards { parameter, limited } = guards;
    check_limit(limited.as_ref())?;
    if let Some(parameter) = parameter {
        let batch = limited.as_ref().and_then(|(limit, _)| limit.batch.as_deref());
        check_serial_number(deeds, realm, template, &parameter, batch, parameters).await?;
    }
    Ok(Passed {
        claim,
        template: template.number,
        limited,
    })
}

fn check_limit(limited: Option<&(ClaimLimit, i64)>) -> Result<(), Fault> {
    match limited {
        Some((limit, registrations)) if limit.refuse && *registrations >= limit.devices => {
            Err(denied(format!(
                "Claim {} was used for {registrations} registrations, as many as it may.",
                limit.claim
            )))
        }
        _ => Ok(()),
    }
}

async fn check_serial_number(
    deeds: &Deeds,
    realm: &RealmRecord,
    template: &ProvisioningTemplate,
    parameter: &str,
    batch: Option<&str>,
    parameters: &BTreeMap<String, String>,
) -> Result<(), Fault> {
    let Some(serial_number) = parameters.get(parameter) else {
        return Err(denied(format!(
            "The parameter {parameter}, which the allow list of template {} asks for, is not given.",
            template.name
        )));
    };
    let found = rows::allowed(deeds.store(), realm.realm, template.number, serial_number).await?;
    let on_the_list = found.filter(|found| {
        let in_time = found.expires_at.is_none_or(|at| deeds.clock().now() < at);
        in_time && batch.is_none_or(|batch| found.batch.as_deref() == Some(batch))
    });
    // One sentence for all: a stranger does not learn which serial numbers there are in other batches.
    match on_the_list {
        Some(_) => Ok(()),
        None => Err(denied(format!(
            "{parameter} {serial_number:?} is not on the allow list of template {}.",
            template.name
        ))),
    }
}

fn denied(message: String) -> Fault {
    Fault::new(Code::AccessDenied, message)
}

impl Passed {
    /// Looks at the claim's limit again, after a batch was refused that counts.
    ///
    /// # Errors
    /// As [`check`].
    pub(crate) async fn again(&self, deeds: &Deeds, realm: &RealmRecord) -> Result<Self, Fault> {
        let found = rows::guards(deeds.store(), realm.realm, self.template, &self.claim).await?;
        check_limit(found.limited.as_ref())?;
        Ok(Self {
            limited: found.limited,
            ..self.clone()
        })
    }

    /// Counts the registration, in the batch that makes it; `number` is that of the device's certificate. If the claim's
    /// limit refuses, the batch fails at a guard when others were faster; then the check is to be made anew.
    pub(crate) fn count(&self, batch: &mut Batch, realm: &RealmRecord, number: i64, at: Timestamp) {
        let stripe = number.rem_euclid(STRIPES);
        match &self.limited {
            Some((limit, _)) if limit.refuse => {
                rows::count_within_limit(batch, realm.realm, &self.claim, stripe, at);
            }
            _ => rows::count(batch, realm.realm, &self.claim, stripe, at),
        }
    }

    /// Reports, once the batch is durable, a claim that was used more often than there are devices that carry it. Of
    /// registrations that happen at once each counts those before it alone, so that the first report may come a few late;
    /// the audit counts them all.
    pub(crate) fn report(&self, deeds: &Deeds, realm: &RealmRecord) {
        let Some((limit, before)) = &self.limited else {
            return;
        };
        let registrations = before + 1;
        if registrations > limit.devices {
            deeds.metrics().claim_over_limit();
            tracing::warn!(
                account = %realm.account,
                region = %realm.region,
                claim = %self.claim,
                registrations,
                devices = limit.devices,
                "a claim was used for more registrations than there are devices that carry it"
            );
        }
    }
}
