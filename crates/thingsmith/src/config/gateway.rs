//! `[gateway]`: bounds of the device gateway.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Deserialize;
use thingsmith_core::connections::FirstConnection;
use thingsmith_core::quotas::Limits;

use super::{duration, size};

/// How long a first connection is held: less than the time for a whole verdict.
const FIRST_CONNECTION: Duration = Duration::from_secs(8);

/// What devices and accounts are held to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitsProfile {
    /// The sizes that AWS holds packets to, and no rates.
    #[default]
    Protocol,
    /// Every quota of AWS's message broker, as it is before anybody has one raised.
    Aws,
}

/// Bounds of the device gateway; what is not given has its default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewaySection {
    /// What devices and accounts are held to: `"protocol"` or `"aws"`.
    #[serde(default)]
    pub limits: LimitsProfile,
    /// Subscriptions of one connection.
    pub subscriptions_per_connection: Option<NonZeroUsize>,
    /// Handshakes under way at once.
    pub handshakes: Option<NonZeroUsize>,
    /// Handshakes under way at once from one address.
    pub handshakes_per_address: Option<NonZeroUsize>,
    /// Connections at once.
    pub connections: Option<NonZeroUsize>,
    /// Whether the connection on which a device is registered or provisioned just in time is held until its certificate is
    /// active, and let in. AWS refuses it.
    #[serde(default)]
    pub admit_on_first_connection: bool,
    /// How much may wait for all connections together, as `"1GiB"`.
    #[serde(default, deserialize_with = "size")]
    pub delivery_memory: Option<usize>,
    /// How long a client may leave unread what is sent to it, as `"30s"`.
    #[serde(default, deserialize_with = "duration")]
    pub write_patience: Option<Duration>,
}

impl GatewaySection {
    /// The gateway's configuration.
    pub fn config(&self) -> thingsmith_gateway::Config {
        let default = match self.limits {
            LimitsProfile::Protocol => thingsmith_gateway::Config::default(),
            LimitsProfile::Aws => thingsmith_gateway::Config::aws(),
        };
        let subscriptions = self.subscriptions_per_connection;
        thingsmith_gateway::Config {
            handshakes: self.handshakes.unwrap_or(default.handshakes),
            handshakes_per_address: self
                .handshakes_per_address
                .unwrap_or(default.handshakes_per_address),
            connections: self.connections.map_or(default.connections, NonZeroUsize::get),
            first_connection: match self.admit_on_first_connection {
                true => FirstConnection::Held(FIRST_CONNECTION),
                false => FirstConnection::Refused,
            },
            subscriptions: subscriptions.map_or(default.subscriptions, NonZeroUsize::get),
            delivery_memory: self.delivery_memory.unwrap_or(default.delivery_memory),
            write_patience: self.write_patience.unwrap_or(default.write_patience),
            ..default
        }
    }

    /// What accounts are held to, if they are.
    pub fn quotas(&self) -> Option<Limits> {
        match self.limits {
            LimitsProfile::Protocol => None,
            LimitsProfile::Aws => Some(Limits::aws()),
        }
    }
}
