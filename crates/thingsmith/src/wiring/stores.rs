//! What keeps: the stores, and the files of buckets.

use std::sync::Arc;

use anyhow::{Context, anyhow};
use thingsmith_objects_directory::Directory;
use thingsmith_objects_s3::{Mounted, Place, Remote};
use thingsmith_ports::{Clock, ObjectError, Objects, Store};
use thingsmith_store_postgres::PostgresStore;
use thingsmith_store_sqlite::SqliteStore;

use super::StartError;
use crate::config::{File, Settings, StoreChoice};

/// The store of the registry and that of messages. Both are durable; neither waits for the other.
pub(super) async fn open_stores(settings: &Settings) -> Result<(Arc<dyn Store>, Arc<dyn Store>), StartError> {
    Ok(match &settings.store {
        StoreChoice::Sqlite => {
            let config = thingsmith_store_sqlite::Config::new(&settings.data_dir);
            let registry = SqliteStore::open(&config).map_err(|cause| anyhow!(cause))?;
            let messages = registry
                .open_beside(&config.messages())
                .map_err(|cause| anyhow!(cause))?;
            (Arc::new(registry), Arc::new(messages))
        }
        StoreChoice::Postgres(url) => {
            let config = thingsmith_store_postgres::Config::parse(url)
                .map_err(|cause| StartError::Configuration(anyhow!(cause).context("--store")))?;
            let registry = PostgresStore::open(config.clone())
                .await
                .map_err(|cause| anyhow!(cause))?;
            let messages = PostgresStore::open_beside(config.messages(), "messages")
                .await
                .map_err(|cause| anyhow!(cause))?;
            (Arc::new(registry), Arc::new(messages))
        }
    })
}

/// The keeper of the files of buckets: a directory, another server, or either beside buckets of another server.
pub(super) async fn open_objects(
    settings: &Settings,
    file: &File,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Objects>, StartError> {
    file.objects.check().map_err(StartError::Configuration)?;
    let Some(s3) = &file.objects.s3 else {
        return open_directory(settings, file, clock).await;
    };
    let endpoint = s3
        .endpoint(Arc::clone(clock))
        .map_err(StartError::Configuration)?;
    let limits = file.objects.remote_limits();
    let kept: Arc<dyn Objects> = match &s3.bucket {
        None => open_directory(settings, file, clock).await?,
        Some(bucket) => {
            let remote = Remote::new(Place::new(Arc::clone(&endpoint), bucket, &s3.prefix), limits);
            match remote.check().await {
                Ok(()) => {}
                Err(cause @ ObjectError::Refused(_)) => {
                    return Err(StartError::Configuration(anyhow!(cause).context("[objects.s3]")));
                }
                // It may be that it only starts as well.
                Err(cause) => tracing::warn!(%cause, "objects cannot be reached yet"),
            }
            Arc::new(remote)
        }
    };
    let mounts = s3.mounts(&endpoint, limits.object_bytes, &settings.region);
    Ok(match mounts.is_empty() {
        true => kept,
        false => Arc::new(Mounted::new(mounts, kept, clock.now())),
    })
}

async fn open_directory(
    settings: &Settings,
    file: &File,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Objects>, StartError> {
    let path = file.objects.directory(&settings.data_dir);
    let (limits, clock) = (file.objects.limits(), Arc::clone(clock));
    // Reading what is kept waits for the disk.
    let opened = tokio::task::spawn_blocking(move || Directory::open(&path, limits, clock)).await;
    let directory = opened
        .context("the directory of objects was not opened")?
        .map_err(|cause| anyhow!(cause))?;
    Ok(Arc::new(directory))
}
