use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::arbitrary::packets;
use crate::{Grant, Packet, Protocol, Publish, Qos};

fn written(packet: &Packet) -> BytesMut {
    let mut bytes = BytesMut::new();
    write(packet, &mut bytes).unwrap();
    bytes
}

fn read_all(bytes: &[u8]) -> Result<Option<Packet>, MqttError> {
    read(&mut BytesMut::from(bytes), &Limits::default())
}

proptest! {
    #[test]
    fn every_packet_is_read_as_it_was_written(packet in packets()) {
        let mut bytes = written(&packet);
        bytes.extend_from_slice(b"\xc0\x00");
        prop_assert_eq!(read(&mut bytes, &Limits::default()), Ok(Some(packet)));
        prop_assert_eq!(&bytes[..], b"\xc0\x00");
    }

    #[test]
    fn bytes_in_pieces_are_the_same_packets(
        packets in prop::collection::vec(packets(), 1..6),
        pieces in prop::collection::vec(1usize..60, 1..40),
    ) {
        let mut whole = BytesMut::new();
        for packet in &packets {
            write(packet, &mut whole).unwrap();
        }
        let (mut buffer, mut seen) = (BytesMut::new(), Vec::new());
        for piece in pieces.into_iter().chain([usize::MAX]) {
            buffer.extend_from_slice(&whole.split_to(piece.min(whole.len())));
            while let Some(packet) = read(&mut buffer, &Limits::default()).unwrap() {
                seen.push(packet);
            }
        }
        prop_assert!(buffer.is_empty());
        prop_assert_eq!(seen, packets);
    }

    /// A packet cut short waits for the rest and leaves the buffer alone.
    #[test]
    fn a_part_of_a_packet_waits(packet in packets(), part in 0.0..1.0) {
        let whole = written(&packet);
        let mut bytes = BytesMut::from(&whole[..(whole.len() as f64 * part) as usize]);
        let before = bytes.clone();
        prop_assert_eq!(read(&mut bytes, &Limits::default()), Ok(None));
        prop_assert_eq!(bytes, before);
    }

    /// What can be read can be written, and reads the same again.
    #[test]
    fn arbitrary_bytes_never_panic(
        first in prop::sample::select(vec![0x10u8, 0x20, 0x30, 0x31, 0x32, 0x3d, 0x40, 0x82, 0x90, 0xa2, 0xb0, 0xc0]),
        body in prop::collection::vec(prop_oneof![0u8..6, any::<u8>()], 0..60),
    ) {
        let mut bytes = vec![first, body.len() as u8];
        bytes.extend(body);
        match read_all(&bytes) {
            Ok(None) => prop_assert!(false, "the packet is complete"),
            Ok(Some(Packet::OtherVersion(_))) | Err(_) => {}
            Ok(Some(packet)) => prop_assert_eq!(&written(&packet)[..], &bytes[..]),
        }
    }

    #[test]
    fn arbitrary_connects_never_panic(
        flags in any::<u8>(),
        fields in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..6), 0..6),
    ) {
        let mut body = b"\x00\x04MQTT\x04".to_vec();
        body.extend([flags, 0, 60]);
        for field in fields {
            body.extend([0, field.len() as u8]);
            body.extend(field);
        }
        let mut bytes = vec![0x10, body.len() as u8];
        bytes.extend(body);
        if let Ok(packet) = read_all(&bytes) {
            prop_assert_eq!(&written(&packet.unwrap())[..], &bytes[..]);
        }
    }
}

