//! What callers ask to have logged, and by which role. It is kept and told; this server writes its own log whatever they
//! ask.

pub mod rows;

use thingsmith_ports::Batch;

use crate::outbox::Change;
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// The logging options of a realm; what was never set is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The role that writes the logs.
    pub role_arn: Option<String>,
    /// Whether nothing is logged.
    pub disabled: Option<bool>,
    /// Settings of kinds of events, as JSON.
    pub events: Option<String>,
    /// The role of the first version of these options.
    pub first_role_arn: Option<String>,
    /// The level of the first version of these options.
    pub first_level: Option<String>,
}

/// What a level is set for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// AWS's word: `THING_GROUP` for instance.
    pub kind: String,
    /// Its name; empty for `DEFAULT`.
    pub name: String,
}

/// The type of everything that has no level of its own.
pub const DEFAULT: &str = "DEFAULT";

impl Target {
    /// Everything that has no level of its own.
    pub fn default_target() -> Self {
        Self {
            kind: DEFAULT.into(),
            name: String::new(),
        }
    }
}

/// The logging options, and the level of what has none of its own.
///
/// # Errors
/// When the store fails.
pub async fn options(deeds: &Deeds, realm: &RealmRecord) -> Result<(Options, Option<String>), Fault> {
    let options = rows::options(deeds.store(), realm.realm).await?;
    let level = rows::level(deeds.store(), realm.realm, &Target::default_target()).await?;
    Ok((options, level))
}

/// Changes the options that are given and, where it is given, the level of what has none of its own; the others stay.
///
/// # Errors
/// `InvalidRequestException` when there is no role yet and none is given.
pub async fn set_options(
    deeds: &Deeds,
    realm: &RealmRecord,
    given: &Options,
    level: Option<&str>,
) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || {
            set_options_once(deeds, realm, given, level, &tries)
        })
        .await
}

async fn set_options_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    given: &Options,
    level: Option<&str>,
    tries: &Tries,
) -> Result<(), Attempt> {
    if given.role_arn.is_none() && given.first_role_arn.is_none() {
        let kept = rows::options(deeds.store(), realm.realm).await?;
        if kept.role_arn.is_none() {
            return Err(Fault::invalid("roleArn is needed, since no role was ever given.").into());
        }
    }
    let mut batch = Batch::new();
    rows::put_options(&mut batch, realm.realm, given);
    if let Some(level) = level {
        rows::put_level(&mut batch, realm.realm, &Target::default_target(), level);
    }
    deeds
        .commit_change(batch, realm.realm, Change::Unseen(realm.realm.0), tries)
        .await
}

/// Sets the level of a target.
///
/// # Errors
/// `NotConfiguredException` before there are logging options.
pub async fn set_level(
    deeds: &Deeds,
    realm: &RealmRecord,
    target: &Target,
    level: &str,
) -> Result<(), Fault> {
    configured(deeds, realm).await?;
    change(deeds, realm, target, Some(level)).await
}

/// Takes away a target's level; one that has none is left as it is.
///
/// # Errors
/// When the store fails.
pub async fn delete_level(deeds: &Deeds, realm: &RealmRecord, target: &Target) -> Result<(), Fault> {
    change(deeds, realm, target, None).await
}

async fn change(
    deeds: &Deeds,
    realm: &RealmRecord,
    target: &Target,
    level: Option<&str>,
) -> Result<(), Fault> {
    let tries = Tries::default();
    loop {
        let mut batch = Batch::new();
        match level {
            Some(level) => rows::put_level(&mut batch, realm.realm, target, level),
            None => rows::delete_level(&mut batch, realm.realm, target),
        }
        let change = Change::Unseen(realm.realm.0);
        let outcome = deeds.commit_change(batch, realm.realm, change, &tries).await;
        if let Some(done) = tries.settle_change(deeds.store(), outcome).await? {
            return Ok(done);
        }
    }
}

/// Lists targets with their levels, of one type where one is given.
///
/// # Errors
/// `NotConfiguredException` before there are logging options, `InvalidRequestException` for a token that is not of this
/// list.
pub async fn list_levels(
    deeds: &Deeds,
    realm: &RealmRecord,
    kind: Option<&str>,
    page: &PageRequest,
) -> Result<Page<(Target, String)>, Fault> {
    configured(deeds, realm).await?;
    let list = format!("ListV2LoggingLevels {}", kind.unwrap_or_default());
    let after: Option<(String, String)> = page.place(deeds, realm.realm, &list)?;
    let after = after.unwrap_or_default();
    let found = rows::page(
        deeds.store(),
        realm.realm,
        kind,
        (&after.0, &after.1),
        page.limit_and_one(),
    )
    .await?;
    page.cut(deeds, realm.realm, &list, found, |(target, _)| {
        (target.kind.clone(), target.name.clone())
    })
}

async fn configured(deeds: &Deeds, realm: &RealmRecord) -> Result<(), Fault> {
    let options = rows::options(deeds.store(), realm.realm).await?;
    if options.role_arn.is_none() {
        return Err(not_configured());
    }
    Ok(())
}

/// The answer before there are logging options.
pub fn not_configured() -> Fault {
    Fault::new(
        Code::NotConfigured,
        "Logging is not configured: SetV2LoggingOptions was never called.",
    )
}
