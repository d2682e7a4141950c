use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::arbitrary::v5::packets;
use crate::{
    Connect, MessageProperties, Packet, PacketId, PubAck, Publish, ReasonCode, TopicLimits, TopicName,
};

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

    /// A packet cut short waits for the rest and leaves the buffer alone.
    #[test]
    fn a_part_of_a_packet_waits(packet in packets(), part in 0.0..1.0) {
        let whole = written(&packet);
        let mut bytes = BytesMut::from(&whole[..(whole.len() as f64 * part) as usize]);
        let before = bytes.clone();
        prop_assert_eq!(read(&mut bytes, &Limits::default()), Ok(None));
        prop_assert_eq!(bytes, before);
    }

    #[test]
    fn the_size_of_a_message_is_known_before_it_is_written(packet in packets()) {
        if let Packet::Publish(publish) = &packet {
            let bytes = written(&packet).len();
            prop_assert_eq!(publish::packet_bytes(publish), Ok(bytes));
            prop_assert!(publish::most_packet_bytes(publish) >= bytes);
        }
    }

    /// What can be read can be written, and reads the same again.
    #[test]
    fn arbitrary_bytes_never_panic(
        first in prop::sample::select(vec![
            0x10u8, 0x20, 0x30, 0x31, 0x32, 0x3d, 0x40, 0x82, 0x90, 0xa2, 0xb0, 0xc0, 0xe0, 0xf0
        ]),
        body in prop::collection::vec(prop_oneof![4 => 0u8..6, 1 => 0x80u8..0xa4, 1 => any::<u8>()], 0..60),
    ) {
        let body = match first {
            0x10 => [connect::START, &body[..]].concat(),
            _ => body,
        };
        let bytes = [&[first, body.len() as u8], &body[..]].concat();
        match read_all(&bytes) {
            Ok(None) => prop_assert!(false, "the packet is complete"),
            Ok(Some(Packet::OtherVersion(_))) | Err(_) => {}
            Ok(Some(packet)) => prop_assert_eq!(read_all(&written(&packet)), Ok(Some(packet))),
        }
    }
}

