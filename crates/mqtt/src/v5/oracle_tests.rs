//! Our codec beside another implementation's, `mqtt-protocol-core`.

use std::fmt::Debug;
use std::sync::Arc;

use mqtt_protocol_core::mqtt::packet::v5_0;
use mqtt_protocol_core::mqtt::result_code::MqttError as OracleError;
use proptest::prelude::*;

use super::*;
use crate::arbitrary::v5::packets;
use crate::{Grant, PublishQos};

/// What the oracle understood: the fields that are no properties as text, and the bytes it writes for all of it.
type Understood = (String, Vec<u8>);

macro_rules! understood {
    ($parsed:expr, |$packet:ident| $fields:expr) => {
        $parsed.map(|($packet, _)| (format!("{:?}", $fields), $packet.to_continuous_buffer()))
    };
}

fn oracle(kind: Kind, flags: u8, body: &[u8]) -> Result<Understood, OracleError> {
    match kind {
        Kind::Connect => understood!(v5_0::Connect::parse(body), |it| (
            it.client_id(),
            it.clean_start(),
            it.keep_alive(),
            it.will_topic()
                .map(|topic| (topic, it.will_payload(), it.will_qos() as u8, it.will_retain())),
            it.user_name(),
            it.password(),
        )),
        Kind::ConnAck => understood!(v5_0::Connack::parse(body), |it| (
            it.session_present(),
            it.reason_code() as u8
        )),
        Kind::Publish => understood!(v5_0::Publish::parse(flags, Arc::from(body)), |it| (
            it.topic_name(),
            it.payload().as_slice(),
            it.retain(),
            it.dup(),
            it.qos() as u8,
            it.packet_id(),
        )),
        Kind::PubAck => understood!(v5_0::Puback::parse(body), |it| (
            it.packet_id(),
            it.reason_code().map_or(0, |code| code as u8)
        )),
        Kind::Subscribe => understood!(v5_0::Subscribe::parse(body), |it| (
            it.packet_id(),
            it.entries()
                .iter()
                .map(|entry| {
                    let options = entry.sub_opts();
                    let bits = (options.nl(), options.rap(), options.rh() as u8);
                    (entry.topic_filter().to_owned(), options.qos() as u8, bits)
                })
                .collect::<Vec<_>>(),
        )),
        Kind::SubAck => understood!(v5_0::Suback::parse(body), |it| (
            it.packet_id(),
            it.reason_codes()
                .iter()
                .map(|code| *code as u8)
                .collect::<Vec<_>>(),
        )),
        Kind::Unsubscribe => understood!(v5_0::Unsubscribe::parse(body), |it| (
            it.packet_id(),
            it.entries()
                .iter()
                .map(mqtt_protocol_core::mqtt::packet::MqttString::as_str)
                .collect::<Vec<_>>(),
        )),
        Kind::UnsubAck => understood!(v5_0::Unsuback::parse(body), |it| (
            it.packet_id(),
            it.reason_codes()
                .iter()
                .map(|code| *code as u8)
                .collect::<Vec<_>>(),
        )),
        Kind::PingReq => understood!(v5_0::Pingreq::parse(body), |it| ()),
        Kind::PingResp => understood!(v5_0::Pingresp::parse(body), |it| ()),
        Kind::Disconnect => understood!(v5_0::Disconnect::parse(body), |it| it
            .reason_code()
            .map_or(0, |code| code as u8)),
        Kind::Auth => understood!(v5_0::Auth::parse(body), |it| it
            .reason_code()
            .map_or(0, |code| code as u8)),
        Kind::PubRec | Kind::PubRel | Kind::PubComp => panic!("we write none"),
    }
}