/// Each is one broken rule away from a packet that is accepted.
#[test]
fn malformed_packets_are_refused_with_their_reason() {
    use MqttError::*;
    let connect = |name: &[u8], flags: u8, rest: &[u8]| {
        let body = [&[0, name.len() as u8 - 1], name, &[flags, 0, 60], rest].concat();
        [&[0x10, body.len() as u8], &body[..]].concat()
    };
    let v4 = b"MQTT\x04";
    assert!(matches!(
        read_all(&connect(v4, 2, b"\0\x01c")),
        Ok(Some(Packet::Connect(_)))
    ));
    for (bytes, error) in [
        (connect(v4, 3, b"\0\x01c"), ConnectFlags(3)),
        (connect(v4, 0b0000_1010, b"\0\x01c"), ConnectFlags(0b0000_1010)),
        (connect(v4, 0b0010_0010, b"\0\x01c"), ConnectFlags(0b0010_0010)),
        (
            connect(v4, 0b0001_1110, b"\0\x01c\0\x01t\0\0"),
            ConnectFlags(0b0001_1110),
        ),
        (
            connect(v4, 0b0100_0010, b"\0\x01c\0\x01p"),
            ConnectFlags(0b0100_0010),
        ),
        (
            connect(v4, 0b0000_0110, b"\0\x01c\0\x01#\0\0"),
            Wildcard("a topic name"),
        ),
        (connect(v4, 0b0000_0110, b"\0\x01c\0\x01t"), Truncated),
        (connect(v4, 0b1000_0010, b"\0\x01c"), Truncated),
        (connect(v4, 2, b"\0\x01cx"), TrailingBytes(1)),
        (connect(v4, 2, b"\0\x01\xff"), Utf8),
        (connect(v4, 2, b"\0\x01\0"), Nul),
        (connect(b"mqtt\x04", 2, b"\0\x01c"), ProtocolName),
        (b"\x30\x03\0\x01+".to_vec(), Wildcard("a topic name")),
        (b"\x30\x02\0\0".to_vec(), Empty("a topic name")),
        (b"\x30\x03\0\x02t".to_vec(), Truncated),
        (b"\x32\x03\0\x01t".to_vec(), Truncated),
        (b"\x32\x05\0\x01t\0\0".to_vec(), ZeroPacketId),
        (b"\x36\x05\0\x01t\0\x01".to_vec(), Qos(3)),
        (b"\x38\x03\0\x01t".to_vec(), DuplicateQos0),
        (b"\x40\x02\0\0".to_vec(), ZeroPacketId),
        (b"\x40\x03\0\x01\0".to_vec(), TrailingBytes(1)),
        (b"\x50\x02\0\x01".to_vec(), NotSupported(Kind::PubRec)),
        (b"\x62\x02\0\x01".to_vec(), NotSupported(Kind::PubRel)),
        (b"\x70\x02\0\x01".to_vec(), NotSupported(Kind::PubComp)),
        (b"\x82\x06\0\0\0\x01t\0".to_vec(), ZeroPacketId),
        (b"\x82\x02\0\x01".to_vec(), NoFilters(Kind::Subscribe)),
        (b"\x82\x06\0\x01\0\x01t\x03".to_vec(), Qos(3)),
        (b"\x82\x06\0\x01\0\x01t\x04".to_vec(), Qos(4)),
        (b"\x82\x05\0\x01\0\x01t".to_vec(), Truncated),
        (
            b"\x80\x06\0\x01\0\x01t\0".to_vec(),
            HeaderFlags {
                kind: Kind::Subscribe,
                flags: 0,
            },
        ),
        (b"\xa2\x02\0\x01".to_vec(), NoFilters(Kind::Unsubscribe)),
        (b"\xa2\x05\0\0\0\x01t".to_vec(), ZeroPacketId),
        (b"\x90\x02\0\x01".to_vec(), NoFilters(Kind::SubAck)),
        (b"\x90\x03\0\x01\x03".to_vec(), SubscribeCode(3)),
        (b"\x20\x02\x02\0".to_vec(), ConnectAnswer { flags: 2, code: 0 }),
        (b"\x20\x02\x01\x05".to_vec(), ConnectAnswer { flags: 1, code: 5 }),
        (b"\x20\x02\0\x06".to_vec(), ConnectAnswer { flags: 0, code: 6 }),
        (b"\xf0\x00".to_vec(), PacketType(15)),
        (b"\xc0\x01\0".to_vec(), TrailingBytes(1)),
        (b"\xe0\x01\0".to_vec(), TrailingBytes(1)),
        (
            b"\xc1\x00".to_vec(),
            HeaderFlags {
                kind: Kind::PingReq,
                flags: 1,
            },
        ),
    ] {
        assert_eq!(read_all(&bytes), Err(error), "{bytes:02x?}");
    }
}

