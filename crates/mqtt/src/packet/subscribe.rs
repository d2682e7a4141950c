//! SUBSCRIBE, UNSUBSCRIBE and their answers.

use std::num::NonZeroU32;

use super::{PacketId, Problem, Qos, UserProperties};
use crate::{ReasonCode, TopicFilter};

/// Asks for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribe {
    /// The identifier that SUBACK repeats.
    pub packet_id: PacketId,
    /// What is asked for, at least one.
    pub subscriptions: Vec<Subscription>,
    /// What MQTT 5 says besides.
    pub properties: SubscribeProperties,
}

/// The properties of SUBSCRIBE (MQTT 5, 3.8.2.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubscribeProperties {
    /// What messages of these subscriptions would be marked with.
    pub subscription_identifier: Option<NonZeroU32>,
    /// Names and values, of no meaning to the protocol.
    pub user_properties: UserProperties,
}

/// One filter of a SUBSCRIBE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Which messages.
    pub filter: TopicFilter,
    /// The best quality of service to deliver them with.
    pub qos: Qos,
    /// What else MQTT 5 lets a client choose; its default in MQTT 3.1.1.
    pub options: SubscriptionOptions,
}

/// The options of a subscription (MQTT 5, 3.8.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SubscriptionOptions {
    /// Whether the subscriber's own messages stay away.
    pub no_local: bool,
    /// Whether messages keep the retain flag they were published with.
    pub retain_as_published: bool,
    /// Whether the retained message is sent at the subscription.
    pub retain_handling: RetainHandling,
}

/// When a subscription brings the retained message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum RetainHandling {
    /// At each SUBSCRIBE.
    #[default]
    Send = 0,
    /// At a SUBSCRIBE for a filter that was not subscribed before.
    SendIfNew = 1,
    /// Never.
    DoNotSend = 2,
}

/// Answers SUBSCRIBE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubAck {
    /// The identifier of the SUBSCRIBE.
    pub packet_id: PacketId,
    /// An answer for each filter, in their order.
    pub grants: Vec<Grant>,
    /// What MQTT 5 says besides.
    pub problem: Option<Box<Problem>>,
}

/// The answer to one filter of a SUBSCRIBE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// Subscribed, with this best quality of service.
    Granted(Qos),
    /// Not subscribed. MQTT 3.1.1 has one code for it, read as Unspecified Error.
    Refused(ReasonCode),
}

/// Takes subscriptions back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsubscribe {
    /// The identifier that UNSUBACK repeats.
    pub packet_id: PacketId,
    /// The filters, at least one.
    pub filters: Vec<TopicFilter>,
    /// MQTT 5: names and values, of no meaning to the protocol.
    pub user_properties: UserProperties,
}

/// Answers UNSUBSCRIBE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsubAck {
    /// The identifier of the UNSUBSCRIBE.
    pub packet_id: PacketId,
    /// MQTT 5: an answer for each filter, in their order. MQTT 3.1.1 has none.
    pub codes: Vec<ReasonCode>,
    /// What MQTT 5 says besides.
    pub problem: Option<Box<Problem>>,
}
