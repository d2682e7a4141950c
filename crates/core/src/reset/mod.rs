//! Emptying the registry, for development servers.

pub mod rows;

use thingsmith_ports::Batch;

use crate::{Deeds, Fault};

/// Deletes all things, certificates and policies of every realm. Realms, authorities, settings and access keys stay, so
/// that endpoints keep their names and clients what they trust. Gateways hear of every certificate that goes.
///
/// # Errors
/// When the store fails.
pub async fn reset(deeds: &Deeds) -> Result<(), Fault> {
    let mut batch = Batch::new();
    rows::announce_certificates(&mut batch, deeds.clock().now());
    rows::delete_registry(&mut batch);
    deeds.commit(batch).await?;
    Ok(())
}
