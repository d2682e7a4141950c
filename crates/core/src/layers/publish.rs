//! Publishing a version of a layer.

use bytes::Bytes;
use thingsmith_ports::Batch;

use super::{LayerName, LayerVersion, rows};
use crate::functions::check_zip;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// What a new version of a layer is.
#[derive(Debug, Clone)]
pub struct NewLayerVersion {
    /// The layer, which is made with its first version.
    pub layer: LayerName,
    /// What the version is for.
    pub description: String,
    /// Its licence.
    pub license: String,
    /// The runtimes that it is for.
    pub runtimes: Vec<String>,
    /// The architectures that it is for.
    pub architectures: Vec<String>,
    /// Its zip file.
    pub zip: Bytes,
}

/// Makes a version of a layer.
///
/// # Errors
/// `InvalidRequestException` for what is no zip file or too large, `AccessDeniedException` for a layer of another account.
pub async fn publish_layer_version(
    deeds: &Deeds,
    realm: &RealmRecord,
    new: NewLayerVersion,
) -> Result<LayerVersion, Fault> {
    let mut version = LayerVersion {
        number: 0,
        name: new.layer.within(realm)?.to_owned(),
        version: 0,
        description: new.description,
        license: new.license,
        runtimes: new.runtimes,
        architectures: new.architectures,
        code_sha256: check_zip(&new.zip)?,
        code_bytes: i64::try_from(new.zip.len()).unwrap_or(i64::MAX),
        created_at: deeds.clock().now(),
    };
    version.number = deeds.number().await?;
    let tries = Tries::default();
    loop {
        let outcome = publish_once(deeds, realm, &version, &new.zip, &tries).await;
        if let Some(done) = tries.settle(outcome).await? {
            return Ok(done);
        }
    }
}

async fn publish_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    version: &LayerVersion,
    zip: &Bytes,
    tries: &Tries,
) -> Result<LayerVersion, Attempt> {
    if tries.in_doubt()
        && let Some(done) = rows::by_number(deeds.store(), realm.realm, version.number).await?
    {
        return Ok(done);
    }
    let newest = rows::newest_version(deeds.store(), realm.realm, &version.name).await?;
    let version = LayerVersion {
        version: newest.unwrap_or(0) + 1,
        ..version.clone()
    };
    let mut batch = Batch::new();
    match newest {
        Some(newest) => rows::count_up(&mut batch, realm.realm, &version.name, newest),
        None => rows::insert_layer(&mut batch, realm.realm, &version.name),
    }
    rows::insert(&mut batch, realm.realm, &version);
    rows::set_code(&mut batch, realm.realm, version.number, zip);
    deeds.commit(batch).await?;
    Ok(version)
}
