//! SUBSCRIBE (3.8).

use bytes::{BufMut, BytesMut};

use crate::string::{Reader, encoded_length, write_binary};
use crate::{
    Kind, Limits, MqttError, Qos, Subscribe, SubscribeProperties, Subscription, SubscriptionOptions,
    TopicFilter, frame,
};

/// Reads the body.
///
/// # Errors
/// The first rule that the bytes break, a filter too many among them.
pub fn decode(body: &[u8], limits: &Limits) -> Result<Subscribe, MqttError> {
    let mut reader = Reader::new(body);
    let packet_id = reader.packet_id()?;
    let mut subscriptions = Vec::new();
    while !reader.is_empty() {
        if subscriptions.len() == limits.filters_per_subscribe {
            return Err(MqttError::TooManyFilters {
                kind: Kind::Subscribe,
                maximum: limits.filters_per_subscribe,
            });
        }
        let filter = TopicFilter::parse(reader.string()?, &limits.topic)?;
        let qos = Qos::from_bits(reader.u8()?)?;
        subscriptions.push(Subscription {
            filter,
            qos,
            options: SubscriptionOptions::default(),
        });
    }
    if subscriptions.is_empty() {
        return Err(MqttError::NoFilters(Kind::Subscribe));
    }
    Ok(Subscribe {
        packet_id,
        subscriptions,
        properties: SubscribeProperties::default(),
    })
}

/// Appends the packet.
///
/// # Errors
/// No filter, or more than a packet can hold.
pub fn encode(subscribe: &Subscribe, to: &mut BytesMut) -> Result<(), MqttError> {
    if subscribe.subscriptions.is_empty() {
        return Err(MqttError::NoFilters(Kind::Subscribe));
    }
    let mut body_bytes = 2;
    for subscription in &subscribe.subscriptions {
        body_bytes += 1 + encoded_length("a topic filter", subscription.filter.as_str().as_bytes())?;
    }
    frame::write_fixed(Kind::Subscribe, body_bytes, to)?;
    to.put_u16(subscribe.packet_id.get());
    for subscription in &subscribe.subscriptions {
        write_binary(subscription.filter.as_str().as_bytes(), to);
        to.put_u8(subscription.qos as u8);
    }
    Ok(())
}
