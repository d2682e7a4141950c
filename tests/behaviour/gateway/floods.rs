//! Floods: what many clients, or one loud one, send at once has a bound, and others are served meanwhile.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use thingsmith_gateway::Config;
use thingsmith_mqtt::Qos::{AtLeastOnce, AtMostOnce};
use thingsmith_mqtt::{PublishQos, Qos};
use tokio::net::TcpSocket;
use tokio::time::timeout;

use super::hostile::Healthy;
use super::lab::{EVERYTHING, Lab, PATIENCE};
use super::slow::narrow;
use super::wire::{connect, publish, written};

/// Waits until something holds.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let reached = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(timeout(PATIENCE, reached).await.is_ok(), "not in time: {what}");
}

#[tokio::test]
async fn so_many_handshakes_in_all_and_the_next_waits_for_a_place() {
    let config = Config {
        handshakes: NonZeroUsize::new(3).unwrap(),
        ..Config::default()
    };
    let lab = Lab::with(config).await;
    let device = lab.device(EVERYTHING).await;
    let mut healthy = Healthy::connect(&lab, &device).await;
    let mut held = Vec::new();
    for host in 2..5 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("127.0.0.{host}:0").parse().unwrap()).unwrap();
        held.push(socket.connect(lab.address).await.unwrap());
    }
    let late = lab.dial(&device).connect("late");
    tokio::pin!(late);
    let waits = timeout(Duration::from_millis(100), &mut late).await;
    assert!(waits.is_err(), "nobody is turned away, and nobody comes in");
    healthy.check().await;
    drop(held.pop());
    let mut late = timeout(PATIENCE, late).await.unwrap();
    assert!(late.is_alive().await);
}

#[tokio::test]
async fn a_flood_of_connects_under_one_client_id_leaves_one_connection() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut healthy = Healthy::connect(&lab, &device).await;
    let all = (0..60).map(|_| lab.dial(&device).open(connect("pump")));
    let opened = futures_util::future::join_all(all).await;
    assert!(
        opened.iter().all(Option::is_some),
        "each was let in, and then the next"
    );
    lab.until_connected(2).await;
    let mut alive = 0;
    for (mut wire, _) in opened.into_iter().flatten() {
        alive += usize::from(wire.is_alive().await);
    }
    assert_eq!(alive, 1);
    healthy.check().await;
}

#[tokio::test]
async fn a_subscription_bomb_takes_bounded_memory_and_leaves_nothing() {
    const BOMBS: usize = 8;
    let config = Config {
        delivery_memory: 2 * 1024 * 1024,
        ..Config::default()
    };
    let lab = Lab::with(config).await;
    let device = lab.device(EVERYTHING).await;
    let mut healthy = Healthy::connect(&lab, &device).await;
    // Fifty filters of eight levels that all match one topic; none of them is read for.
    let filters: Vec<String> = (0..50u8)
        .map(|mask| {
            let level = |bit: u8| if mask >> bit & 1 == 1 { "+" } else { "x" };
            (0..8).map(level).collect::<Vec<_>>().join("/")
        })
        .collect();
    let mut bombs = Vec::new();
    for number in 0..BOMBS {
        let mut bomb = narrow(&lab, &device, &format!("bomb-{number}")).await;
        for some in filters.chunks(8) {
            let some: Vec<(&str, Qos)> = some.iter().map(|filter| (filter.as_str(), AtMostOnce)).collect();
            bomb.subscribe_all(&some).await;
        }
        bombs.push(bomb);
    }
    let router = lab.server.deeds.router();
    assert_eq!(router.subscriptions(lab.realm.realm), BOMBS * 50 + 1);
    let mut sender = lab.dial(&device).connect("sender").await;
    for number in 0..100 {
        assert!(sender.publish("x/x/x/x/x/x/x/x", &[0; 4_000]).await);
        // One message of each queue may be beyond it.
        assert!(router.memory_in_use() <= 2 * 1024 * 1024 + (BOMBS + 2) * 8_000);
        if number % 10 == 0 {
            healthy.check().await;
        }
    }
    drop(bombs);
    until("nothing is left of them", || {
        router.subscriptions(lab.realm.realm) == 1 && router.memory_in_use() == 0
    })
    .await;
    healthy.check().await;
}

#[tokio::test]
async fn a_flood_of_topics_leaves_nothing() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut healthy = Healthy::connect(&lab, &device).await;
    let mut flood = lab.dial(&device).connect("flood").await;
    for part in 0..40 {
        let mut breath = Vec::new();
        for number in 0..500 {
            let topic = format!("flood/{part}/{number}");
            breath.extend(written(&publish(&topic, b"x", PublishQos::AtMostOnce)));
        }
        flood.bytes(&breath).await;
        healthy.check().await;
    }
    assert!(flood.is_alive().await);
    let router = lab.server.deeds.router();
    assert_eq!(router.subscriptions(lab.realm.realm), 1);
    until("nothing waits", || router.memory_in_use() == 0).await;
}

#[tokio::test]
async fn loud_clients_do_not_starve_a_quiet_one() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut quiet = Healthy::connect(&lab, &device).await;
    let mut listener = lab.dial(&device).connect("listener").await;
    listener.subscribe("loud/#", AtLeastOnce).await;
    let sent = Arc::new(AtomicUsize::new(0));
    let mut tasks = Vec::new();
    for number in 0..4 {
        let mut loud = lab.dial(&device).connect(&format!("loud-{number}")).await;
        let sent = Arc::clone(&sent);
        tasks.push(tokio::spawn(async move {
            let one = written(&publish("loud/topic", &[0; 100], PublishQos::AtMostOnce));
            let breath = one.repeat(1_000);
            loop {
                loud.bytes(&breath).await;
                sent.fetch_add(1_000, Ordering::Relaxed);
            }
        }));
    }
    let reading = tokio::spawn(async move { while listener.next().await.is_some() {} });
    until("they are loud", || sent.load(Ordering::Relaxed) > 4_000).await;
    for _ in 0..50 {
        timeout(PATIENCE, quiet.check()).await.unwrap();
    }
    for task in tasks {
        assert!(!task.is_finished(), "they are loud still");
        task.abort();
    }
    reading.abort();
}

#[tokio::test]
async fn a_client_that_is_slow_to_acknowledge_keeps_nothing_beyond_its_queue() {
    let mut config = Config::default();
    config.mqtt.outbound_in_flight = 2;
    config.delivery_queue.messages = 10;
    let lab = Lab::with(config).await;
    let device = lab.device(EVERYTHING).await;
    let mut slow = lab.dial(&device).connect("slow").await;
    slow.subscribe("a", AtLeastOnce).await;
    let mut sender = lab.dial(&device).connect("sender").await;
    for number in 0u8..50 {
        assert!(sender.publish("a", &[number]).await);
        if number == 2 {
            until("its connection has three", || {
                lab.server.deeds.router().memory_in_use() == 0
            })
            .await;
        }
    }
    // Two in flight, one that waits for a place there, ten in the queue: the rest is lost.
    let mut came = Vec::new();
    while came.len() < 13 {
        came.push(slow.message().await.1[0]);
    }
    assert_eq!(came, (0..13).collect::<Vec<u8>>());
    assert!(slow.is_alive().await, "and nothing else came");
}