/// Our packet in the same words.
fn ours(packet: &Packet) -> String {
    fn text(fields: impl Debug) -> String {
        format!("{fields:?}")
    }
    match packet {
        Packet::Connect(it) => {
            let will = it.will.as_ref().map(|will| {
                let message = &will.message;
                (
                    message.topic.as_str(),
                    Some(&message.payload[..]),
                    will.qos as u8,
                    message.retain,
                )
            });
            text((
                &it.client_id,
                it.clean_session,
                it.keep_alive_seconds,
                will,
                &it.user_name,
                &it.password,
            ))
        }
        Packet::ConnAck(it) => text((it.session_present, it.code as u8)),
        Packet::Publish(it) => text((
            it.message.topic.as_str(),
            &it.message.payload[..],
            it.message.retain,
            it.duplicate,
            it.qos.level() as u8,
            it.qos.packet_id(),
        )),
        Packet::PubAck(it) => text((it.packet_id, it.code as u8)),
        Packet::Subscribe(it) => {
            let filters = it.subscriptions.iter().map(|one| {
                let options = one.options;
                let bits = (
                    options.no_local,
                    options.retain_as_published,
                    options.retain_handling as u8,
                );
                (one.filter.as_str(), one.qos as u8, bits)
            });
            text((it.packet_id, filters.collect::<Vec<_>>()))
        }
        Packet::SubAck(it) => {
            let codes = it.grants.iter().map(|grant| match grant {
                Grant::Granted(qos) => *qos as u8,
                Grant::Refused(code) => *code as u8,
            });
            text((it.packet_id, codes.collect::<Vec<_>>()))
        }
        Packet::Unsubscribe(it) => text((
            it.packet_id,
            it.filters
                .iter()
                .map(crate::TopicFilter::as_str)
                .collect::<Vec<_>>(),
        )),
        Packet::UnsubAck(it) => {
            let codes = it.codes.iter().map(|code| *code as u8);
            text((it.packet_id, codes.collect::<Vec<_>>()))
        }
        Packet::Disconnect(it) => text(it.code as u8),
        Packet::Auth(it) => text(it.code as u8),
        Packet::PingReq | Packet::PingResp => text(()),
        Packet::OtherVersion(_) => panic!("never read by the oracle"),
    }
}

/// The oracle knows only MQTT 3.1.1's rule for this one; MQTT 5 (3.1.2.9) allows a password without a user name.
fn is_understood(packet: &Packet) -> bool {
    !matches!(packet, Packet::Connect(it) if it.password.is_some() && it.user_name.is_none())
}

proptest! {
    /// The oracle reads in our bytes what we meant, and writes for it the bytes that we read, properties included.
    #[test]
    fn the_oracle_agrees_on_every_packet(packet in packets().prop_filter("understood", is_understood)) {
        let mut bytes = BytesMut::new();
        write(&packet, &mut bytes).unwrap();
        let header = Header::read(&bytes, usize::MAX).unwrap().unwrap();
        let (fields, rewritten) = oracle(header.kind, header.flags, &bytes[header.header_bytes..]).unwrap();
        prop_assert_eq!(fields, ours(&packet));
        prop_assert_eq!(read(&mut BytesMut::from(&rewritten[..]), &Limits::default()), Ok(Some(packet)));
    }

    /// What we accept of arbitrary bytes, the oracle accepts and understands alike.
    #[test]
    fn the_oracle_accepts_what_we_accept(
        first in prop::sample::select(vec![0x10u8, 0x20, 0x30, 0x32, 0x3b, 0x40, 0x82, 0x90, 0xa2, 0xb0, 0xe0]),
        body in prop::collection::vec(prop_oneof![4 => 0u8..4, 1 => 0x60u8..0x64, 1 => any::<u8>()], 0..16),
    ) {
        let body = match first {
            0x10 => [connect::START, &body[..]].concat(),
            _ => body,
        };
        let bytes = [&[first, body.len() as u8], &body[..]].concat();
        if let Ok(Some(packet)) = read(&mut BytesMut::from(&bytes[..]), &Limits::default())
            && is_understood(&packet)
        {
            let (fields, rewritten) = oracle(packet.kind(), first & 0x0f, &body).unwrap();
            prop_assert_eq!(fields, ours(&packet));
            prop_assert_eq!(read(&mut BytesMut::from(&rewritten[..]), &Limits::default()), Ok(Some(packet)));
        }
    }
}

#[test]
fn the_words_of_both_are_comparable() {
    let publish = crate::Publish {
        qos: PublishQos::AtLeastOnce(crate::PacketId::MIN),
        ..crate::arbitrary::publish("t", b"p")
    };
    assert_eq!(
        ours(&Packet::Publish(publish)),
        r#"("t", [112], false, false, 1, Some(1))"#
    );
    let (fields, _) = oracle(Kind::Publish, 0b0010, b"\0\x01t\0\x01\0p").unwrap();
    assert_eq!(fields, r#"("t", [112], false, false, 1, Some(1))"#);
}
