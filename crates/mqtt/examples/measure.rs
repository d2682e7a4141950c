//! Times the hot paths: `cargo run --release -p thingsmith-mqtt --example measure`.
//!
//! Each figure is the median of several rounds, beside a copy of the same bytes as the limit of what any codec can do.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use thingsmith_mqtt::*;

const PACKETS: usize = 1_000;
const ROUNDS: usize = 51;

#[expect(clippy::print_stdout, reason = "it is a program that prints figures")]
fn main() {
    for (name, nanoseconds) in codec().into_iter().chain(trie()).chain(session()) {
        println!("{name:<70} {nanoseconds:>8.1} ns");
    }
}

/// The median time of one of the `units` that a round does.
fn time(units: usize, mut prepare: impl FnMut() -> BytesMut, mut round: impl FnMut(BytesMut)) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let input = prepare();
            let start = Instant::now();
            round(input);
            start.elapsed().as_nanos() as f64 / units as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}

fn topic(text: &str) -> TopicName {
    TopicName::parse(text, &TopicLimits::default()).expect("a topic")
}

fn filter(text: &str) -> TopicFilter {
    TopicFilter::parse(text, &TopicLimits::default()).expect("a filter")
}

fn message() -> Message {
    Message {
        topic: topic("plant/7/pump-0042/telemetry"),
        payload: Bytes::from_static(&[b'x'; 64]),
        retain: false,
        properties: None,
    }
}

fn publish(qos: PublishQos) -> Packet {
    Packet::Publish(Publish {
        message: message(),
        qos,
        duplicate: false,
        topic_alias: None,
    })
}

fn written(packet: &Packet, times: usize) -> BytesMut {
    let mut bytes = BytesMut::new();
    for _ in 0..times {
        v3::write(packet, &mut bytes).expect("a packet");
    }
    bytes
}

fn codec() -> Vec<(&'static str, f64)> {
    let limits = Limits::default();
    let publish = publish(PublishQos::AtLeastOnce(PacketId::MIN));
    let all = written(&publish, PACKETS);
    let each = all.len() / PACKETS;
    let mut out = BytesMut::with_capacity(all.len() + 64);
    let copy = time(
        PACKETS,
        || all.clone(),
        |input| {
            out.clear();
            for packet in input.chunks(each) {
                out.extend_from_slice(black_box(packet));
            }
        },
    );
    let decode = time(
        PACKETS,
        || all.clone(),
        |mut input| {
            while let Ok(Some(packet)) = v3::read(&mut input, &limits) {
                black_box(packet);
            }
        },
    );
    let encode = time(PACKETS, BytesMut::new, |_| {
        out.clear();
        for _ in 0..PACKETS {
            v3::write(black_box(&publish), &mut out).expect("a packet");
        }
    });
    let both = time(
        PACKETS,
        || all.clone(),
        |mut input| {
            out.clear();
            while let Ok(Some(packet)) = v3::read(&mut input, &limits) {
                v3::write(&packet, &mut out).expect("a packet");
            }
        },
    );
    let pings = written(&Packet::PingReq, PACKETS);
    let ping = time(
        PACKETS,
        || pings.clone(),
        |mut input| {
            while let Ok(Some(packet)) = v3::read(&mut input, &limits) {
                black_box(packet);
            }
        },
    );
    vec![
        ("PUBLISH of 64 bytes, QoS 1: copy its bytes", copy),
        ("PUBLISH of 64 bytes, QoS 1: decode", decode),
        ("PUBLISH of 64 bytes, QoS 1: encode", encode),
        ("PUBLISH of 64 bytes, QoS 1: decode and encode", both),
        ("PINGREQ: decode", ping),
    ]
}

fn trie() -> Vec<(&'static str, f64)> {
    let mut trie = SubscriptionTrie::new();
    for device in 0..100_000_u32 {
        trie.insert(
            &filter(&format!("plant/{}/pump-{device:06}/commands/#", device % 10)),
            device,
            Qos::AtLeastOnce,
        );
        trie.insert(
            &filter(&format!("plant/+/pump-{device:06}/config")),
            device,
            Qos::AtLeastOnce,
        );
    }
    let topics: Vec<TopicName> = (0..PACKETS)
        .map(|index| index * 97)
        .map(|device| topic(&format!("plant/{}/pump-{device:06}/commands/start", device % 10)))
        .collect();
    let visit = |topics: &[TopicName]| {
        time(topics.len(), BytesMut::new, |_| {
            for topic in topics {
                let mut met = 0;
                trie.visit(topic, |_| met += 1);
                assert_eq!(black_box(met), 1);
            }
        })
    };
    let hot = vec![topics[1].clone(); PACKETS];
    vec![
        (
            "trie of 200,000 filters: one match, the same topic again",
            visit(&hot),
        ),
        (
            "trie of 200,000 filters: one match, a new topic each time",
            visit(&topics),
        ),
    ]
}

fn session() -> Vec<(&'static str, f64)> {
    let connected = || {
        let (mut session, mut actions) = (Session::new(Arc::new(Limits::default()), 0), Vec::new());
        let connect = Connect {
            client_id: "pump-1".to_owned(),
            clean_session: true,
            keep_alive_seconds: 60,
            ..Connect::default()
        };
        session.receive(Packet::Connect(Box::new(connect)), 0, &mut actions);
        session.accept(false, None, 0, &mut actions);
        (session, Vec::new())
    };
    let (message, publish) = (message(), publish(PublishQos::AtLeastOnce(PacketId::MIN)));
    let (mut inbound, mut actions) = connected();
    let received = time(PACKETS, BytesMut::new, |_| {
        for _ in 0..PACKETS {
            inbound.receive(publish.clone(), 1, &mut actions);
            inbound.answer(Answer::Published, 1, &mut actions);
            black_box(&actions);
            actions.clear();
        }
    });
    let (mut outbound, mut actions) = connected();
    let mut deliver = |qos| {
        time(PACKETS, BytesMut::new, |_| {
            for number in 0..PACKETS {
                let dispatch = Dispatch {
                    message: message.clone(),
                    qos,
                    id: DeliveryId(number as u64),
                    duplicate: false,
                    waited_ms: 0,
                };
                let _ = black_box(outbound.deliver(dispatch, 1, &mut actions));
                let Some(Action::Send(Packet::Publish(publish))) = actions.pop() else {
                    panic!("there is room in flight");
                };
                if let Some(packet_id) = publish.qos.packet_id() {
                    outbound.receive(Packet::PubAck(PubAck::success(packet_id)), 1, &mut actions);
                }
                actions.clear();
            }
        })
    };
    vec![
        ("session: take a QoS 1 PUBLISH, answer, PUBACK", received),
        ("session: deliver QoS 0", deliver(Qos::AtMostOnce)),
        (
            "session: deliver QoS 1 and take its PUBACK",
            deliver(Qos::AtLeastOnce),
        ),
    ]
}
