//! PUBLISH (3.3), the packet that is most of the traffic.

use std::num::NonZeroU16;
use std::sync::Arc;

use bytes::{BufMut, BytesMut};

use super::message;
use super::property::{Properties, Property, PropertyWriter};
use crate::publish::{self, Start, read_payload};
use crate::string::{LONGEST, Reader, encoded_length, write_binary};
use crate::topic::LastTopic;
use crate::{Kind, Limits, Message, MessageProperties, MqttError, Publish, TopicName, frame};

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
    let (properties, topic_alias) = read_properties(&mut reader, limits)?;
    let payload = read_payload(reader, limits)?;
    let topic = match (start.topic, topic_alias) {
        (b"", Some(_)) => TopicName::absent(),
        (b"", None) => return Err(MqttError::NoTopic),
        (topic, _) => last.read(topic, &limits.topic)?,
    };
    let message = Message {
        topic,
        payload,
        retain: start.retain,
        properties,
    };
    Ok(Publish {
        message,
        qos: start.qos,
        duplicate: start.duplicate,
        topic_alias,
    })
}

type Read = (Option<Arc<MessageProperties>>, Option<NonZeroU16>);

fn read_properties(packet: &mut Reader<'_>, limits: &Limits) -> Result<Read, MqttError> {
    let mut properties = Properties::of(packet)?;
    let (mut read, mut topic_alias) = (None, None);
    while let Some(property) = properties.next()? {
        match property {
            Property::TopicAlias => {
                topic_alias = Some(NonZeroU16::new(properties.u16()?).ok_or(MqttError::TopicAlias(0))?);
            }
            other => {
                let read = read.get_or_insert_with(MessageProperties::default);
                message::take(other, &mut properties, read, limits)?;
            }
        }
    }
    Ok((message::some(read.unwrap_or_default()), topic_alias))
}

/// Appends the packet, payload copied: for small messages the cheapest way to a socket that encrypts.
///
/// # Errors
/// A topic, property or packet longer than its length can say.
pub fn encode(publish: &Publish, to: &mut BytesMut) -> Result<(), MqttError> {
    let (properties, body_bytes) = measure(publish)?;
    let message = &publish.message;
    to.reserve(1 + 4 + body_bytes.min(frame::LONGEST));
    frame::write_header(Kind::Publish, publish::flags(publish), body_bytes, to)?;
    write_binary(message.topic.as_bytes(), to);
    if let Some(packet_id) = publish.qos.packet_id() {
        to.put_u16(packet_id.get());
    }
    properties.write(to);
    to.put_slice(&message.payload);
    Ok(())
}

/// Returns how many bytes the packet takes, fixed header included.
///
/// # Errors
/// A topic, property or packet longer than its length can say.
pub fn packet_bytes(publish: &Publish) -> Result<usize, MqttError> {
    let (_, body_bytes) = measure(publish)?;
    Ok(1 + frame::length_bytes(body_bytes) + body_bytes)
}

/// A bound that [`packet_bytes`] does not exceed, without writing anything: enough to know that a message is small.
pub(crate) fn most_packet_bytes(publish: &Publish) -> usize {
    const HEADERS: usize = 5 + 2 + 2 + 4 + 3;
    const FIELD: usize = 5;
    let message = &publish.message;
    let properties = message.properties.as_ref();
    let fields = properties.map_or(0, |properties| properties.user_properties.len() + 5);
    HEADERS + message.bytes() + fields * FIELD
}

fn measure(publish: &Publish) -> Result<(PropertyWriter, usize), MqttError> {
    let message = &publish.message;
    let mut properties = PropertyWriter::default();
    if let Some(alias) = publish.topic_alias {
        properties.u16(Property::TopicAlias, alias.get());
    }
    if let Some(said) = &message.properties {
        message::add(said, &mut properties)?;
    }
    debug_assert!(message.topic.as_bytes().len() <= LONGEST, "checked by TopicName");
    let mut body_bytes = encoded_length("a topic name", message.topic.as_bytes())?;
    if publish.qos.packet_id().is_some() {
        body_bytes += 2;
    }
    body_bytes += properties.encoded_length()? + message.payload.len();
    Ok((properties, body_bytes))
}
