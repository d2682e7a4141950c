//! Emptying the registry, for development servers.

pub mod rows;

use thingsmith_ports::Batch;

use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault, messages};

/// Deletes all things, certificates, CA certificates, policies, provisioning templates and event configurations, retained
/// messages, sessions and buckets of every realm, and what hangs on them. Realms, authorities, settings and access keys stay, so that
/// endpoints keep their names and clients what they trust. Gateways hear of every certificate that goes.
///
/// # Errors
/// When the store fails.
pub async fn reset(deeds: &Deeds) -> Result<(), Fault> {
    let tries = Tries::default();
    loop {
        // Emptying what is empty is harmless, so that a commit that was not answered is simply tried again.
        let mut batch = Batch::new();
        rows::delete_certificates(&mut batch, deeds.clock().now());
        rows::delete_topic_rules(&mut batch, deeds.clock().now());
        rows::delete_the_rest(&mut batch);
        let outcome = deeds.commit(batch).await.map(drop).map_err(Attempt::from);
        deeds.event_configurations().forget_all();
        deeds.callers().forget();
        deeds.known_functions().forget();
        deeds.clients().forget_departed();
        if tries.settle(outcome).await?.is_some() {
            deeds.rules().all_changed(deeds).await?;
            deeds.rules().refresh(deeds).await;
            deeds.objects().reset().await.map_err(Fault::internal)?;
            return messages::reset(deeds).await;
        }
    }
}
