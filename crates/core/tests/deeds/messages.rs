//! Messages that are kept, when the store loses answers and when several want the same.

use std::sync::Arc;

use thingsmith_core::Deeds;
use thingsmith_core::messages::sessions::{self, Opened, SessionSubscription};
use thingsmith_core::messages::{self, QueueLimits, retained};
use thingsmith_core::rules::Origin;
use thingsmith_model::Realm;
use thingsmith_mqtt::{Message, Qos, SubscriptionOptions, TopicFilter, TopicLimits, TopicName};
use thingsmith_ports::{Clock, Store};
use thingsmith_testkit::TestClock;

use crate::stores::{Place, node_with, places};
use crate::troubles::store::{Trouble, Troubled};

const REALM: Realm = Realm(1);
const QUEUE: QueueLimits = QueueLimits {
    messages: 8,
    bytes: 1_000,
};

fn message(topic: &str, payload: &str, retain: bool) -> Message {
    Message {
        topic: TopicName::parse(topic, &TopicLimits::default()).unwrap(),
        payload: payload.to_owned().into(),
        retain,
        properties: None,
    }
}

async fn deeds(place: &Place, messages: Arc<dyn Store>, seed: u64) -> Arc<Deeds> {
    let clock: Arc<dyn Clock> = Arc::new(TestClock::default());
    Arc::new(node_with(place.open().await, messages, clock, seed).await)
}

/// Opens a session that subscribes to `a`.
async fn open(deeds: &Arc<Deeds>, client_id: &str) -> Opened {
    let (mut subscriber, _queue) = deeds.router().subscriber(QUEUE);
    let opened = sessions::open(deeds, REALM, client_id, false, 60, &mut subscriber)
        .await
        .unwrap();
    let filter = TopicFilter::parse("a", &TopicLimits::default()).unwrap();
    let options = SubscriptionOptions::default();
    let subscription = SessionSubscription::new(&filter, Qos::AtLeastOnce, options);
    let session = opened.session.as_ref().unwrap();
    session.subscribe(&[subscription]).await.unwrap();
    deeds
        .router()
        .subscribe(REALM, &subscriber, &filter, Qos::AtLeastOnce, options);
    opened
}

