//! The codec of MQTT 5: one packet a file, each with both directions, since tests speak the other side. PINGREQ and
//! PINGRESP are those of MQTT 3.1.1.
//!
//! Section numbers in here are those of the OASIS specification of MQTT 5. What is not read: QoS 2's handshake, which
//! AWS IoT does not have, and subscription identifiers in a PUBLISH, which this server never sends.

pub mod connack;
pub mod connect;
pub mod publish;
pub mod suback;
pub mod subscribe;
pub mod unsubscribe;

mod auth;
mod connect_flags;
mod disconnect;
mod message;
mod problem;
mod property;
mod puback;
mod reason;
mod unsuback;

use bytes::BytesMut;

use crate::topic::LastTopic;
use crate::v3::{pingreq, pingresp};
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
    let check = |header: Header| match header.is_shortest() {
        true => Ok(()),
        false => Err(MqttError::LongLength),
    };
    frame::take(buffer, limits.packet_bytes, check, |header, body| {
        decode(header, body, limits, last)
    })
}

fn decode(header: Header, body: &[u8], limits: &Limits, last: &mut LastTopic) -> Result<Packet, MqttError> {
    match header.kind {
        Kind::Connect => connect::decode(body, limits),
        Kind::ConnAck => connack::decode(body, limits).map(Packet::ConnAck),
        Kind::Publish => publish::decode(header.flags, body, limits, last).map(Packet::Publish),
        Kind::PubAck => puback::decode(body, limits).map(Packet::PubAck),
        Kind::Subscribe => subscribe::decode(body, limits).map(Packet::Subscribe),
        Kind::SubAck => suback::decode(body, limits).map(Packet::SubAck),
        Kind::Unsubscribe => unsubscribe::decode(body, limits).map(Packet::Unsubscribe),
        Kind::UnsubAck => unsuback::decode(body, limits).map(Packet::UnsubAck),
        Kind::PingReq => pingreq::decode(body),
        Kind::PingResp => pingresp::decode(body),
        Kind::Disconnect => disconnect::decode(body, limits).map(Packet::Disconnect),
        Kind::Auth => auth::decode(body, limits).map(Packet::Auth),
        kind @ (Kind::PubRec | Kind::PubRel | Kind::PubComp) => Err(MqttError::NotSupported(kind)),
    }
}

/// Appends a packet to a buffer. After an error the buffer is as it was.
///
/// # Errors
/// A field or the packet is longer than its length can say, a list is empty that may not be, or a reason code does not
/// exist in the packet.
pub fn write(packet: &Packet, to: &mut BytesMut) -> Result<(), MqttError> {
    match packet {
        Packet::Connect(connect) => connect::encode(connect, to),
        Packet::OtherVersion(protocol) => crate::v3::connack::encode_refusal(*protocol, to),
        Packet::ConnAck(connack) => connack::encode(connack, to),
        Packet::Publish(publish) => publish::encode(publish, to),
        Packet::PubAck(puback) => puback::encode(puback, to),
        Packet::Subscribe(subscribe) => subscribe::encode(subscribe, to),
        Packet::SubAck(suback) => suback::encode(suback, to),
        Packet::Unsubscribe(unsubscribe) => unsubscribe::encode(unsubscribe, to),
        Packet::UnsubAck(unsuback) => unsuback::encode(unsuback, to),
        Packet::PingReq => pingreq::encode(to),
        Packet::PingResp => pingresp::encode(to),
        Packet::Disconnect(disconnect) => disconnect::encode(disconnect, to),
        Packet::Auth(auth) => auth::encode(auth, to),
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod oracle_tests;
