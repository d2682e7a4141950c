//! Clients that do not read what they are sent.

use std::time::{Duration, Instant};

use thingsmith_gateway::Config;
use thingsmith_mqtt::Qos::{AtLeastOnce, AtMostOnce};
use thingsmith_mqtt::{KeepAlive, Packet};
use tokio::net::TcpSocket;

use super::lab::{Device, EVERYTHING, Lab};
use super::wire::{Wire, subscription};

const LARGE: usize = 100_000;

/// A connection over which little fits that is not read.
pub(super) async fn narrow(lab: &Lab, device: &Device, client_id: &str) -> Wire {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let tcp = socket.connect(lab.address).await.unwrap();
    let mut wire = lab.dial(device).tls_over(tcp).await.unwrap();
    let connect = super::wire::connect(client_id);
    wire.send(&Packet::Connect(Box::new(connect))).await;
    assert!(matches!(wire.next().await, Some(Packet::ConnAck(_))));
    wire
}

fn patient_for(write_patience: Duration) -> Config {
    Config {
        write_patience,
        ..Config::default()
    }
}

#[tokio::test]
async fn one_that_never_reads_is_dropped_and_the_others_miss_nothing() {
    let lab = Lab::with(patient_for(Duration::from_millis(500))).await;
    let device = lab.device(EVERYTHING).await;
    let mut sender = lab.dial(&device).connect("sender").await;
    let mut reader = lab.dial(&device).connect("reader").await;
    reader.subscribe("a/#", AtLeastOnce).await;
    let mut slow = narrow(&lab, &device, "slow").await;
    slow.subscribe("a/#", AtMostOnce).await;
    let mut number = 0u32;
    while lab.clients.len() == 3 {
        let payload = [&number.to_be_bytes()[..], &[0; LARGE]].concat();
        assert!(sender.publish("a/b", &payload).await);
        let (_, payload, _) = reader.message().await;
        assert_eq!(payload[..4], number.to_be_bytes());
        number += 1;
    }
    assert!(sender.is_alive().await && reader.is_alive().await);
    // Its client id is free, and nothing of it stays.
    let mut again = lab.dial(&device).connect("slow").await;
    assert!(again.is_alive().await);
    while slow.next().await.is_some() {}
}

#[tokio::test]
async fn a_queue_that_overflows_loses_messages_and_delivers_what_fits_in_order() {
    let mut config = patient_for(Duration::from_secs(60));
    config.delivery_queue.messages = 4;
    let lab = Lab::with(config).await;
    let device = lab.device(EVERYTHING).await;
    let mut sender = lab.dial(&device).connect("sender").await;
    let mut slow = narrow(&lab, &device, "slow").await;
    slow.subscribe("a", AtMostOnce).await;
    let sent = 400u32;
    for number in 0..sent {
        let payload = [&number.to_be_bytes()[..], &[0; LARGE]].concat();
        assert!(sender.publish("a", &payload).await);
    }
    slow.send(&subscription("end")).await;
    let mut numbers = Vec::new();
    let mut last = false;
    // The answer may come before what waits in the queue; nothing may be lost any more once the queue is empty.
    while !last || numbers.len() < 5 {
        match slow.next().await {
            Some(Packet::Publish(publish)) => {
                let number = publish.message.payload[..4].try_into().unwrap();
                numbers.push(u32::from_be_bytes(number));
            }
            Some(Packet::SubAck(_)) => last = true,
            other => panic!("{other:?}"),
        }
    }
    assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
    assert_eq!(numbers[0], 0);
    assert!(numbers.len() < sent as usize, "some were lost");
    loop {
        assert!(sender.publish("end", b"end").await);
        match slow.message().await {
            (topic, payload, _) if topic == "end" => break assert_eq!(payload, b"end"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn one_that_does_not_read_gives_way_to_its_successor_at_once() {
    let mut config = patient_for(Duration::from_secs(600));
    config.connections = 3;
    let lab = Lab::with(config).await;
    let device = lab.device(EVERYTHING).await;
    let (_stuck, _sender) = stuck(&lab, &device).await;
    let mut successor = lab.dial(&device).connect("stuck").await;
    assert!(successor.is_alive().await);
    // There is a place for a fourth only when the stuck one has gone, though nobody read what it was sent.
    let mut fourth = lab.dial(&device).connect("fourth").await;
    assert!(fourth.is_alive().await);
}

#[tokio::test]
async fn one_that_does_not_read_does_not_keep_the_server_from_ending() {
    let lab = Lab::with(patient_for(Duration::from_secs(600))).await;
    let device = lab.device(EVERYTHING).await;
    let _clients = stuck(&lab, &device).await;
    let begin = Instant::now();
    lab.stop().await;
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}

/// A client to which the server is writing in vain, and who sent it more than it takes.
async fn stuck(lab: &Lab, device: &Device) -> (Wire, Wire) {
    let (mut stuck, sender) = stuck_clients(lab, device, &["stuck"]).await;
    (stuck.pop().unwrap(), sender)
}

async fn stuck_clients(lab: &Lab, device: &Device, client_ids: &[&str]) -> (Vec<Wire>, Wire) {
    let mut stuck = Vec::new();
    for client_id in client_ids {
        let mut wire = narrow(lab, device, client_id).await;
        wire.subscribe("a", AtMostOnce).await;
        stuck.push(wire);
    }
    let mut sender = lab.dial(device).connect("sender").await;
    // More than the kernel's buffers hold.
    for _ in 0..200 {
        assert!(sender.publish("a", &[0; LARGE]).await);
    }
    (stuck, sender)
}

#[tokio::test]
async fn clients_that_read_late_are_not_taken_for_silent() {
    let mut config = patient_for(Duration::from_secs(60));
    config.mqtt.keep_alive = KeepAlive {
        minimum_seconds: 2,
        maximum_seconds: 2,
    };
    let lab = Lab::with(config).await;
    let device = lab.device(EVERYTHING).await;
    // Several, since which of two ready things is looked at first is left to chance.
    let ids = ["1", "2", "3", "4", "5"];
    let (mut late, mut sender) = stuck_clients(&lab, &device, &ids).await;
    // Their PINGREQs wait unread at the server, which writes, while the keep-alive passes: that of the sender ends too.
    for wire in &mut late {
        wire.send(&Packet::PingReq).await;
    }
    sender.ends().await;
    for wire in &mut late {
        loop {
            match wire.next().await.expect("it is not closed") {
                Packet::PingResp => break,
                Packet::Publish(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}
