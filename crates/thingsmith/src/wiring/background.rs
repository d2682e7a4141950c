//! What runs beside the edges for as long as the server does.

use std::sync::Arc;
use std::time::Duration;

use thingsmith_core::{
    Deeds, fleet_provisioning, messages, objects, outbox, provisioning_claims, thing_registration_tasks,
};
use tokio::sync::watch;

pub(super) async fn until(mut stopped: watch::Receiver<bool>) {
    // A sender that is gone means the same.
    drop(stopped.wait_for(|stop| *stop).await);
}

/// Hears what other nodes change.
pub(super) async fn follow(deeds: Arc<Deeds>, stopped: watch::Receiver<bool>) {
    tokio::select! {
        () = until(stopped) => {}
        never = outbox::follow(&deeds) => match never {},
    }
}

/// Deletes what gateways have long since heard of, and claims, messages and sessions whose time is over, once a minute.
pub(super) async fn sweep(deeds: Arc<Deeds>, stopped: watch::Receiver<bool>) {
    let mut stop = std::pin::pin!(until(stopped));
    loop {
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(Duration::from_secs(60)) => {}
        }
        if let Err(cause) = outbox::sweep(&deeds).await {
            tracing::warn!(%cause, "old changes could not be deleted from the outbox; the next sweep does it");
        }
        if let Err(cause) = thing_registration_tasks::sweep(&deeds).await {
            tracing::warn!(%cause, "old tasks of bulk registration could not be deleted; the next sweep does it");
        }
        if let Err(cause) = fleet_provisioning::sweep(&deeds).await {
            tracing::warn!(%cause, "certificates that no device registered with could not be deleted; the next sweep does it");
        }
        if let Err(cause) = objects::uploads::sweep(&deeds).await {
            tracing::warn!(%cause, "uploads that nobody completes could not be deleted; the next sweep does it");
        }
        if let Err(cause) = provisioning_claims::sweep(&deeds).await {
            tracing::warn!(%cause, "provisioning claims that are over could not be deleted; the next sweep does it");
        }
        if let Err(cause) = messages::sweep(&deeds).await {
            tracing::warn!(%cause, "what is over could not be deleted from the store of messages; the next sweep does it");
        }
    }
}
