//! Certificates with which nobody registers in time are deleted (guide, "Device provisioning MQTT API").

use std::collections::HashSet;

use thingsmith_model::{CertificateStatus, Realm, Timestamp};
use thingsmith_ports::{Batch, Hold, StoreError};

use super::rows;
use super::token::Token;
use crate::{Deeds, certificates};

/// Tokens looked at in one batch.
const AT_ONCE: usize = 100;
/// Batches of one sweep; the next goes on.
const BATCHES: usize = 1_000;

/// Deletes tokens that are over, and their certificates unless somebody activated them or hung something on them. To be called
/// every minute or so; doing it on every node at once is harmless.
///
/// # Errors
/// When the store fails; the next call makes it good.
pub async fn sweep(deeds: &Deeds) -> Result<(), StoreError> {
    let now = deeds.clock().now();
    let mut stuck = HashSet::new();
    for _ in 0..BATCHES {
        let limit = i64::try_from(AT_ONCE + stuck.len()).unwrap_or(i64::MAX);
        let mut over = rows::expired(deeds.store(), now, limit).await?;
        over.retain(|(_, token)| !stuck.contains(&token.hash));
        if over.is_empty() {
            return Ok(());
        }
        if delete(deeds, &over, now).await.is_err() {
            // Another node does the same, or one of them is just being changed.
            for one in over {
                if delete(deeds, std::slice::from_ref(&one), now).await.is_err() {
                    stuck.insert(one.1.hash);
                }
            }
        }
    }
    Ok(())
}

/// Deletes all of these or none.
async fn delete(deeds: &Deeds, over: &[(Realm, Token)], now: Timestamp) -> Result<(), StoreError> {
    let mut doomed = Vec::new();
    for (realm, token) in over {
        let found = certificates::rows::find(deeds.store(), *realm, &token.certificate_id).await?;
        let Some(found) = found.filter(|found| {
            found.number == token.certificate && found.status == CertificateStatus::PendingActivation
        }) else {
            continue;
        };
        let (things, policies) = certificates::rows::attachments(deeds.store(), *realm, found.number).await?;
        if !things && !policies {
            doomed.push((*realm, found));
        }
    }
    // By number, so that no two nodes wait for each other.
    doomed.sort_by_key(|(_, certificate)| certificate.number);
    let mut batch = Batch::new();
    for (realm, certificate) in &doomed {
        certificates::rows::hold(&mut batch, *realm, certificate.number, Hold::Exclusive);
    }
    for (realm, certificate) in &doomed {
        certificates::rows::delete(&mut batch, *realm, certificate);
    }
    for (realm, token) in over {
        rows::delete(&mut batch, *realm, &token.hash);
    }
    deeds.commit(batch).await?;
    for (realm, token) in over {
        deeds.fleet_provisioning().no_more_unclaimed(*realm);
        tracing::debug!(
            certificate_id = %token.certificate_id,
            claim_certificate_id = %token.claim,
            at = now.as_seconds(),
            "nobody registered with a certificate in time"
        );
    }
    Ok(())
}
