//! CONNECT (3.1).

use bytes::{BufMut, BytesMut};

use crate::string::{Reader, encoded_length, write_binary};
use crate::{
    Connect, Kind, Limits, Message, MqttError, Packet, Protocol, Qos, TopicName, Will, frame, payload,
};

const LEVEL: u8 = 4;

const RESERVED: u8 = 0b0000_0001;
const CLEAN_SESSION: u8 = 0b0000_0010;
const WILL: u8 = 0b0000_0100;
const WILL_QOS_SHIFT: u8 = 3;
const WILL_RETAIN: u8 = 0b0010_0000;
const PASSWORD: u8 = 0b0100_0000;
const USER_NAME: u8 = 0b1000_0000;

/// Reads the body. Of another protocol version nothing is read but its name and level, which is enough to refuse it.
///
/// # Errors
/// The first rule that the bytes break.
pub fn decode(body: &[u8], limits: &Limits) -> Result<Packet, MqttError> {
    let mut reader = Reader::new(body);
    let name = reader.string()?;
    let level = reader.u8()?;
    match (name, level) {
        ("MQTT", LEVEL) => {}
        ("MQTT", 5) => return Ok(Packet::OtherVersion(Protocol::V5)),
        ("MQIsdp", 3) => return Ok(Packet::OtherVersion(Protocol::V3_1)),
        // Among them 0x84: a mosquitto bridge sets the high bit, and tries again without it when refused.
        ("MQTT" | "MQIsdp", other) => return Ok(Packet::OtherVersion(Protocol::Other(other))),
        _ => return Err(MqttError::ProtocolName),
    }
    let flags = reader.u8()?;
    check_flags(flags)?;
    let keep_alive_seconds = reader.u16()?;
    let client_id = reader.string()?.to_owned();
    let will = match flags & WILL {
        0 => None,
        _ => Some(read_will(&mut reader, flags, limits)?),
    };
    let user_name = match flags & USER_NAME {
        0 => None,
        _ => Some(reader.string()?.to_owned()),
    };
    let password = match flags & PASSWORD {
        0 => None,
        _ => Some(reader.binary()?.into()),
    };
    reader.end()?;
    Ok(Packet::Connect(Box::new(Connect {
        client_id,
        clean_session: flags & CLEAN_SESSION != 0,
        keep_alive_seconds,
        will,
        user_name,
        password,
        ..Connect::default()
    })))
}

fn check_flags(flags: u8) -> Result<(), MqttError> {
    let will_qos = will_qos_bits(flags);
    let will_is_absent_but_described = flags & WILL == 0 && (will_qos != 0 || flags & WILL_RETAIN != 0);
    let password_without_user_name = flags & PASSWORD != 0 && flags & USER_NAME == 0;
    match flags & RESERVED != 0 || will_qos == 3 || will_is_absent_but_described || password_without_user_name
    {
        true => Err(MqttError::ConnectFlags(flags)),
        false => Ok(()),
    }
}

fn will_qos_bits(flags: u8) -> u8 {
    flags >> WILL_QOS_SHIFT & 0b11
}

fn read_will(reader: &mut Reader<'_>, flags: u8, limits: &Limits) -> Result<Will, MqttError> {
    let topic = TopicName::parse(reader.string()?, &limits.topic)?;
    let payload = payload::copied(reader.binary()?);
    Ok(Will {
        message: Message {
            topic,
            payload,
            retain: flags & WILL_RETAIN != 0,
            properties: None,
        },
        qos: Qos::from_bits(will_qos_bits(flags))?,
        delay_seconds: 0,
    })
}

/// Appends the packet.
///
/// # Errors
/// A field longer than 65,535 bytes, or a password without a user name, which 3.1.1 has no form for.
pub fn encode(connect: &Connect, to: &mut BytesMut) -> Result<(), MqttError> {
    let mut flags = 0;
    let mut body_bytes = 10 + encoded_length("a client identifier", connect.client_id.as_bytes())?;
    if connect.clean_session {
        flags |= CLEAN_SESSION;
    }
    if let Some(will) = &connect.will {
        flags |= WILL | (will.qos as u8) << WILL_QOS_SHIFT;
        if will.message.retain {
            flags |= WILL_RETAIN;
        }
        body_bytes += encoded_length("a will topic", will.message.topic.as_bytes())?;
        body_bytes += encoded_length("a will message", &will.message.payload)?;
    }
    if let Some(user_name) = &connect.user_name {
        flags |= USER_NAME;
        body_bytes += encoded_length("a user name", user_name.as_bytes())?;
    }
    if let Some(password) = &connect.password {
        flags |= PASSWORD;
        body_bytes += encoded_length("a password", password)?;
    }
    check_flags(flags)?;

    frame::write_fixed(Kind::Connect, body_bytes, to)?;
    write_binary(b"MQTT", to);
    to.put_u8(LEVEL);
    to.put_u8(flags);
    to.put_u16(connect.keep_alive_seconds);
    write_binary(connect.client_id.as_bytes(), to);
    if let Some(will) = &connect.will {
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
