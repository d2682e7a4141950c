//! What nodes ask each other about clients, with every trouble; on PostgreSQL, since a SQLite store has one node.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use thingsmith_core::clients::{Received, send_direct_message};
use thingsmith_core::messages::QueueLimits;
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::{Deeds, outbox};
use thingsmith_mqtt::{Message, TopicLimits, TopicName};
use thingsmith_ports::{Clock, Statement, Store};
use thingsmith_testkit::TestClock;
use tokio::time::{sleep, timeout};

use super::Trouble::{self, Busy, LostAfter, LostBefore};
use super::store::Troubled;
use crate::stores::{Place, node, realm};

const PATIENCE: Duration = Duration::from_secs(60);

/// One node, which asks, and another one, which has the client `pump`.
struct Nodes {
    asking: Deeds,
    asked_from: Arc<Troubled>,
    answered_from: Arc<Troubled>,
    realm: Arc<RealmRecord>,
    /// Messages that came to the client.
    came: Arc<AtomicUsize>,
    _place: Place,
}

impl Nodes {
    async fn new() -> Option<Self> {
        let place = Place::postgres().await?;
        let clock: Arc<dyn Clock> = Arc::new(TestClock::default());
        let troubled = async || Arc::new(Troubled::new(place.open().await));
        let (asked_from, answered_from) = (troubled().await, troubled().await);
        let on = |store: &Arc<Troubled>| Arc::clone(store) as Arc<dyn Store>;
        let asking = node(on(&asked_from), Arc::clone(&clock), 1).await;
        let answering = Arc::new(node(on(&answered_from), clock, 2).await);
        let realm = realm(&asking).await;
        let came = Arc::new(AtomicUsize::new(0));

        let limits = QueueLimits {
            messages: 8,
            bytes: 1_000,
        };
        let (subscriber, mut queue) = answering.router().subscriber(limits);
        let seat = answering.clients().take(realm.realm, "pump", &subscriber);
        let counted = Arc::clone(&came);
        tokio::spawn(async move {
            let _place = (seat, subscriber);
            loop {
                queue.ready().await;
                let mut delivery = queue.try_next().unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                delivery.receipt.take().unwrap().tell(Received::Delivered);
            }
        });
        let following = Arc::clone(&answering);
        tokio::spawn(async move { match outbox::follow(&following).await {} });
        let is_there = async {
            while answering.watches().last_read().is_none() {
                sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(PATIENCE, is_there).await.unwrap();
        let nodes = Self {
            asking,
            asked_from,
            answered_from,
            realm,
            came,
            _place: place,
        };
        // Both have reserved their numbers after this, so that what is spoiled is of the question.
        nodes.reaches_the_client_once("before").await;
        Some(nodes)
    }

    async fn reaches_the_client_once(&self, case: &str) {
        let before = self.came.load(Ordering::SeqCst);
        let message = Message {
            topic: TopicName::parse("a", &TopicLimits::default()).unwrap(),
            payload: "x".into(),
            retain: false,
            properties: None,
        };
        let sent = send_direct_message(&self.asking, &self.realm, "pump", message, Some(15)).await;
        assert!(sent.is_ok(), "{case}: {sent:?}");
        assert_eq!(self.came.load(Ordering::SeqCst), before + 1, "{case}");
    }

    /// How many questions are left, and how many answers.
    async fn left(&self) -> (i64, i64) {
        let count = "SELECT (SELECT count(*) FROM node_questions), (SELECT count(*) FROM node_answers)";
        let rows = self.asking.store().read(Statement::new(count, [])).await.unwrap();
        (rows[0].get(0).unwrap(), rows[0].get(1).unwrap())
    }
}

const TROUBLES: [&[Trouble]; 5] = [
    &[LostAfter],
    &[LostBefore],
    &[Busy, Busy],
    &[LostBefore, LostBefore, LostAfter],
    &[Busy, LostBefore, LostAfter],
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_whose_commit_was_lost_is_asked_once() {
    let Some(nodes) = Nodes::new().await else { return };
    for troubles in TROUBLES {
        nodes.asked_from.spoil(troubles);
        nodes.reaches_the_client_once(&format!("{troubles:?}")).await;
        assert!(nodes.asked_from.is_spent(), "{troubles:?}");
        assert_eq!(nodes.left().await, (0, 0), "{troubles:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_whose_commit_was_lost_is_given_once() {
    let Some(nodes) = Nodes::new().await else { return };
    for troubles in TROUBLES {
        nodes.answered_from.spoil(troubles);
        nodes.reaches_the_client_once(&format!("{troubles:?}")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_was_not_withdrawn_stays_and_is_not_answered_again() {
    let Some(nodes) = Nodes::new().await else { return };
    for (trouble, left) in [(LostAfter, 0), (LostBefore, 1)] {
        // The question itself is well.
        nodes.asked_from.spare(1);
        nodes.asked_from.spoil(&[trouble]);
        nodes.reaches_the_client_once(&format!("{trouble:?}")).await;
        assert_eq!(nodes.left().await, (left, left), "{trouble:?}");
    }
    nodes.reaches_the_client_once("after").await;
    assert_eq!(nodes.left().await, (1, 1));
}