async fn waiting(store: &Arc<dyn Store>, client_id: &str) -> Vec<String> {
    let record = sessions::rows::find(store.as_ref(), REALM, client_id)
        .await
        .unwrap();
    let Some(record) = record else { return Vec::new() };
    let queued = sessions::rows::queued(store.as_ref(), REALM, record.number, 1_000)
        .await
        .unwrap();
    let counted = sessions::rows::waiting(store.as_ref(), REALM, record.number)
        .await
        .unwrap();
    let text = |message: &Message| String::from_utf8(message.payload.to_vec()).unwrap();
    let texts: Vec<_> = queued.iter().map(|queued| text(&queued.stored.message)).collect();
    let bytes: i64 = queued.iter().map(|queued| queued.stored.bytes()).sum();
    assert_eq!(counted, Some((i64::try_from(texts.len()).unwrap(), bytes)));
    texts
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_neither_loses_a_message_nor_makes_it_two() {
    let place = Place::sqlite();
    let store = place.open_messages().await;
    let troubled = Arc::new(Troubled::new(Arc::clone(&store)));
    let deeds = deeds(&place, Arc::clone(&troubled) as Arc<dyn Store>, 1).await;
    let mut session = open(&deeds, "pump").await.session.unwrap();
    let mut expected = Vec::new();
    for trouble in [Trouble::LostAfter, Trouble::LostBefore, Trouble::Busy] {
        let text = format!("{trouble:?}");
        troubled.spoil(&[trouble]);
        messages::publish(
            &deeds,
            REALM,
            message("a", &text, false),
            Qos::AtLeastOnce,
            Origin::Server,
        )
        .await
        .unwrap();
        expected.push(text);
        assert_eq!(waiting(&store, "pump").await, expected);
    }
    // What is acknowledged goes, if not at the first try.
    let found = session.next().await.unwrap();
    for (number, ..) in &found {
        session.done(*number);
    }
    for (trouble, left) in [(Trouble::LostBefore, 3), (Trouble::LostAfter, 0)] {
        troubled.spoil(&[trouble]);
        session.settle().await.unwrap();
        assert_eq!(waiting(&store, "pump").await.len(), left);
    }
    session.settle().await.unwrap();
    assert!(!session.is_unsettled());

    for trouble in [Trouble::LostAfter, Trouble::LostBefore, Trouble::Busy] {
        for (payload, count) in [("first", 1), ("second", 1), ("", 0)] {
            troubled.spoil(&[trouble]);
            let message = message("kept", payload, true);
            messages::publish(&deeds, REALM, message, Qos::AtLeastOnce, Origin::Server)
                .await
                .unwrap();
            let counted = retained::rows::count(store.as_ref(), REALM).await.unwrap();
            assert_eq!(counted, count, "{trouble:?} {payload}");
            let found = retained::rows::find(store.as_ref(), REALM, "kept").await.unwrap();
            assert_eq!(found.is_some(), count == 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_starts_knows_the_sessions_that_it_had() {
    for place in places().await {
        let store = place.open_messages().await;
        let first = deeds(&place, Arc::clone(&store), 1).await;
        drop(open(&first, "pump").await);
        // A session without subscriptions is one, too.
        let (mut subscriber, _queue) = first.router().subscriber(QUEUE);
        drop(
            sessions::open(&first, REALM, "quiet", false, 60, &mut subscriber)
                .await
                .unwrap(),
        );
        drop((first, subscriber));
        let second = deeds(&place, Arc::clone(&store), 2).await;
        assert_eq!(second.sessions().len(), 2);
        messages::publish(
            &second,
            REALM,
            message("a", "x", false),
            Qos::AtLeastOnce,
            Origin::Server,
        )
        .await
        .unwrap();
        assert_eq!(waiting(&store, "pump").await, ["x"]);
        let (mut subscriber, _queue) = second.router().subscriber(QUEUE);
        let opened = sessions::open(&second, REALM, "quiet", true, 0, &mut subscriber)
            .await
            .unwrap();
        assert!(opened.session.is_none());
        assert_eq!(second.sessions().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_while_a_session_ends_goes_with_it() {
    for place in places().await {
        let store = place.open_messages().await;
        let deeds = deeds(&place, Arc::clone(&store), 1).await;
        for _ in 0..30 {
            let opened = open(&deeds, "pump").await;
            let record = sessions::rows::find(store.as_ref(), REALM, "pump").await.unwrap();
            let publish = |text: &str| {
                let message = message("a", text, false);
                let deeds = Arc::clone(&deeds);
                async move { messages::publish(&deeds, REALM, message, Qos::AtLeastOnce, Origin::Server).await }
            };
            let (mut subscriber, _queue) = deeds.router().subscriber(QUEUE);
            let (one, two, ended) = tokio::join!(
                publish("1"),
                publish("2"),
                sessions::open(&deeds, REALM, "pump", true, 0, &mut subscriber),
            );
            assert!(one.is_ok() && two.is_ok() && ended.is_ok());
            drop(opened);
            let number = record.unwrap().number;
            let left = sessions::rows::queued(store.as_ref(), REALM, number, 10)
                .await
                .unwrap();
            assert_eq!(left, []);
            assert!(waiting(&store, "pump").await.is_empty());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn retained_messages_are_counted_right_when_many_publish_and_delete() {
    for place in places().await {
        let store = place.open_messages().await;
        let deeds = deeds(&place, Arc::clone(&store), 1).await;
        let mut tasks = tokio::task::JoinSet::new();
        for publisher in 0..6 {
            let deeds = Arc::clone(&deeds);
            tasks.spawn(async move {
                for round in 0..20 {
                    let topic = format!("t/{}", (publisher + round) % 3);
                    let payload = if (publisher * round) % 2 == 0 { "x" } else { "" };
                    let message = message(&topic, payload, true);
                    messages::publish(&deeds, REALM, message, Qos::AtLeastOnce, Origin::Server)
                        .await
                        .unwrap();
                }
            });
        }
        tasks.join_all().await;
        let now = deeds.clock().now();
        let page = retained::rows::page(store.as_ref(), REALM, None, now, 10)
            .await
            .unwrap();
        let counted = retained::rows::count(store.as_ref(), REALM).await.unwrap();
        assert_eq!(counted, i64::try_from(page.len()).unwrap());
    }
}
