//! UNSUBSCRIBE (3.10).

use bytes::{BufMut, BytesMut};

use super::property::{Properties, Property, PropertyWriter};
use crate::string::{Reader, encoded_length, write_binary};
use crate::{Kind, Limits, MqttError, TopicFilter, Unsubscribe, UserProperties, frame};

/// Reads the body.
///
/// # Errors
/// The first rule that the bytes break, a filter too many among them.
pub fn decode(body: &[u8], limits: &Limits) -> Result<Unsubscribe, MqttError> {
    let mut reader = Reader::new(body);
    let packet_id = reader.packet_id()?;
    let mut properties = Properties::of(&mut reader)?;
    let mut user_properties = UserProperties::new();
    while let Some(property) = properties.next()? {
        match property {
            Property::User => properties.user(&mut user_properties, limits)?,
            other => return other.misplaced(),
        }
    }
    let mut filters = Vec::new();
    while !reader.is_empty() {
        if filters.len() == limits.filters_per_unsubscribe {
            return Err(MqttError::TooManyFilters {
                kind: Kind::Unsubscribe,
                maximum: limits.filters_per_unsubscribe,
            });
        }
        filters.push(TopicFilter::parse(reader.string()?, &limits.topic)?);
    }
    match filters.is_empty() {
        true => Err(MqttError::NoFilters(Kind::Unsubscribe)),
        false => Ok(Unsubscribe {
            packet_id,
            filters,
            user_properties,
        }),
    }
}

/// Appends the packet.
///
/// # Errors
/// No filter, or more than a packet can hold.
pub fn encode(unsubscribe: &Unsubscribe, to: &mut BytesMut) -> Result<(), MqttError> {
    if unsubscribe.filters.is_empty() {
        return Err(MqttError::NoFilters(Kind::Unsubscribe));
    }
    let mut properties = PropertyWriter::default();
    properties.user(&unsubscribe.user_properties)?;
    let mut body_bytes = 2 + properties.encoded_length()?;
    for filter in &unsubscribe.filters {
        body_bytes += encoded_length("a topic filter", filter.as_str().as_bytes())?;
    }
    frame::write_fixed(Kind::Unsubscribe, body_bytes, to)?;
    to.put_u16(unsubscribe.packet_id.get());
    properties.write(to);
    for filter in &unsubscribe.filters {
        write_binary(filter.as_str().as_bytes(), to);
    }
    Ok(())
}
