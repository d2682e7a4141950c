//! Last wills: when they are published, and by whose leave.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use thingsmith_core::connections::Principal;
use thingsmith_core::decisions::Stage;
use thingsmith_core::messages::wills::{Executed, Will};
use thingsmith_mqtt::DisconnectReason;

use crate::gateway::Gateway;
use crate::refusal;

/// The will of a client whose connection is over, if it is to be published at once. One with a delay waits, but no longer
/// than its session lives (MQTT 5, 3.1.3.2.2).
pub(super) fn to_execute(
    gateway: &Gateway,
    principal: Principal,
    peer: SocketAddr,
    will: thingsmith_mqtt::Will,
    reason: DisconnectReason,
    session_expiry_seconds: u32,
) -> Option<Will> {
    let delay = will.delay_seconds.min(session_expiry_seconds);
    let will = Will {
        principal,
        peer,
        message: will.message,
        qos: will.qos,
    };
    if delay == 0 {
        return Some(will);
    }
    if reason == DisconnectReason::DuplicateClientId {
        // The client is back already.
        return None;
    }
    let now = gateway.deeds.clock().now();
    gateway.wills.wait(will, now, Duration::from_secs(delay.into()))
}

/// Publishes a will if its client may still publish it, and writes down if not.
pub(crate) async fn execute(gateway: Arc<Gateway>, will: Will) {
    let (client_id, topic) = (
        will.principal.client_id().to_owned(),
        will.message.topic.as_str().to_owned(),
    );
    let peer = will.peer;
    match will.execute(&gateway.deeds).await {
        Ok(Executed::Published) => tracing::debug!(client_id, topic, "a will was published"),
        Ok(Executed::Denied {
            principal,
            action,
            answer,
        }) => refusal::denied(
            &gateway.deeds,
            Stage::Will,
            &principal,
            peer,
            action,
            &topic,
            &answer,
        ),
        Err(fault) => {
            let cause = fault.cause.as_deref().map(ToString::to_string);
            tracing::error!(client_id, topic, %fault, cause, "a will could not be published");
        }
    }
}
