//! `[gateway]`: bounds of the device gateway.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Deserialize;

use super::duration;

/// Bounds of the device gateway; what is not given has its default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewaySection {
    /// Handshakes under way at once.
    pub handshakes: Option<NonZeroUsize>,
    /// Handshakes under way at once from one address.
    pub handshakes_per_address: Option<NonZeroUsize>,
    /// Connections at once.
    pub connections: Option<NonZeroUsize>,
    /// How long a client may leave unread what is sent to it, as `"30s"`.
    #[serde(default, deserialize_with = "duration")]
    pub write_patience: Option<Duration>,
}

impl GatewaySection {
    /// The gateway's configuration.
    pub fn config(&self) -> thingsmith_gateway::Config {
        let default = thingsmith_gateway::Config::default();
        thingsmith_gateway::Config {
            handshakes: self.handshakes.unwrap_or(default.handshakes),
            handshakes_per_address: self
                .handshakes_per_address
                .unwrap_or(default.handshakes_per_address),
            connections: self.connections.map_or(default.connections, NonZeroUsize::get),
            write_patience: self.write_patience.unwrap_or(default.write_patience),
            ..default
        }
    }
}
