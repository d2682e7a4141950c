//! What must hold of bytes from anywhere. Used by the property test, the corpus replay and the fuzz target.

use bytes::BytesMut;
use thingsmith_mqtt::{Limits, MqttError, Packet, v3};

/// Reads the bytes at once and in pieces of the size that the first byte says.
pub(crate) fn check(data: &[u8]) {
    let Some((&piece, bytes)) = data.split_first() else {
        return;
    };
    let whole = read_all(bytes, bytes.len().max(1));
    let pieces = read_all(bytes, usize::from(piece).max(1));
    assert_eq!(whole, pieces, "the same bytes in other pieces");
    for packet in &whole.0 {
        assert!(
            held_bytes(packet) <= bytes.len(),
            "{packet:?} is larger than what it was read from"
        );
        check_rewriting(packet);
    }
}

type Outcome = (Vec<Packet>, Option<MqttError>);

fn read_all(bytes: &[u8], piece: usize) -> Outcome {
    let limits = Limits::default();
    let (mut buffer, mut packets) = (BytesMut::new(), Vec::new());
    for piece in bytes.chunks(piece) {
        buffer.extend_from_slice(piece);
        loop {
            let capacity = buffer.capacity();
            match v3::read(&mut buffer, &limits) {
                Ok(Some(packet)) => packets.push(packet),
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

fn check_rewriting(packet: &Packet) {
    let mut written = BytesMut::new();
    v3::write(packet, &mut written).expect("what was read can be written");
    if !matches!(packet, Packet::OtherVersion(_)) {
        let read = v3::read(&mut written, &Limits::default());
        assert_eq!(read.as_ref(), Ok(&Some(packet.clone())), "written and read again");
        assert!(written.is_empty());
    }
}

fn held_bytes(packet: &Packet) -> usize {
    match packet {
        Packet::Connect(connect) => {
            let will = connect.will.as_ref().map_or(0, |will| {
                will.message.topic.as_str().len() + will.message.payload.len()
            });
            let user_name = connect.user_name.as_ref().map_or(0, String::len);
            let password = connect.password.as_ref().map_or(0, |password| password.len());
            connect.client_id.len() + will + user_name + password
        }
        Packet::Publish(publish) => publish.message.topic.as_str().len() + publish.message.payload.len(),
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