/// Each is one broken rule away from a packet that is accepted.
#[test]
fn malformed_packets_are_refused_with_their_reason() {
    use MqttError::*;
    let connect = |flags: u8, properties: &[u8], rest: &[u8]| {
        let body = [
            connect::START,
            &[flags, 0, 60, properties.len() as u8],
            properties,
            rest,
        ]
        .concat();
        [&[0x10, body.len() as u8], &body[..]].concat()
    };
    for accepted in [
        connect(2, b"", b"\0\x01c"),
        connect(0b0100_0010, b"", b"\0\x01c\0\x01p"),
        connect(2, b"\x11\0\0\0\x01\x21\0\x01\x27\0\0\0\x01\x22\0\x08", b"\0\0"),
        b"\x30\x04\0\x01t\0".to_vec(),
        b"\x30\x06\0\0\x03\x23\0\x01".to_vec(),
        b"\x40\x03\0\x01\x87".to_vec(),
        b"\x82\x07\0\x01\0\0\x01t\x2d".to_vec(),
        b"\xa2\x06\0\x01\0\0\x01t".to_vec(),
        b"\xe0\x00".to_vec(),
        b"\xe0\x01\x04".to_vec(),
        b"\xe0\x07\0\x05\x11\0\0\0\x01".to_vec(),
        b"\xf0\x00".to_vec(),
    ] {
        assert!(matches!(read_all(&accepted), Ok(Some(_))), "{accepted:02x?}");
    }
    let reason = |kind, code| ReasonCode { kind, code };
    for (bytes, error) in [
        (connect(3, b"", b"\0\x01c"), ConnectFlags(3)),
        (connect(0b0000_1010, b"", b"\0\x01c"), ConnectFlags(0b0000_1010)),
        (
            connect(2, b"\x11\0\0\0\x01\x11\0\0\0\x01", b"\0\x01c"),
            PropertyTwice(17),
        ),
        (connect(2, b"\x21\0\0", b"\0\x01c"), PropertyValue(33)),
        (connect(2, b"\x27\0\0\0\0", b"\0\x01c"), PropertyValue(39)),
        (connect(2, b"\x17\x02", b"\0\x01c"), PropertyValue(23)),
        (connect(2, b"\x19\x02", b"\0\x01c"), PropertyValue(25)),
        (connect(2, b"\x16\0\x01d", b"\0\x01c"), PropertyPlace(22)),
        (connect(2, b"\x18\0\0\0\x01", b"\0\x01c"), PropertyPlace(24)),
        (connect(2, b"\x13\0\x01", b"\0\x01c"), PropertyPlace(19)),
        (connect(2, b"\x04\0\x01", b"\0\x01c"), PropertyType(4)),
        (connect(2, b"\x11\0\0\0", b"\0\x01c"), Truncated),
        (connect(2, b"\x26\0\x01n", b"\0\x01c"), Truncated),
        (
            connect(6, b"", b"\0\x01c\x03\x23\0\x01\0\x01t\0\0"),
            PropertyPlace(35),
        ),
        (connect(6, b"", b"\0\x01c\0\0\x01#\0\0"), Wildcard("a topic name")),
        (b"\x30\x03\0\0\0".to_vec(), NoTopic),
        (b"\x30\x06\0\0\x03\x23\0\0".to_vec(), TopicAlias(0)),
        (b"\x30\x06\0\x01t\x02\x01\x02".to_vec(), PropertyValue(1)),
        (b"\x30\x06\0\x01t\x02\x0b\x01".to_vec(), PropertyPlace(11)),
        (
            b"\x30\x08\0\x01t\x04\x08\0\x01+".to_vec(),
            Wildcard("a topic name"),
        ),
        (b"\x30\x07\0\x01t\x03\x08\0\0".to_vec(), Empty("a topic name")),
        (b"\x32\x06\0\x01t\0\0\0".to_vec(), ZeroPacketId),
        (b"\x38\x04\0\x01t\0".to_vec(), DuplicateQos0),
        (b"\x30\x84\x00\0\x01t\0".to_vec(), LongLength),
        (b"\x30\x05\0\x01t\x80\0".to_vec(), LongLength),
        (b"\x40\x03\0\x01\x81".to_vec(), reason(Kind::PubAck, 0x81)),
        (b"\x40\x03\0\x01\x05".to_vec(), reason(Kind::PubAck, 5)),
        (b"\x50\x02\0\x01".to_vec(), NotSupported(Kind::PubRec)),
        (b"\x82\x03\0\x01\0".to_vec(), NoFilters(Kind::Subscribe)),
        (b"\x82\x07\0\x01\0\0\x01t\x40".to_vec(), SubscriptionOptions(0x40)),
        (b"\x82\x07\0\x01\0\0\x01t\x30".to_vec(), SubscriptionOptions(0x30)),
        (b"\x82\x07\0\x01\0\0\x01t\x03".to_vec(), Qos(3)),
        (
            b"\x82\x10\0\x01\0\0\x0a$share/g/t\x04".to_vec(),
            SubscriptionOptions(4),
        ),
        (b"\x82\x09\0\x01\x02\x0b\0\0\x01t\0".to_vec(), PropertyValue(11)),
        (b"\xa2\x03\0\x01\0".to_vec(), NoFilters(Kind::Unsubscribe)),
        (b"\xa2\x08\0\x01\x02\x0b\x01\0\x01t".to_vec(), PropertyPlace(11)),
        (b"\x90\x03\0\x01\0".to_vec(), NoFilters(Kind::SubAck)),
        (b"\x90\x04\0\x01\0\x03".to_vec(), reason(Kind::SubAck, 3)),
        (
            b"\x20\x03\x01\x87\0".to_vec(),
            ConnectAnswer { flags: 1, code: 0x87 },
        ),
        (b"\x20\x03\x02\0\0".to_vec(), ConnectAnswer { flags: 2, code: 0 }),
        (b"\x20\x05\0\0\x02\x24\x02".to_vec(), PropertyValue(36)),
        (b"\xe0\x01\x10".to_vec(), reason(Kind::Disconnect, 0x10)),
        (b"\xe0\x03\0\0\0".to_vec(), TrailingBytes(1)),
        (b"\xf0\x02\x01\0".to_vec(), reason(Kind::Auth, 1)),
        (b"\xc0\x01\0".to_vec(), TrailingBytes(1)),
    ] {
        assert_eq!(read_all(&bytes), Err(error), "{bytes:02x?}");
    }
}

