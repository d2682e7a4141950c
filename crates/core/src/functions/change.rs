//! Changing and deleting a function.

use bytes::Bytes;
use thingsmith_ports::Batch;

use super::create::{check_limits, check_zip};
use super::{Environment, Function, FunctionName, environment, expect_revision, not_found, rows};
use crate::layers::{self, LayerVersionName};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tags;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// New code of a function.
#[derive(Debug, Clone)]
pub struct CodeUpdate {
    /// The zip file.
    pub zip: Bytes,
    /// `x86_64` or `arm64`; what it was if not given.
    pub architecture: Option<String>,
    /// The revision that the caller expects.
    pub revision: Option<String>,
    /// Checks everything and changes nothing.
    pub dry_run: bool,
}

/// What of a function's configuration changes; what is not given stays.
#[derive(Debug, Clone, Default)]
pub struct FunctionUpdate {
    /// The role by which it calls AWS.
    pub role_arn: Option<String>,
    /// What its code is written for.
    pub runtime: Option<String>,
    /// What of the code is called.
    pub handler: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// How long a call may take, in seconds.
    pub timeout_seconds: Option<i64>,
    /// The memory that it may take, in MiB.
    pub memory_mib: Option<i64>,
    /// The size of its `/tmp`, in MiB.
    pub storage_mib: Option<i64>,
    /// All its environment variables.
    pub environment: Option<Environment>,
    /// All its layers.
    pub layers: Option<Vec<LayerVersionName>>,
    /// The revision that the caller expects.
    pub revision: Option<String>,
}

/// Gives a function other code.
///
/// # Errors
/// `ResourceNotFoundException`, `InvalidRequestException` for what is no zip file or too large,
/// `PreconditionFailedException` when the revision is not the expected one.
pub async fn update_code(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &FunctionName,
    update: &CodeUpdate,
) -> Result<Function, Fault> {
    let code_sha256 = check_zip(&update.zip)?;
    let apply = |function: &mut Function| {
        function.code_sha256.clone_from(&code_sha256);
        function.code_bytes = i64::try_from(update.zip.len()).unwrap_or(i64::MAX);
        if let Some(architecture) = &update.architecture {
            function.architecture.clone_from(architecture);
        }
        Ok(())
    };
    let changing = Changing {
        name: name.within(realm)?,
        expected: update.revision.as_deref(),
        zip: Some(&update.zip),
        layers: None,
        dry_run: update.dry_run,
    };
    change(deeds, realm, &changing, apply).await
}

/// Changes the configuration of a function.
///
/// # Errors
/// `ResourceNotFoundException`, `InvalidRequestException` for what functions may not have, `PreconditionFailedException`
/// when the revision is not the expected one.
pub async fn update_configuration(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &FunctionName,
    update: &FunctionUpdate,
) -> Result<Function, Fault> {
    let apply = |function: &mut Function| {
        let texts = [
            (&mut function.role_arn, &update.role_arn),
            (&mut function.runtime, &update.runtime),
            (&mut function.handler, &update.handler),
            (&mut function.description, &update.description),
        ];
        for (own, given) in texts {
            if let Some(given) = given {
                own.clone_from(given);
            }
        }
        function.timeout_seconds = update.timeout_seconds.unwrap_or(function.timeout_seconds);
        function.memory_mib = update.memory_mib.unwrap_or(function.memory_mib);
        function.storage_mib = update.storage_mib.unwrap_or(function.storage_mib);
        check_limits(
            function.timeout_seconds,
            function.memory_mib,
            function.storage_mib,
        )?;
        if let Some(environment) = &update.environment {
            function.sealed_environment =
                environment::seal(&deeds.world().seal, function.number, environment)?;
        }
        Ok(())
    };
    let changing = Changing {
        name: name.within(realm)?,
        expected: update.revision.as_deref(),
        zip: None,
        layers: update.layers.as_deref(),
        dry_run: false,
    };
    change(deeds, realm, &changing, apply).await
}

/// A change of a function that is asked for.
struct Changing<'a> {
    name: &'a str,
    expected: Option<&'a str>,
    zip: Option<&'a Bytes>,
    layers: Option<&'a [LayerVersionName]>,
    dry_run: bool,
}

async fn change(
    deeds: &Deeds,
    realm: &RealmRecord,
    changing: &Changing<'_>,
    apply: impl Fn(&mut Function) -> Result<(), Fault>,
) -> Result<Function, Fault> {
    let tries = Tries::default();
    loop {
        let mut after = None;
        let outcome = change_once(deeds, realm, changing, &apply, &mut after, &tries).await;
        if tries.settle_change(deeds.store(), outcome).await?.is_some() {
            match after {
                Some(after) => return Ok(after),
                // An earlier try was the one that happened.
                None => return find(deeds, realm, changing.name).await,
            }
        }
    }
}

async fn change_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    changing: &Changing<'_>,
    apply: impl Fn(&mut Function) -> Result<(), Fault>,
    after: &mut Option<Function>,
    tries: &Tries,
) -> Result<(), Attempt> {
    let found = find(deeds, realm, changing.name).await?;
    expect_revision(changing.expected, &found.revision)?;
    let mut changed = Function {
        revision: deeds.uuid().to_string(),
        modified_at: deeds.clock().now(),
        ..found.clone()
    };
    apply(&mut changed)?;
    if let Some(names) = changing.layers {
        changed.layers = layers::for_function(deeds, realm, names).await?;
    }
    let changed = after.insert(changed);
    if changing.dry_run {
        return Ok(());
    }
    let mut batch = Batch::new();
    if changing.layers.is_some() {
        layers::rows::give(&mut batch, realm.realm, found.number, &changed.layers);
    }
    rows::update(&mut batch, realm.realm, changed, &found.revision);
    if let Some(zip) = changing.zip {
        rows::set_code(&mut batch, realm.realm, found.number, &changed.code_sha256, zip);
    }
    if changing.layers.is_some() {
        layers::rows::sweep(&mut batch, realm.realm);
    }
    let change = Change::Function(found.number);
    deeds.commit_change(batch, realm.realm, change, tries).await
}

/// Deletes a function, its code and its policy. Calls that are under way go on.
///
/// # Errors
/// `ResourceNotFoundException`
pub async fn delete_function(deeds: &Deeds, realm: &RealmRecord, name: &FunctionName) -> Result<(), Fault> {
    let name = name.within(realm)?;
    let tries = Tries::default();
    tries
        .change(deeds.store(), || delete_once(deeds, realm, name, &tries))
        .await
}

async fn delete_once(deeds: &Deeds, realm: &RealmRecord, name: &str, tries: &Tries) -> Result<(), Attempt> {
    let found = find(deeds, realm, name).await?;
    let mut batch = Batch::new();
    layers::rows::take_all(&mut batch, realm.realm, found.number);
    rows::delete(&mut batch, realm.realm, found.number);
    layers::rows::sweep(&mut batch, realm.realm);
    tags::rows::delete_all(&mut batch, realm.realm, found.number);
    let change = Change::Function(found.number);
    deeds.commit_change(batch, realm.realm, change, tries).await
}

/// The function of a name. One of the operator's configuration is there and cannot be changed.
pub(super) async fn find(deeds: &Deeds, realm: &RealmRecord, name: &str) -> Result<Function, Fault> {
    if let Some(found) = rows::find(deeds.store(), realm.realm, name).await? {
        return Ok(found);
    }
    Err(match deeds.known_functions().configured(realm, name) {
        Some(_) => Fault::invalid(format!(
            "The function {name} stands in the server's configuration, where alone it can be changed."
        )),
        None => not_found(realm, name),
    })
}
