//! What the connection's lifecycle events tell (guide, "Lifecycle events").

use thingsmith_mqtt::DisconnectReason;

use super::Connection;

impl Connection {
    /// Tells that the client's connection has ended; of one that was not accepted there is nothing to tell.
    pub(super) async fn tell_of_the_end(&self, reason: DisconnectReason) {
        if let Some(client) = &self.client {
            let by_client = reason == DisconnectReason::ClientInitiatedDisconnect;
            client
                .lifecycle
                .disconnected(&self.gateway.deeds, &client.principal, reason.as_str(), by_client)
                .await;
        }
    }
}
