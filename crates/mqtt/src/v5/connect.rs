//! CONNECT (3.1).

use bytes::{BufMut, BytesMut};

use super::property::{Properties, Property, PropertyWriter};
use super::{connect_flags as flags, message};
use crate::string::{Reader, encoded_length, write_binary};
use crate::{
    Connect, ConnectProperties, Kind, Limits, Message, MessageProperties, MqttError, Packet, Protocol, Qos,
    TopicName, Version, Will, frame, payload,
};

/// How every CONNECT of MQTT 5 begins behind its fixed header: the protocol name and the level.
pub(crate) const START: &[u8] = b"\0\x04MQTT\x05";

/// Reads the body. Of another protocol version nothing is read but its name and level, which is enough to refuse it.
///
/// # Errors
/// The first rule that the bytes break.
pub fn decode(body: &[u8], limits: &Limits) -> Result<Packet, MqttError> {
    let mut reader = Reader::new(body);
    let name = reader.string()?;
    match (name, reader.u8()?) {
        ("MQTT", 5) => {}
        ("MQIsdp", 3) => return Ok(Packet::OtherVersion(Protocol::V3_1)),
        ("MQTT" | "MQIsdp", other) => return Ok(Packet::OtherVersion(Protocol::Other(other))),
        _ => return Err(MqttError::ProtocolName),
    }
    let bits = reader.u8()?;
    flags::check(bits)?;
    let keep_alive_seconds = reader.u16()?;
    let properties = read_properties(&mut reader, limits)?;
    let client_id = reader.string()?.to_owned();
    let will = match bits & flags::WILL {
        0 => None,
        _ => Some(read_will(&mut reader, bits, limits)?),
    };
    let user_name = match bits & flags::USER_NAME {
        0 => None,
        _ => Some(reader.string()?.to_owned()),
    };
    let password = match bits & flags::PASSWORD {
        0 => None,
        _ => Some(reader.binary()?.into()),
    };
    reader.end()?;
    Ok(Packet::Connect(Box::new(Connect {
        version: Version::V5,
        client_id,
        clean_session: bits & flags::CLEAN_START != 0,
        keep_alive_seconds,
        will,
        user_name,
        password,
        properties,
    })))
}

fn read_properties(packet: &mut Reader<'_>, limits: &Limits) -> Result<ConnectProperties, MqttError> {
    let mut properties = Properties::of(packet)?;
    let mut read = ConnectProperties::default();
    while let Some(property) = properties.next()? {
        match property {
            Property::SessionExpiryInterval => read.session_expiry_seconds = properties.u32()?,
            Property::ReceiveMaximum => read.receive_maximum = Some(properties.positive_u16()?),
            Property::MaximumPacketSize => read.maximum_packet_bytes = Some(properties.positive_u32()?),
            Property::TopicAliasMaximum => read.topic_alias_maximum = properties.u16()?,
            Property::RequestResponseInformation => read.request_response_information = properties.flag()?,
            Property::RequestProblemInformation => read.request_problem_information = properties.flag()?,
            Property::AuthenticationMethod => read.authentication_method = Some(properties.string()?),
            Property::AuthenticationData => read.authentication_data = Some(properties.binary()?.into()),
            Property::User => properties.user(&mut read.user_properties, limits)?,
            other => return other.misplaced(),
        }
    }
    // 3.1.2.11.10: data belong to a method.
    if read.authentication_data.is_some() && read.authentication_method.is_none() {
        return Property::AuthenticationData.misplaced();
    }
    Ok(read)
}

fn read_will(reader: &mut Reader<'_>, bits: u8, limits: &Limits) -> Result<Will, MqttError> {
    let mut properties = Properties::of(reader)?;
    let (mut said, mut delay_seconds) = (MessageProperties::default(), 0);
    while let Some(property) = properties.next()? {
        match property {
            Property::WillDelayInterval => delay_seconds = properties.u32()?,
            other => message::take(other, &mut properties, &mut said, limits)?,
        }
    }
    let topic = TopicName::parse(reader.string()?, &limits.topic)?;
    let payload = payload::copied(reader.binary()?);
    Ok(Will {
        message: Message {
            topic,
            payload,
            retain: bits & flags::WILL_RETAIN != 0,
            properties: message::some(said),
        },
        qos: Qos::from_bits(flags::will_qos(bits))?,
        delay_seconds,
    })
}

