//! SUBSCRIBE (3.8).

use std::num::NonZeroU32;

use bytes::{BufMut, BytesMut};

use super::property::{Properties, Property, PropertyWriter};
use crate::string::{Reader, encoded_length, write_binary};
use crate::{
    Kind, Limits, MqttError, Qos, RetainHandling, Subscribe, SubscribeProperties, Subscription,
    SubscriptionOptions, TopicFilter, frame,
};

const QOS: u8 = 0b0000_0011;
const NO_LOCAL: u8 = 0b0000_0100;
const RETAIN_AS_PUBLISHED: u8 = 0b0000_1000;
const RETAIN_HANDLING_SHIFT: u8 = 4;
const RESERVED: u8 = 0b1100_0000;

/// Reads the body.
///
/// # Errors
/// The first rule that the bytes break, a filter too many among them.
pub fn decode(body: &[u8], limits: &Limits) -> Result<Subscribe, MqttError> {
    let mut reader = Reader::new(body);
    let packet_id = reader.packet_id()?;
    let properties = read_properties(&mut reader, limits)?;
    let mut subscriptions = Vec::new();
    while !reader.is_empty() {
        if subscriptions.len() == limits.filters_per_subscribe {
            return Err(MqttError::TooManyFilters {
                kind: Kind::Subscribe,
                maximum: limits.filters_per_subscribe,
            });
        }
        let filter = TopicFilter::parse(reader.string()?, &limits.topic)?;
        let bits = reader.u8()?;
        let (qos, options) = read_options(bits)?;
        // 3.8.3.1: a shared subscription has no publisher of its own to leave out.
        if options.no_local && filter.share_name().is_some() {
            return Err(MqttError::SubscriptionOptions(bits));
        }
        subscriptions.push(Subscription { filter, qos, options });
    }
    if subscriptions.is_empty() {
        return Err(MqttError::NoFilters(Kind::Subscribe));
    }
    Ok(Subscribe {
        packet_id,
        subscriptions,
        properties,
    })
}

fn read_properties(packet: &mut Reader<'_>, limits: &Limits) -> Result<SubscribeProperties, MqttError> {
    let mut properties = Properties::of(packet)?;
    let mut read = SubscribeProperties::default();
    while let Some(property) = properties.next()? {
        match property {
            Property::SubscriptionIdentifier => {
                let number = u32::try_from(properties.length()?).ok().and_then(NonZeroU32::new);
                read.subscription_identifier = Some(number.ok_or(property.unfit())?);
            }
            Property::User => properties.user(&mut read.user_properties, limits)?,
            other => return other.misplaced(),
        }
    }
    Ok(read)
}

fn read_options(bits: u8) -> Result<(Qos, SubscriptionOptions), MqttError> {
    let wrong = MqttError::SubscriptionOptions(bits);
    if bits & RESERVED != 0 {
        return Err(wrong);
    }
    let retain_handling = match bits >> RETAIN_HANDLING_SHIFT & 0b11 {
        0 => RetainHandling::Send,
        1 => RetainHandling::SendIfNew,
        2 => RetainHandling::DoNotSend,
        _ => return Err(wrong),
    };
    let options = SubscriptionOptions {
        no_local: bits & NO_LOCAL != 0,
        retain_as_published: bits & RETAIN_AS_PUBLISHED != 0,
        retain_handling,
    };
    Ok((Qos::from_bits(bits & QOS)?, options))
}

/// Appends the packet.
///
/// # Errors
/// No filter, or more than a packet can hold.
pub fn encode(subscribe: &Subscribe, to: &mut BytesMut) -> Result<(), MqttError> {
    if subscribe.subscriptions.is_empty() {
        return Err(MqttError::NoFilters(Kind::Subscribe));
    }
    let mut properties = PropertyWriter::default();
    if let Some(number) = subscribe.properties.subscription_identifier {
        // A number too large for this machine is too large for the property, too.
        let number = usize::try_from(number.get()).unwrap_or(usize::MAX);
        properties.length(Property::SubscriptionIdentifier, number)?;
    }
    properties.user(&subscribe.properties.user_properties)?;
    let mut body_bytes = 2 + properties.encoded_length()?;
    for subscription in &subscribe.subscriptions {
        body_bytes += 1 + encoded_length("a topic filter", subscription.filter.as_str().as_bytes())?;
    }
    frame::write_fixed(Kind::Subscribe, body_bytes, to)?;
    to.put_u16(subscribe.packet_id.get());
    properties.write(to);
    for subscription in &subscribe.subscriptions {
        write_binary(subscription.filter.as_str().as_bytes(), to);
        let options = subscription.options;
        let mut bits = subscription.qos as u8 | (options.retain_handling as u8) << RETAIN_HANDLING_SHIFT;
        if options.no_local {
            bits |= NO_LOCAL;
        }
        if options.retain_as_published {
            bits |= RETAIN_AS_PUBLISHED;
        }
        to.put_u8(bits);
    }
    Ok(())
}
