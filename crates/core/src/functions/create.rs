//! Making a function.

use aws_lc_rs::digest;
use bytes::Bytes;
use thingsmith_ports::{Batch, StoreError};

use super::{Environment, Function, MOST_CODE_BYTES, arn, environment, rows};
use crate::layers::{self, LayerVersionName};
use crate::realms::RealmRecord;
use crate::tags::{self, Tags};
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// The settings of a new function.
#[derive(Debug, Clone)]
pub struct NewFunction {
    /// Its name.
    pub name: String,
    /// The role by which it calls AWS. Whether the caller may hand it over was decided before.
    pub role_arn: String,
    /// What its code is written for.
    pub runtime: String,
    /// What of the code is called.
    pub handler: String,
    /// What it is for.
    pub description: String,
    /// How long a call may take, in seconds.
    pub timeout_seconds: i64,
    /// The memory that it may take, in MiB.
    pub memory_mib: i64,
    /// The size of its `/tmp`, in MiB.
    pub storage_mib: i64,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// Its environment variables.
    pub environment: Environment,
    /// Its zip file.
    pub zip: Bytes,
    /// Its layers.
    pub layers: Vec<LayerVersionName>,
    /// Its tags.
    pub tags: Tags,
}

/// Makes a function.
///
/// # Errors
/// `InvalidRequestException` for what is no zip file, too large, or more than functions may have;
/// `ResourceAlreadyExistsException` when the name is taken, also by one of the operator's configuration.
pub async fn create_function(
    deeds: &Deeds,
    realm: &RealmRecord,
    new: NewFunction,
) -> Result<Function, Fault> {
    let code_sha256 = check_zip(&new.zip)?;
    check_limits(new.timeout_seconds, new.memory_mib, new.storage_mib)?;
    if deeds.known_functions().configured(realm, &new.name).is_some() {
        return Err(taken(realm, &new.name));
    }
    let number = deeds.number().await?;
    let function = Function {
        number,
        name: new.name,
        role_arn: new.role_arn,
        runtime: new.runtime,
        handler: new.handler,
        description: new.description,
        timeout_seconds: new.timeout_seconds,
        memory_mib: new.memory_mib,
        storage_mib: new.storage_mib,
        architecture: new.architecture,
        sealed_environment: environment::seal(&deeds.world().seal, number, &new.environment)?,
        code_sha256,
        code_bytes: i64::try_from(new.zip.len()).unwrap_or(i64::MAX),
        revision: deeds.uuid().to_string(),
        policy_revision: deeds.uuid().to_string(),
        modified_at: deeds.clock().now(),
        layers: Vec::new(),
    };
    let tries = Tries::default();
    loop {
        // A layer that is deleted between the tries is not there any more.
        let function = Function {
            layers: layers::for_function(deeds, realm, &new.layers).await?,
            ..function.clone()
        };
        let outcome = create_once(deeds, realm, &function, &new.zip, &new.tags).await;
        if let Some(done) = tries.settle(outcome).await? {
            deeds.known_functions().forget();
            return Ok(done);
        }
    }
}

async fn create_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    function: &Function,
    zip: &Bytes,
    tags: &Tags,
) -> Result<Function, Attempt> {
    let mut batch = Batch::new();
    layers::rows::give(&mut batch, realm.realm, function.number, &function.layers);
    rows::insert(&mut batch, realm.realm, function);
    rows::set_code(
        &mut batch,
        realm.realm,
        function.number,
        &function.code_sha256,
        zip,
    );
    tags::rows::insert(&mut batch, realm.realm, function.number, tags);
    match deeds.commit(batch).await {
        Ok(_) => return Ok(function.clone()),
        Err(StoreError::Duplicate(_)) => {}
        Err(error) => return Err(error.into()),
    }
    match rows::find(deeds.store(), realm.realm, &function.name).await? {
        // Deleted in between: the name is free.
        None => Err(StoreError::Guard(0).into()),
        // This very one, whose commit was not answered.
        Some(existing) if existing.number == function.number => Ok(existing),
        Some(existing) => Err(taken(realm, &existing.name).into()),
    }
}

fn taken(realm: &RealmRecord, name: &str) -> Fault {
    Fault::new(
        Code::ResourceAlreadyExists,
        format!("Function already exist: {}", arn(realm, name)),
    )
}

/// Checks that bytes can be a zip file, and gives back their SHA-256. What is in it is looked at when it is first run.
pub(crate) fn check_zip(zip: &Bytes) -> Result<Vec<u8>, Fault> {
    /// The end of the central directory: 22 bytes, and a comment of up to 65,535 (APPNOTE 4.3.16).
    const END: &[u8; 4] = b"PK\x05\x06";
    const LONGEST_END: usize = 22 + 65_535;
    if zip.is_empty() {
        return Err(Fault::invalid("Uploaded file must be a non-empty zip"));
    }
    if zip.len() > MOST_CODE_BYTES {
        return Err(Fault::invalid(format!(
            "ZipFile has {} bytes; {MOST_CODE_BYTES} are allowed.",
            zip.len()
        )));
    }
    let tail = &zip[zip.len().saturating_sub(LONGEST_END)..];
    let end = tail
        .windows(END.len())
        .rposition(|window| window == END)
        .and_then(|at| tail.get(at + 8..at + 12));
    match end {
        // The entries on this disk, and of all.
        Some([0, 0, 0, 0]) => Err(Fault::invalid("Uploaded file must be a non-empty zip")),
        Some(_) => Ok(digest::digest(&digest::SHA256, zip).as_ref().to_vec()),
        None => Err(Fault::invalid(
            "Could not unzip uploaded file. Please check your file, then try to upload again.",
        )),
    }
}

/// Checks what AWS's model allows and its ordinary functions do not have (Lambda quotas).
pub(super) fn check_limits(timeout_seconds: i64, memory_mib: i64, storage_mib: i64) -> Result<(), Fault> {
    for (member, value, least, most) in [
        ("Timeout", timeout_seconds, 1, 900),
        ("MemorySize", memory_mib, 128, 10_240),
        ("EphemeralStorage.Size", storage_mib, 512, 10_240),
    ] {
        if !(least..=most).contains(&value) {
            return Err(Fault::invalid(format!(
                "{member} is {value}; it may be {least} to {most}."
            )));
        }
    }
    Ok(())
}
