//! What is over is deleted; on development servers, all of it.

use thingsmith_ports::{Batch, StoreError};

use super::{retained, sessions};
use crate::{Deeds, Fault};

/// Deletes retained messages and sessions whose time is over, and renews the sessions that are connected. To be called
/// every minute or so; doing it on every node at once is harmless.
///
/// # Errors
/// When the store fails; the next call makes it good.
pub async fn sweep(deeds: &Deeds) -> Result<(), StoreError> {
    retained::sweep(deeds).await?;
    sessions::sweep(deeds).await
}

/// Deletes every retained message and every session.
///
/// # Errors
/// When the store fails.
pub async fn reset(deeds: &Deeds) -> Result<(), Fault> {
    sessions::forget_all(deeds).await?;
    let mut batch = Batch::new();
    retained::rows::delete_all(&mut batch);
    sessions::rows::delete_all(&mut batch);
    deeds.messages().write(batch).await?;
    Ok(())
}
