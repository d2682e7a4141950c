//! CONNACK (3.2).

use bytes::{BufMut, Bytes, BytesMut};

use super::property::{Properties, Property, PropertyWriter};
use super::reason;
use crate::string::Reader;
use crate::{ConnAck, ConnAckProperties, Kind, Limits, MqttError, Qos, ReasonCode, frame};

/// Reads the body.
///
/// # Errors
/// The first rule that the bytes break; a kept session together with a refusal breaks one (3.2.2.1.1).
pub fn decode(body: &[u8], limits: &Limits) -> Result<ConnAck, MqttError> {
    let mut reader = Reader::new(body);
    let (flags, number) = (reader.u8()?, reader.u8()?);
    let code = reason::read(Kind::ConnAck, number)?;
    check(flags, code)?;
    let properties = read_properties(&mut reader, limits)?;
    reader.end()?;
    Ok(ConnAck {
        session_present: flags == 1,
        code,
        properties: (properties != ConnAckProperties::default()).then(|| Box::new(properties)),
    })
}

fn check(flags: u8, code: ReasonCode) -> Result<(), MqttError> {
    match flags == 0 || flags == 1 && code == ReasonCode::Success {
        true => Ok(()),
        false => Err(MqttError::ConnectAnswer {
            flags,
            code: code as u8,
        }),
    }
}

fn read_properties(packet: &mut Reader<'_>, limits: &Limits) -> Result<ConnAckProperties, MqttError> {
    let mut properties = Properties::of(packet)?;
    let mut read = ConnAckProperties::default();
    while let Some(property) = properties.next()? {
        match property {
            Property::SessionExpiryInterval => read.session_expiry_seconds = Some(properties.u32()?),
            Property::ReceiveMaximum => read.receive_maximum = Some(properties.positive_u16()?),
            Property::MaximumQos => {
                let qos = if properties.flag()? {
                    Qos::AtLeastOnce
                } else {
                    Qos::AtMostOnce
                };
                read.maximum_qos = Some(qos);
            }
            Property::RetainAvailable => read.retain_available = Some(properties.flag()?),
            Property::MaximumPacketSize => read.maximum_packet_bytes = Some(properties.positive_u32()?),
            Property::AssignedClientIdentifier => read.assigned_client_id = Some(properties.string()?),
            Property::TopicAliasMaximum => read.topic_alias_maximum = Some(properties.u16()?),
            Property::ReasonString => read.reason = Some(properties.string()?),
            Property::User => properties.user(&mut read.user_properties, limits)?,
            Property::WildcardSubscriptionAvailable => read.wildcard_available = Some(properties.flag()?),
            Property::SubscriptionIdentifierAvailable => {
                read.subscription_identifiers_available = Some(properties.flag()?);
            }
            Property::SharedSubscriptionAvailable => read.shared_available = Some(properties.flag()?),
            Property::ServerKeepAlive => read.keep_alive_seconds = Some(properties.u16()?),
            Property::ResponseInformation => read.response_information = Some(properties.string()?),
            Property::ServerReference => read.server_reference = Some(properties.string()?),
            Property::AuthenticationMethod => read.authentication_method = Some(properties.string()?),
            Property::AuthenticationData => {
                read.authentication_data = Some(Bytes::copy_from_slice(properties.binary()?));
            }
            other => return other.misplaced(),
        }
    }
    Ok(read)
}

/// Appends the packet.
///
/// # Errors
/// A kept session together with a refusal, a maximum of zero or of QoS 2, or a field longer than its length can say.
pub fn encode(connack: &ConnAck, to: &mut BytesMut) -> Result<(), MqttError> {
    let (flags, code) = (u8::from(connack.session_present), connack.code);
    check(flags, reason::check(Kind::ConnAck, code)?)?;
    let mut properties = PropertyWriter::default();
    if let Some(said) = &connack.properties {
        write_properties(said, &mut properties)?;
    }
    frame::write_fixed(Kind::ConnAck, 2 + properties.encoded_length()?, to)?;
    to.put_slice(&[flags, code as u8]);
    properties.write(to);
    Ok(())
}

fn write_properties(said: &ConnAckProperties, to: &mut PropertyWriter) -> Result<(), MqttError> {
    if let Some(seconds) = said.session_expiry_seconds {
        to.u32(Property::SessionExpiryInterval, seconds);
    }
    if let Some(maximum) = said.receive_maximum {
        to.u16(Property::ReceiveMaximum, maximum.get());
    }
    match said.maximum_qos {
        None => {}
        Some(Qos::ExactlyOnce) => return Err(Property::MaximumQos.unfit()),
        Some(qos) => to.u8(Property::MaximumQos, qos as u8),
    }
    match said.maximum_packet_bytes {
        None => {}
        Some(0) => return Err(Property::MaximumPacketSize.unfit()),
        Some(bytes) => to.u32(Property::MaximumPacketSize, bytes),
    }
    for (property, flag) in [
        (Property::RetainAvailable, said.retain_available),
        (Property::WildcardSubscriptionAvailable, said.wildcard_available),
        (
            Property::SubscriptionIdentifierAvailable,
            said.subscription_identifiers_available,
        ),
        (Property::SharedSubscriptionAvailable, said.shared_available),
    ] {
        if let Some(flag) = flag {
            to.flag(property, flag);
        }
    }
    for (property, number) in [
        (Property::TopicAliasMaximum, said.topic_alias_maximum),
        (Property::ServerKeepAlive, said.keep_alive_seconds),
    ] {
        if let Some(number) = number {
            to.u16(property, number);
        }
    }
    for (property, text) in [
        (Property::AssignedClientIdentifier, &said.assigned_client_id),
        (Property::ReasonString, &said.reason),
        (Property::ResponseInformation, &said.response_information),
        (Property::ServerReference, &said.server_reference),
        (Property::AuthenticationMethod, &said.authentication_method),
    ] {
        if let Some(text) = text {
            to.string(property, text)?;
        }
    }
    if let Some(data) = &said.authentication_data {
        to.binary(Property::AuthenticationData, data)?;
    }
    to.user(&said.user_properties)
}
