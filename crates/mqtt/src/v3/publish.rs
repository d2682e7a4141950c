//! PUBLISH (3.3), the packet that is most of the traffic.

use bytes::{BufMut, Bytes, BytesMut};

use crate::string::{Reader, encoded_length, write_binary};
use crate::topic::LastTopic;
use crate::{Kind, Limits, Message, MqttError, Publish, PublishQos, Qos, frame, payload};

const RETAIN: u8 = 0b0001;
const QOS_SHIFT: u8 = 1;
const DUPLICATE: u8 = 0b1000;
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
    let qos = Qos::from_bits(flags >> QOS_SHIFT & 0b11)?;
    let duplicate = flags & DUPLICATE != 0;
    if duplicate && qos == Qos::AtMostOnce {
        return Err(MqttError::DuplicateQos0);
    }
    let mut reader = Reader::new(body);
    let topic = reader.binary()?;
    let qos = match qos {
        Qos::AtMostOnce => PublishQos::AtMostOnce,
        Qos::AtLeastOnce => PublishQos::AtLeastOnce(reader.packet_id()?),
        Qos::ExactlyOnce => PublishQos::ExactlyOnce(reader.packet_id()?),
    };
    let payload = reader.rest();
    if payload.len() > limits.payload_bytes {
        return Err(MqttError::TooLong {
            what: "a payload",
            bytes: payload.len(),
            maximum: limits.payload_bytes,
        });
    }
    let message = Message {
        topic: last.read(topic, &limits.topic)?,
        payload: payload::copied(payload),
        retain: flags & RETAIN != 0,
        properties: None,
    };
    Ok(Publish {
        message,
        qos,
        duplicate,
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
        retain,
        // MQTT 3.1.1 has no word for them.
        properties: _,
    } = &publish.message;
    let packet_id = publish.qos.packet_id();
    let mut flags = (publish.qos.level() as u8) << QOS_SHIFT;
    if *retain {
        flags |= RETAIN;
    }
    if publish.duplicate {
        flags |= DUPLICATE;
    }
    let mut body_bytes = encoded_length("a topic name", topic.as_bytes())? + payload.len();
    if packet_id.is_some() {
        body_bytes += 2;
    }
    frame::write_header(Kind::Publish, flags, body_bytes, to)?;
    write_binary(topic.as_bytes(), to);
    if let Some(packet_id) = packet_id {
        to.put_u16(packet_id.get());
    }
    Ok(())
}
