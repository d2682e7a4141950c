//! What a command asks and tells a running server about claims.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thingsmith_core::claims::{self, Allowed, AllowedSerialNumber, ClaimLimit, ClaimUse};
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::{Deeds, iso8601};
use thingsmith_model::{Account, CertificateId, Region, TemplateName, Timestamp};

/// In which account and region; the server's own where nothing is said.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) account: Option<String>,
    pub(crate) region: Option<String>,
}

/// What a command asks or tells.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClaimQuestion {
    /// These serial numbers may be registered with a template.
    Allow {
        template: String,
        parameter: String,
        serial_numbers: Vec<String>,
        batch: Option<String>,
        expires: Option<Expires>,
    },
    /// These may not any more.
    Disallow {
        template: String,
        serial_numbers: Vec<String>,
    },
    /// The template has no allow list any more.
    AllowAll { template: String },
    /// So many devices carry a claim.
    Limit {
        claim: String,
        devices: u32,
        batch: Option<String>,
        refuse: bool,
    },
    /// How many devices carry a claim is not known any more.
    Unlimit { claim: String },
    /// A page of what was registered by which claim, after a claim.
    Audit { after: Option<String> },
}

/// When a serial number is not allowed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Expires {
    /// At a time, in seconds since the epoch.
    At(i64),
    /// So many seconds from now.
    In(u64),
}

/// Answers a question, each line an object, or says why not.
pub(super) async fn answer(
    deeds: &Deeds,
    home: (&Account, &Region),
    about: About,
    question: ClaimQuestion,
) -> Result<Vec<Value>, String> {
    let realm = realm(deeds, home, about).await?;
    let total = |allowed: Allowed| vec![json!({"total": allowed.total})];
    match question {
        ClaimQuestion::Allow {
            template,
            parameter,
            serial_numbers,
            batch,
            expires,
        } => {
            let now = deeds.clock().now();
            let expires_at = expires.map(|expires| match expires {
                Expires::At(seconds) => Timestamp::from_seconds(seconds),
                Expires::In(seconds) => now.plus(Duration::from_secs(seconds)),
            });
            let allowed: Vec<AllowedSerialNumber> = serial_numbers
                .into_iter()
                .map(|serial_number| AllowedSerialNumber {
                    serial_number,
                    batch: batch.clone(),
                    expires_at,
                })
                .collect();
            let template = name(&template)?;
            let done = claims::allow(deeds, &realm, &template, &parameter, &allowed).await;
            done.map(total).map_err(|fault| fault.message)
        }
        ClaimQuestion::Disallow {
            template,
            serial_numbers,
        } => {
            let done = claims::disallow(deeds, &realm, &name(&template)?, &serial_numbers).await;
            done.map(total).map_err(|fault| fault.message)
        }
        ClaimQuestion::AllowAll { template } => {
            let done = claims::remove_allow_list(deeds, &realm, &name(&template)?).await;
            done.map(total).map_err(|fault| fault.message)
        }
        ClaimQuestion::Limit {
            claim,
            devices,
            batch,
            refuse,
        } => {
            let limit = ClaimLimit {
                claim: id(&claim)?,
                devices: i64::from(devices),
                batch,
                refuse,
            };
            let done = claims::limit(deeds, &realm, &limit).await;
            done.map(|()| Vec::new()).map_err(|fault| fault.message)
        }
        ClaimQuestion::Unlimit { claim } => {
            let done = claims::unlimit(deeds, &realm, &id(&claim)?).await;
            done.map(|()| Vec::new()).map_err(|fault| fault.message)
        }
        ClaimQuestion::Audit { after } => {
            let after = after.as_deref().map(id).transpose()?;
            let found = claims::audit(deeds, &realm, after).await;
            let found = found.map_err(|cause| cause.to_string())?;
            Ok(found.iter().map(line).collect())
        }
    }
}

async fn realm(
    deeds: &Deeds,
    (account, region): (&Account, &Region),
    about: About,
) -> Result<std::sync::Arc<RealmRecord>, String> {
    let account = match about.account {
        Some(given) => given.parse().map_err(wrong)?,
        None => account.clone(),
    };
    let region = match about.region {
        Some(given) => given.parse().map_err(wrong)?,
        None => region.clone(),
    };
    deeds.realm(&account, &region).await.map_err(wrong)
}

fn name(text: &str) -> Result<TemplateName, String> {
    text.parse().map_err(wrong)
}

fn id(text: &str) -> Result<CertificateId, String> {
    text.parse().map_err(wrong)
}

fn wrong(cause: impl std::fmt::Display) -> String {
    cause.to_string()
}

fn line(found: &ClaimUse) -> Value {
    let limit = found.limit.as_ref();
    json!({
        "claim": found.claim.to_string(),
        "registrations": found.registrations,
        "firstAt": iso8601(found.first_at),
        "lastAt": iso8601(found.last_at),
        "devices": limit.map(|limit| limit.devices),
        "batch": limit.and_then(|limit| limit.batch.as_deref()),
        "refuse": limit.map(|limit| limit.refuse),
        "over": found.is_over(),
    })
}
