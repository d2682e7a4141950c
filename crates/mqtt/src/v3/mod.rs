//! The codec of MQTT 3.1.1: one packet a file, each with both directions, since the device agent speaks the other
//! side.
//!
//! Section numbers in here are those of the OASIS specification of 3.1.1.

pub mod connack;
pub mod connect;
pub mod publish;
pub mod suback;
pub mod subscribe;
pub mod unsubscribe;

mod disconnect;
pub(crate) mod pingreq;
pub(crate) mod pingresp;
mod puback;
mod unsuback;

use bytes::BytesMut;

use crate::topic::LastTopic;
use crate::{Header, Kind, Limits, MqttError, Packet, frame};

/// Takes the next packet from a buffer, or leaves the buffer as it is if the packet is not complete.
///
/// The packet keeps nothing of the buffer alive. After an error the connection is lost: where the next packet begins is not
/// known.
///
/// # Errors
/// The first rule that the bytes break. A packet longer than `limits` allow fails as soon as its header is there.
pub fn read(buffer: &mut BytesMut, limits: &Limits) -> Result<Option<Packet>, MqttError> {
    read_next(buffer, limits, &mut LastTopic::default())
}

/// As [`read`], on a connection on which `last` was the topic of the last message.
pub(crate) fn read_next(
    buffer: &mut BytesMut,
    limits: &Limits,
    last: &mut LastTopic,
) -> Result<Option<Packet>, MqttError> {
    let check = |header: Header| match header.kind {
        Kind::Auth => Err(MqttError::PacketType(Kind::Auth as u8)),
        _ => Ok(()),
    };
    frame::take(buffer, limits.packet_bytes, check, |header, body| {
        decode(header, body, limits, last)
    })
}

fn decode(header: Header, body: &[u8], limits: &Limits, last: &mut LastTopic) -> Result<Packet, MqttError> {
    match header.kind {
        Kind::Connect => connect::decode(body, limits),
        Kind::ConnAck => connack::decode(body).map(Packet::ConnAck),
        Kind::Publish => publish::decode(header.flags, body, limits, last).map(Packet::Publish),
        Kind::PubAck => puback::decode(body).map(Packet::PubAck),
        Kind::Subscribe => subscribe::decode(body, limits).map(Packet::Subscribe),
        Kind::SubAck => suback::decode(body).map(Packet::SubAck),
        Kind::Unsubscribe => unsubscribe::decode(body, limits).map(Packet::Unsubscribe),
        Kind::UnsubAck => unsuback::decode(body).map(Packet::UnsubAck),
        Kind::PingReq => pingreq::decode(body),
        Kind::PingResp => pingresp::decode(body),
        Kind::Disconnect => disconnect::decode(body),
        kind @ (Kind::PubRec | Kind::PubRel | Kind::PubComp | Kind::Auth) => {
            Err(MqttError::NotSupported(kind))
        }
    }
}

/// Appends a packet to a buffer. After an error the buffer is as it was.
///
/// # Errors
/// A field or the packet is longer than its length can say, a list is empty that may not be, or the packet is one that
/// MQTT 3.1.1 does not have. What else it has no word for is left out.
pub fn write(packet: &Packet, to: &mut BytesMut) -> Result<(), MqttError> {
    match packet {
        Packet::Connect(connect) => connect::encode(connect, to),
        Packet::OtherVersion(protocol) => connack::encode_refusal(*protocol, to),
        Packet::ConnAck(connack) => connack::encode(connack, to),
        Packet::Publish(publish) => publish::encode(publish, to),
        Packet::PubAck(puback) => puback::encode(puback.packet_id, to),
        Packet::Subscribe(subscribe) => subscribe::encode(subscribe, to),
        Packet::SubAck(suback) => suback::encode(suback, to),
        Packet::Unsubscribe(unsubscribe) => unsubscribe::encode(unsubscribe, to),
        Packet::UnsubAck(unsuback) => unsuback::encode(unsuback.packet_id, to),
        Packet::PingReq => pingreq::encode(to),
        Packet::PingResp => pingresp::encode(to),
        Packet::Disconnect(_) => disconnect::encode(to),
        Packet::Auth(_) => Err(MqttError::NotSupported(Kind::Auth)),
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod oracle_tests;
