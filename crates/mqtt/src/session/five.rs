//! What a connection of MQTT 5 knows besides: what its CONNECT asked for.

use std::num::NonZeroU16;

use super::alias::{InboundAliases, OutboundAliases};
use crate::{ConnAckProperties, Connect, Limits, Qos};

/// Boxed in the session, so that connections of MQTT 3.1.1 do not pay for it.
#[derive(Debug)]
pub(super) struct Five {
    /// Whether the client wants to be told why.
    pub(super) wants_reasons: bool,
    /// Most bytes of a packet the client takes.
    pub(super) maximum_packet_bytes: usize,
    /// Most messages it takes unacknowledged.
    pub(super) receive_maximum: usize,
    pub(super) inbound_aliases: InboundAliases,
    pub(super) outbound_aliases: OutboundAliases,
    /// What CONNACK will say.
    pub(super) answer: Box<ConnAckProperties>,
}

impl Five {
    pub(super) fn new(connect: &Connect, limits: &Limits) -> Self {
        let asked = &connect.properties;
        let bounded = asked.topic_alias_maximum.min(limits.properties.topic_aliases);
        Self {
            wants_reasons: asked.request_problem_information,
            maximum_packet_bytes: asked
                .maximum_packet_bytes
                .and_then(|bytes| usize::try_from(bytes).ok())
                .unwrap_or(usize::MAX),
            receive_maximum: asked
                .receive_maximum
                .map_or(usize::from(u16::MAX), |maximum| usize::from(maximum.get())),
            inbound_aliases: InboundAliases::default(),
            outbound_aliases: OutboundAliases::new(bounded),
            answer: Box::new(answer(connect, limits)),
        }
    }
}

/// AWS's table "MQTT 5 properties": what CONNACK says is there and is not.
fn answer(connect: &Connect, limits: &Limits) -> ConnAckProperties {
    let asked = connect.properties.session_expiry_seconds;
    let keep_alive = limits.keep_alive.effective_seconds(connect.keep_alive_seconds);
    let receive_maximum = u16::try_from(limits.inbound_in_flight.max(1)).unwrap_or(u16::MAX);
    ConnAckProperties {
        session_expiry_seconds: (asked > 0).then(|| asked.min(limits.session_expiry.maximum_seconds)),
        receive_maximum: NonZeroU16::new(receive_maximum),
        maximum_qos: Some(Qos::AtLeastOnce),
        retain_available: Some(true),
        maximum_packet_bytes: u32::try_from(limits.packet_bytes.max(1)).ok(),
        topic_alias_maximum: Some(limits.properties.topic_aliases),
        wildcard_available: Some(true),
        subscription_identifiers_available: Some(false),
        shared_available: Some(true),
        keep_alive_seconds: (keep_alive != connect.keep_alive_seconds).then_some(keep_alive),
        ..ConnAckProperties::default()
    }
}
