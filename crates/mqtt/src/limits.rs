//! How much a peer may ask for. Every limit bounds memory; none is a permission.

/// The limits of one connection, shared by all connections of a listener.
///
/// The default is AWS's quota table ("AWS IoT Core message broker and protocol limits and quotas") with the most that AWS
/// raises a quota to, and with a bound of our own where the table has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of a packet, fixed header included. AWS's 146 KiB for MQTT 5, which leaves room for a payload of
    /// 128 KiB with its topic.
    pub packet_bytes: usize,
    /// Most bytes of an application message.
    pub payload_bytes: usize,
    /// Limits of topic names and filters.
    pub topic: TopicLimits,
    /// Most bytes of a client identifier.
    pub client_id_bytes: usize,
    /// Most filters of one SUBSCRIBE.
    pub filters_per_subscribe: usize,
    /// Most filters of one UNSUBSCRIBE. AWS names none; as many as a connection can have subscriptions are enough.
    pub filters_per_unsubscribe: usize,
    /// What the server makes of a requested keep-alive.
    pub keep_alive: KeepAlive,
    /// How long a connection may stay without CONNECT. AWS names no value.
    pub connect_timeout_ms: u64,
    /// Most QoS 1 messages of the client that wait for their PUBACK; beyond it nothing more is read.
    pub inbound_in_flight: usize,
    /// Most requests of the client, of any kind, that wait for the caller's answer; beyond it nothing more is read.
    pub pending_requests: usize,
    /// Most QoS 1 messages sent that wait for the client's PUBACK. At most 65,535 have identifiers.
    pub outbound_in_flight: usize,
    /// Most QoS 1 messages that wait for a place in flight.
    pub outbound_queue: usize,
    /// Most bytes of topics and payloads that wait for a place in flight.
    pub outbound_queue_bytes: usize,
    /// Limits of what MQTT 5 adds.
    pub properties: PropertyLimits,
    /// How long sessions outlive their connections.
    pub session_expiry: SessionExpiry,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            packet_bytes: 146 * 1024,
            payload_bytes: 128 * 1024,
            topic: TopicLimits::default(),
            client_id_bytes: 128,
            filters_per_subscribe: 8,
            filters_per_unsubscribe: 50,
            keep_alive: KeepAlive::default(),
            connect_timeout_ms: 10_000,
            inbound_in_flight: 100,
            pending_requests: 128,
            outbound_in_flight: 100,
            outbound_queue: 1_000,
            outbound_queue_bytes: 4 * 1024 * 1024,
            properties: PropertyLimits::default(),
            session_expiry: SessionExpiry::default(),
        }
    }
}

impl Limits {
    /// AWS's quotas as they are before anybody has one raised.
    pub fn aws() -> Self {
        Self {
            session_expiry: SessionExpiry {
                maximum_seconds: SessionExpiry::default().default_seconds,
                ..SessionExpiry::default()
            },
            ..Self::default()
        }
    }
}

/// The limits of a topic name and of a filter without its `$share/NAME/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicLimits {
    /// Most bytes of UTF-8.
    pub bytes: usize,
    /// Most levels, one more than slashes. Values above [`TopicLimits::DEEPEST`] mean that.
    pub levels: usize,
}

impl TopicLimits {
    /// Most levels whatever is configured, because the trie goes one call deeper for each.
    pub const DEEPEST: usize = 128;
}

impl Default for TopicLimits {
    fn default() -> Self {
        Self {
            bytes: 256,
            levels: 8,
        }
    }
}

/// The limits of the properties of MQTT 5.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyLimits {
    /// Most bytes of the names and values of all user properties of a packet.
    pub user_property_bytes: usize,
    /// Most user properties of a packet. AWS names none; each takes room of its own, empty ones too.
    pub user_properties: usize,
    /// Most bytes of correlation data.
    pub correlation_data_bytes: usize,
    /// Most bytes of a content type.
    pub content_type_bytes: usize,
    /// Most topic aliases of a connection, in each direction.
    pub topic_aliases: u16,
    /// The smallest maximum packet size that a client may ask for.
    pub smallest_maximum_packet_bytes: u32,
    /// The longest message expiry; a longer one becomes this.
    pub message_expiry_seconds: u32,
}

impl Default for PropertyLimits {
    fn default() -> Self {
        Self {
            user_property_bytes: 8 * 1024,
            user_properties: 512,
            correlation_data_bytes: 8 * 1024,
            content_type_bytes: 256,
            topic_aliases: 8,
            smallest_maximum_packet_bytes: 512,
            message_expiry_seconds: 604_800,
        }
    }
}

/// How long a session outlives its connection, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionExpiry {
    /// Of an MQTT 3.1.1 client without a clean session, which cannot say.
    pub default_seconds: u32,
    /// The longest one; a longer wish of an MQTT 5 client becomes this.
    pub maximum_seconds: u32,
}

impl Default for SessionExpiry {
    fn default() -> Self {
        Self {
            default_seconds: 3_600,
            maximum_seconds: 604_800,
        }
    }
}

/// The keep-alive times a server accepts, in seconds. A client asks for one in CONNECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepAlive {
    /// A shorter wish becomes this.
    pub minimum_seconds: u16,
    /// A longer wish, or none, becomes this.
    pub maximum_seconds: u16,
}

impl KeepAlive {
    /// The keep-alive in force for a requested one.
    pub fn effective_seconds(self, requested_seconds: u16) -> u16 {
        if requested_seconds == 0 {
            return self.maximum_seconds;
        }
        requested_seconds
            .max(self.minimum_seconds)
            .min(self.maximum_seconds)
    }

    /// How long a client may stay silent: one and a half times the keep-alive in force (MQTT 3.1.1, 3.1.2.10).
    pub fn patience_ms(self, requested_seconds: u16) -> u64 {
        u64::from(self.effective_seconds(requested_seconds)) * 1_500
    }
}

impl Default for KeepAlive {
    fn default() -> Self {
        Self {
            minimum_seconds: 30,
            maximum_seconds: 1_200,
        }
    }
}
