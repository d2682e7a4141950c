//! What must hold of bytes from anywhere. Used by the property test, the corpus replay and the fuzz target.

use bytes::BytesMut;
use thingsmith_mqtt::{Codec, Limits, Message, MqttError, Packet, UserProperties, Version};

/// Reads the bytes at once and in pieces of the size that the first byte says, as MQTT 3.1.1, as MQTT 5, and as a
/// client whose CONNECT has yet to say.
pub(crate) fn check(data: &[u8]) {
    let Some((&piece, bytes)) = data.split_first() else {
        return;
    };
    for codec in [
        Codec::speaking(Version::V3_1_1),
        Codec::speaking(Version::V5),
        Codec::new(),
    ] {
        check_as(&codec, usize::from(piece).max(1), bytes);
    }
}

fn check_as(codec: &Codec, piece: usize, bytes: &[u8]) {
    let whole = read_all(codec.clone(), bytes, bytes.len().max(1));
    let pieces = read_all(codec.clone(), bytes, piece);
    assert_eq!(whole, pieces, "the same bytes in other pieces");
    for (version, packet) in &whole.0 {
        assert!(
            held_bytes(packet) <= bytes.len(),
            "{packet:?} is larger than what it was read from"
        );
        check_rewriting(*version, packet);
    }
}

/// Each packet with the version that it was read in: before a CONNECT of MQTT 5 everything is of MQTT 3.1.1.
type Outcome = (Vec<(Version, Packet)>, Option<MqttError>);

fn read_all(mut codec: Codec, bytes: &[u8], piece: usize) -> Outcome {
    let limits = Limits::default();
    let (mut buffer, mut packets) = (BytesMut::new(), Vec::new());
    for piece in bytes.chunks(piece) {
        buffer.extend_from_slice(piece);
        loop {
            let capacity = buffer.capacity();
            match codec.read(&mut buffer, &limits) {
                Ok(Some(packet)) => packets.push((codec.version().unwrap_or_default(), packet)),
                Ok(None) => break,
                Err(error) => return (packets, Some(error)),
            }
            assert!(buffer.capacity() <= capacity, "reading makes no room by itself");
        }
        assert!(
            buffer.len() < limits.packet_bytes,
            "an incomplete packet is shorter than the longest"
        );
    }
    (packets, None)
}

fn check_rewriting(version: Version, packet: &Packet) {
    let mut written = BytesMut::new();
    let mut codec = Codec::speaking(version);
    codec
        .write(packet, &mut written)
        .expect("what was read can be written");
    if !matches!(packet, Packet::OtherVersion(_)) {
        let read = codec.read(&mut written, &Limits::default());
        assert_eq!(read.as_ref(), Ok(&Some(packet.clone())), "written and read again");
        assert!(written.is_empty());
    }
}

fn held_bytes(packet: &Packet) -> usize {
    match packet {
        Packet::Connect(connect) => {
            let will = connect
                .will
                .as_ref()
                .map_or(0, |will| message_bytes(&will.message));
            let user_name = connect.user_name.as_ref().map_or(0, String::len);
            let password = connect.password.as_ref().map_or(0, |password| password.len());
            connect.client_id.len()
                + will
                + user_name
                + password
                + user_bytes(&connect.properties.user_properties)
        }
        Packet::Publish(publish) => message_bytes(&publish.message),
        Packet::Subscribe(subscribe) => subscribe
            .subscriptions
            .iter()
            .map(|one| one.filter.as_str().len() + 3)
            .sum(),
        Packet::SubAck(suback) => suback.grants.capacity(),
        Packet::Unsubscribe(unsubscribe) => unsubscribe
            .filters
            .iter()
            .map(|filter| filter.as_str().len() + 2)
            .sum(),
        _ => 0,
    }
}

fn message_bytes(message: &Message) -> usize {
    let properties = message
        .properties
        .as_ref()
        .map_or(0, |properties| properties.bytes());
    message.topic.as_str().len() + message.payload.len() + properties
}

fn user_bytes(properties: &UserProperties) -> usize {
    properties
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum()
}