#[test]
fn properties_have_aws_limits() {
    let publish = |properties: MessageProperties| {
        let mut publish = crate::arbitrary::publish("t", b"payload");
        publish.message.properties = Some(properties.into());
        read(&mut written(&Packet::Publish(publish)), &Limits::default())
    };
    let content = |bytes: usize| MessageProperties {
        content_type: Some("c".repeat(bytes)),
        ..MessageProperties::default()
    };
    let correlation = |bytes: usize| MessageProperties {
        correlation_data: Some(vec![0; bytes].into()),
        ..MessageProperties::default()
    };
    let user = |bytes: usize| MessageProperties {
        user_properties: vec![("n".repeat(bytes), String::new())],
        ..MessageProperties::default()
    };
    for accepted in [content(256), correlation(8_192), user(8_192)] {
        assert!(publish(accepted).is_ok());
    }
    for refused in [content(257), correlation(8_193), user(8_193)] {
        assert!(matches!(publish(refused), Err(MqttError::TooLong { .. })));
    }
}

#[test]
fn a_message_keeps_nothing_of_the_buffer_alive() {
    let mut sent = crate::arbitrary::publish("plant/1", b"payload");
    sent.message.properties = Some(
        MessageProperties {
            response_topic: Some(TopicName::parse("answers", &TopicLimits::default()).unwrap()),
            correlation_data: Some(Bytes::from_static(b"data")),
            ..MessageProperties::default()
        }
        .into(),
    );
    let mut bytes = written(&Packet::Publish(sent));
    let buffer = bytes.as_ptr_range();
    let Ok(Some(Packet::Publish(Publish { message, .. }))) = read(&mut bytes, &Limits::default()) else {
        panic!("it was written as a PUBLISH");
    };
    let properties = message.properties.unwrap();
    for kept in [
        message.topic.as_bytes(),
        &message.payload,
        properties.response_topic.as_ref().unwrap().as_bytes(),
        properties.correlation_data.as_ref().unwrap(),
    ] {
        assert!(!buffer.contains(&kept.as_ptr()));
    }
}

#[test]
fn what_cannot_be_said_is_not_half_written() {
    let mut to = BytesMut::from(&b"before"[..]);
    let long = Connect {
        client_id: "c".repeat(65_536),
        ..Connect::default()
    };
    let wrong = PubAck::new(PacketId::MIN, ReasonCode::KeepAliveTimeout);
    let mut wide = crate::arbitrary::publish("t", b"payload");
    wide.message.properties = Some(
        MessageProperties {
            user_properties: vec![("n".to_owned(), "v".repeat(65_536))],
            ..MessageProperties::default()
        }
        .into(),
    );
    for packet in [
        Packet::Connect(long.into()),
        Packet::PubAck(wrong),
        Packet::Publish(wide),
    ] {
        assert!(write(&packet, &mut to).is_err());
        assert_eq!(&to[..], b"before");
    }
}

#[test]
fn what_is_usual_is_written_short() {
    let success = PubAck::success(PacketId::MIN);
    assert_eq!(&written(&Packet::PubAck(success))[..], b"\x40\x02\0\x01");
    assert_eq!(
        &written(&Packet::Disconnect(crate::Disconnect::default()))[..],
        b"\xe0\x00"
    );
    let taken = crate::Disconnect::new(ReasonCode::SessionTakenOver);
    assert_eq!(&written(&Packet::Disconnect(taken))[..], b"\xe0\x01\x8e");
}
