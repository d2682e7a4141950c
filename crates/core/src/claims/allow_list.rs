//! Saying which serial numbers a provisioning template takes.

use std::collections::BTreeMap;

use thingsmith_model::TemplateName;
use thingsmith_ports::{Batch, Hold};

use super::{AllowedSerialNumber, rows};
use crate::outbox::Change;
use crate::provisioning_templates::{self as templates, ProvisioningTemplate};
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// Most serial numbers that are allowed or disallowed at once.
pub const AT_ONCE: usize = 1000;
/// Most characters of a parameter, and of its value (API reference, `RegisterThing`).
const KEY: usize = 2048;
const VALUE: usize = 4096;
/// Most characters of a batch's name.
const BATCH: usize = 128;

/// What an allow list came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// How many serial numbers are on it now.
    pub total: i64,
}

/// Allows serial numbers, and turns the template's allow list on: from now on a device is registered with this template by
/// claim only if `parameter` is one of them. What was said of the same serial numbers before is replaced.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such template; `InvalidRequestException` for more than
/// [`AT_ONCE`], and for what is empty or too long.
pub async fn allow(
    deeds: &Deeds,
    realm: &RealmRecord,
    template: &TemplateName,
    parameter: &str,
    allowed: &[AllowedSerialNumber],
) -> Result<Allowed, Fault> {
    check_text("parameter", parameter, KEY)?;
    check_number(allowed.len())?;
    for it in allowed {
        check_serial_number(&it.serial_number)?;
        if let Some(batch) = &it.batch {
            check_batch(batch)?;
        }
    }
    // In one order, so that no two batches wait for each other; of one that is named twice the later counts.
    let allowed: BTreeMap<&str, &AllowedSerialNumber> =
        allowed.iter().map(|it| (it.serial_number.as_str(), it)).collect();
    change(deeds, realm, template, |batch, template| {
        rows::set_allow_list(batch, realm.realm, template.number, parameter);
        for it in allowed.values() {
            rows::allow(batch, realm.realm, template.number, it);
        }
    })
    .await
}

/// Takes serial numbers from a template's allow list, which stays on, even when it is empty: then no device passes.
///
/// # Errors
/// As [`allow`].
pub async fn disallow(
    deeds: &Deeds,
    realm: &RealmRecord,
    template: &TemplateName,
    serial_numbers: &[String],
) -> Result<Allowed, Fault> {
    check_number(serial_numbers.len())?;
    let mut sorted: Vec<&String> = serial_numbers.iter().collect();
    sorted.sort_unstable();
    change(deeds, realm, template, |batch, template| {
        for serial_number in &sorted {
            rows::disallow(batch, realm.realm, template.number, serial_number);
        }
    })
    .await
}

/// Turns a template's allow list off and forgets its serial numbers.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such template.
pub async fn remove_allow_list(
    deeds: &Deeds,
    realm: &RealmRecord,
    template: &TemplateName,
) -> Result<Allowed, Fault> {
    change(deeds, realm, template, |batch, template| {
        rows::delete_allow_list(batch, realm.realm, template.number);
    })
    .await
}

async fn change(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &TemplateName,
    steps: impl Fn(&mut Batch, &ProvisioningTemplate),
) -> Result<Allowed, Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || change_once(deeds, realm, name, &steps, &tries))
        .await?;
    let template = find(deeds, realm, name).await?;
    let total = rows::count_allowed(deeds.store(), realm.realm, template.number).await?;
    Ok(Allowed { total })
}

async fn change_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &TemplateName,
    steps: &impl Fn(&mut Batch, &ProvisioningTemplate),
    tries: &Tries,
) -> Result<(), Attempt> {
    let template = find(deeds, realm, name).await?;
    let mut batch = Batch::new();
    // So that nothing is left of a template that is deleted meanwhile.
    templates::rows::hold(&mut batch, realm.realm, template.number, Hold::Shared);
    steps(&mut batch, &template);
    deeds
        .commit_change(batch, realm.realm, Change::Unseen(template.number), tries)
        .await
}

async fn find(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &TemplateName,
) -> Result<ProvisioningTemplate, Fault> {
    templates::rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| templates::not_found(name.as_str()))
}

/// Checks that a text can be a serial number, for whoever says many in parts and would not have the first count and a later
/// one refused.
///
/// # Errors
/// `InvalidRequestException` for one that is empty, too long or has control characters.
pub fn check_serial_number(text: &str) -> Result<(), Fault> {
    check_text("serialNumber", text, VALUE)
}

/// Checks the name of a batch.
pub(super) fn check_batch(text: &str) -> Result<(), Fault> {
    check_text("batch", text, BATCH)
}

fn check_number(number: usize) -> Result<(), Fault> {
    match number {
        1..=AT_ONCE => Ok(()),
        _ => Err(Fault::invalid(format!(
            "{number} serial numbers are given; 1 to {AT_ONCE} may be."
        ))),
    }
}

fn check_text(member: &str, text: &str, most: usize) -> Result<(), Fault> {
    match text.chars().count() {
        0 => Err(Fault::invalid(format!("{member} is empty."))),
        length if length > most => Err(Fault::invalid(format!(
            "{member} has {length} characters; {most} are allowed."
        ))),
        _ if text.chars().any(char::is_control) => Err(Fault::invalid(format!(
            "{member} {text:?} has control characters."
        ))),
        _ => Ok(()),
    }
}