#[test]
fn other_versions_are_known_and_refused_in_their_own_form() {
    for (name, protocol, answer) in [
        // The body of a real version 5 CONNECT would go on with properties; nothing after the level is read.
        (
            &b"\0\x04MQTT\x05\x02\0\x3c\0\0\0"[..],
            Protocol::V5,
            &b"\x20\x03\0\x84\0"[..],
        ),
        (
            b"\0\x06MQIsdp\x03\x02\0\x3c\0\x01c",
            Protocol::V3_1,
            b"\x20\x02\0\x01",
        ),
        (
            b"\0\x04MQTT\x84\x02\0\x3c\0\x01c",
            Protocol::Other(0x84),
            b"\x20\x02\0\x01",
        ),
        (b"\0\x04MQTT\x03", Protocol::Other(3), b"\x20\x02\0\x01"),
    ] {
        let bytes = [&[0x10, name.len() as u8], name].concat();
        assert_eq!(read_all(&bytes), Ok(Some(Packet::OtherVersion(protocol))));
        assert_eq!(&written(&Packet::OtherVersion(protocol))[..], answer);
    }
}

#[test]
fn the_eighth_filter_is_accepted_and_the_ninth_is_not() {
    let subscribe = |filters: usize| {
        let body = [b"\0\x01".to_vec(), b"\0\x01t\0".repeat(filters)].concat();
        read_all(&[&[0x82, body.len() as u8], &body[..]].concat())
    };
    assert!(subscribe(8).is_ok());
    assert_eq!(
        subscribe(9),
        Err(MqttError::TooManyFilters {
            kind: Kind::Subscribe,
            maximum: 8
        })
    );
}

#[test]
fn a_payload_of_128_kib_is_accepted_and_a_byte_more_is_not() {
    let publish = |bytes: usize| {
        let packet = crate::arbitrary::publish("t", &vec![b'x'; bytes]);
        read(&mut written(&Packet::Publish(packet)), &Limits::default())
    };
    assert!(publish(128 * 1024).is_ok());
    assert!(matches!(
        publish(128 * 1024 + 1),
        Err(MqttError::TooLong {
            what: "a payload",
            ..
        })
    ));
}

#[test]
fn a_message_keeps_nothing_of_the_buffer_alive() {
    let mut bytes = written(&Packet::Publish(crate::arbitrary::publish("plant/1", b"payload")));
    let buffer = bytes.as_ptr_range();
    let Ok(Some(Packet::Publish(Publish { message, .. }))) = read(&mut bytes, &Limits::default()) else {
        panic!("it was written as a PUBLISH");
    };
    assert!(!buffer.contains(&message.topic.as_bytes().as_ptr()));
    assert!(!buffer.contains(&message.payload.as_ptr()));
    assert_eq!(&message.payload[..], b"payload");
}

#[test]
fn what_cannot_be_said_is_not_half_written() {
    let mut to = BytesMut::from(&b"before"[..]);
    let long = crate::Connect {
        client_id: "c".repeat(65_536),
        ..crate::Connect::default()
    };
    let alone = crate::Connect {
        client_id: String::new(),
        password: Some(b"p"[..].into()),
        ..long.clone()
    };
    let none = crate::Subscribe {
        packet_id: crate::PacketId::MIN,
        subscriptions: Vec::new(),
        properties: crate::SubscribeProperties::default(),
    };
    for packet in [
        Packet::Connect(long.into()),
        Packet::Connect(alone.into()),
        Packet::Subscribe(none),
    ] {
        assert!(write(&packet, &mut to).is_err());
        assert_eq!(&to[..], b"before");
    }
}

#[test]
fn a_header_alone_stands_before_its_payload() {
    let publish = crate::arbitrary::publish("t", b"payload");
    let together = [
        publish::encode_header(&publish).unwrap(),
        publish.message.payload.clone(),
    ]
    .concat();
    assert_eq!(Bytes::from(together), written(&Packet::Publish(publish)));
}

#[test]
fn grants_have_their_codes() {
    let suback = crate::SubAck {
        packet_id: crate::PacketId::MIN,
        grants: vec![
            Grant::Granted(Qos::AtMostOnce),
            Grant::Granted(Qos::AtLeastOnce),
            Grant::Refused(crate::ReasonCode::NotAuthorized),
        ],
        problem: None,
    };
    assert_eq!(&written(&Packet::SubAck(suback))[..], b"\x90\x05\0\x01\0\x01\x80");
}