/// Appends the packet.
///
/// # Errors
/// A field longer than 65,535 bytes, authentication data without a method, or a maximum packet size of zero.
pub fn encode(connect: &Connect, to: &mut BytesMut) -> Result<(), MqttError> {
    let properties = write_properties(&connect.properties)?;
    let will_properties = connect.will.as_ref().map(write_will_properties).transpose()?;
    let mut bits = 0;
    let mut body_bytes = 10 + properties.encoded_length()?;
    body_bytes += encoded_length("a client identifier", connect.client_id.as_bytes())?;
    if connect.clean_session {
        bits |= flags::CLEAN_START;
    }
    if let (Some(will), Some(properties)) = (&connect.will, &will_properties) {
        bits |= flags::WILL | (will.qos as u8) << flags::WILL_QOS_SHIFT;
        if will.message.retain {
            bits |= flags::WILL_RETAIN;
        }
        body_bytes += properties.encoded_length()?;
        body_bytes += encoded_length("a will topic", will.message.topic.as_bytes())?;
        body_bytes += encoded_length("a will message", &will.message.payload)?;
    }
    if let Some(user_name) = &connect.user_name {
        bits |= flags::USER_NAME;
        body_bytes += encoded_length("a user name", user_name.as_bytes())?;
    }
    if let Some(password) = &connect.password {
        bits |= flags::PASSWORD;
        body_bytes += encoded_length("a password", password)?;
    }
    frame::write_fixed(Kind::Connect, body_bytes, to)?;
    to.put_slice(START);
    to.put_u8(bits);
    to.put_u16(connect.keep_alive_seconds);
    properties.write(to);
    write_binary(connect.client_id.as_bytes(), to);
    if let (Some(will), Some(properties)) = (&connect.will, &will_properties) {
        properties.write(to);
        write_binary(will.message.topic.as_bytes(), to);
        write_binary(&will.message.payload, to);
    }
    if let Some(user_name) = &connect.user_name {
        write_binary(user_name.as_bytes(), to);
    }
    if let Some(password) = &connect.password {
        write_binary(password, to);
    }
    Ok(())
}

fn write_properties(said: &ConnectProperties) -> Result<PropertyWriter, MqttError> {
    let mut to = PropertyWriter::default();
    if said.session_expiry_seconds != 0 {
        to.u32(Property::SessionExpiryInterval, said.session_expiry_seconds);
    }
    if let Some(maximum) = said.receive_maximum {
        to.u16(Property::ReceiveMaximum, maximum.get());
    }
    match said.maximum_packet_bytes {
        None => {}
        Some(0) => return Err(Property::MaximumPacketSize.unfit()),
        Some(bytes) => to.u32(Property::MaximumPacketSize, bytes),
    }
    if said.topic_alias_maximum != 0 {
        to.u16(Property::TopicAliasMaximum, said.topic_alias_maximum);
    }
    if said.request_response_information {
        to.flag(Property::RequestResponseInformation, true);
    }
    if !said.request_problem_information {
        to.flag(Property::RequestProblemInformation, false);
    }
    match (&said.authentication_method, &said.authentication_data) {
        (None, Some(_)) => return Property::AuthenticationData.misplaced(),
        (method, data) => {
            if let Some(method) = method {
                to.string(Property::AuthenticationMethod, method)?;
            }
            if let Some(data) = data {
                to.binary(Property::AuthenticationData, data)?;
            }
        }
    }
    to.user(&said.user_properties)?;
    Ok(to)
}

fn write_will_properties(will: &Will) -> Result<PropertyWriter, MqttError> {
    let mut to = PropertyWriter::default();
    if will.delay_seconds != 0 {
        to.u32(Property::WillDelayInterval, will.delay_seconds);
    }
    if let Some(said) = &will.message.properties {
        message::add(said, &mut to)?;
    }
    Ok(to)
}
