//! PUBLISH (3.3), the packet that is most of the traffic.

use bytes::{BufMut, Bytes, BytesMut};

use crate::publish::{self, Start, read_payload};
use crate::string::{Reader, encoded_length, write_binary};
use crate::topic::LastTopic;
use crate::{Kind, Limits, Message, MqttError, Publish, frame};

/// Fixed header, length of the topic, packet identifier.
const LONGEST_START: usize = 5 + 2 + 2;

/// Reads the body.
///
/// # Errors
/// The first rule that the bytes break.
pub(crate) fn decode(
    flags: u8,
    body: &[u8],
    limits: &Limits,
    last: &mut LastTopic,
) -> Result<Publish, MqttError> {
    let mut reader = Reader::new(body);
    let start = Start::read(flags, &mut reader)?;
    let payload = read_payload(reader, limits)?;
    let message = Message {
        topic: last.read(start.topic, &limits.topic)?,
        payload,
        retain: start.retain,
        properties: None,
    };
    Ok(Publish {
        message,
        qos: start.qos,
        duplicate: start.duplicate,
        topic_alias: None,
    })
}

/// Appends the packet, payload copied: for small messages the cheapest way to a socket that encrypts.
///
/// # Errors
/// A topic or packet longer than its length can say.
pub fn encode(publish: &Publish, to: &mut BytesMut) -> Result<(), MqttError> {
    let Message { topic, payload, .. } = &publish.message;
    to.reserve(LONGEST_START + topic.as_bytes().len() + payload.len());
    write_start(publish, to)?;
    to.put_slice(payload);
    Ok(())
}

/// Returns all of the packet that stands before the payload, for a writer that sends a large payload from where it
/// lies to any number of receivers.
///
/// # Errors
/// A topic or packet longer than its length can say.
pub fn encode_header(publish: &Publish) -> Result<Bytes, MqttError> {
    let mut to = BytesMut::with_capacity(LONGEST_START + publish.message.topic.as_bytes().len());
    write_start(publish, &mut to)?;
    Ok(to.freeze())
}

fn write_start(publish: &Publish, to: &mut BytesMut) -> Result<(), MqttError> {
    let Message {
        topic,
        payload,
        retain: _,
        // MQTT 3.1.1 has no word for them.
        properties: _,
    } = &publish.message;
    let packet_id = publish.qos.packet_id();
    let mut body_bytes = encoded_length("a topic name", topic.as_bytes())? + payload.len();
    if packet_id.is_some() {
        body_bytes += 2;
    }
    frame::write_header(Kind::Publish, publish::flags(publish), body_bytes, to)?;
    write_binary(topic.as_bytes(), to);
    if let Some(packet_id) = packet_id {
        to.put_u16(packet_id.get());
    }
    Ok(())
}
