//! Routes messages to subscribers.
//!
//! Every message passes [`Router::route`], whoever sends it. A subscriber gets it into its own bounded queue; whether it
//! may receive it is asked by its connection, at the delivery.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use thingsmith_model::Realm;
use thingsmith_mqtt::{Match, Message, Qos, SubscriptionTrie, TopicFilter};
use tokio::sync::mpsc;

/// A message on its way to one subscriber.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The message.
    pub message: Message,
    /// The lesser of the publisher's and the subscription's quality of service.
    pub qos: Qos,
}

/// Where a connection's messages go.
#[derive(Debug, Clone)]
pub struct Subscriber {
    id: u64,
    queue: mpsc::Sender<Delivery>,
}

#[derive(Debug)]
struct Subscription {
    qos: Qos,
    queue: mpsc::Sender<Delivery>,
}

/// The subscriptions of all realms on this node.
#[derive(Default)]
pub struct Router {
    realms: RwLock<HashMap<Realm, SubscriptionTrie<u64, Subscription>>>,
    next: AtomicU64,
}

impl Router {
    /// A router without subscriptions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a subscriber with a queue of so many messages. A full queue loses what comes: a subscriber that does not
    /// read must not hold up the others.
    pub fn subscriber(&self, queue: usize) -> (Subscriber, mpsc::Receiver<Delivery>) {
        let (sender, receiver) = mpsc::channel(queue);
        (
            Subscriber {
                id: self.next.fetch_add(1, Ordering::Relaxed),
                queue: sender,
            },
            receiver,
        )
    }

    /// Subscribes; a second subscription with the same filter takes the place of the first.
    pub fn subscribe(&self, realm: Realm, subscriber: &Subscriber, filter: &TopicFilter, qos: Qos) {
        let subscription = Subscription {
            qos,
            queue: subscriber.queue.clone(),
        };
        let mut realms = self.realms.write().unwrap_or_else(PoisonError::into_inner);
        realms
            .entry(realm)
            .or_default()
            .insert(filter, subscriber.id, subscription);
    }

    /// Takes a subscription back; harmless when there is none.
    pub fn unsubscribe(&self, realm: Realm, subscriber: &Subscriber, filter: &TopicFilter) {
        let mut realms = self.realms.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(trie) = realms.get_mut(&realm) {
            trie.remove(filter, &subscriber.id);
            if trie.is_empty() {
                realms.remove(&realm);
            }
        }
    }

    /// Sends a message to every subscriber whose filter matches its topic; of a shared subscription to one member.
    /// Gives back how many got it.
    pub fn route(&self, realm: Realm, message: &Message, qos: Qos) -> usize {
        let realms = self.realms.read().unwrap_or_else(PoisonError::into_inner);
        let Some(trie) = realms.get(&realm) else { return 0 };
        let mut sent = 0;
        trie.visit(&message.topic, |found| {
            let queued = match found {
                Match::Subscriber(_, subscription) => subscription.send(message, qos),
                // One after the other from a place that moves on; a member whose queue is full leaves it to the next.
                Match::Group { members, .. } => {
                    let first = usize::try_from(self.next.fetch_add(1, Ordering::Relaxed)).unwrap_or(0);
                    (0..members.len()).any(|turn| {
                        members[(first.wrapping_add(turn)) % members.len()]
                            .1
                            .send(message, qos)
                    })
                }
            };
            sent += usize::from(queued);
        });
        sent
    }
}

impl Subscription {
    fn send(&self, message: &Message, qos: Qos) -> bool {
        let delivery = Delivery {
            message: message.clone(),
            qos: qos.min(self.qos),
        };
        self.queue.try_send(delivery).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use thingsmith_mqtt::{TopicLimits, TopicName};

    fn filter(text: &str) -> TopicFilter {
        TopicFilter::parse(text, &TopicLimits::default()).unwrap()
    }

    fn message(topic: &str) -> Message {
        let topic = TopicName::parse(topic, &TopicLimits::default()).unwrap();
        Message {
            topic,
            payload: bytes::Bytes::from_static(b"x"),
            retain: false,
        }
    }

    #[test]
    fn a_message_reaches_the_subscribers_of_its_realm_only() {
        let router = Router::new();
        let (mine, mut my_queue) = router.subscriber(8);
        let (other, mut other_queue) = router.subscriber(8);
        router.subscribe(Realm(1), &mine, &filter("a/+"), Qos::AtLeastOnce);
        router.subscribe(Realm(2), &other, &filter("a/+"), Qos::AtLeastOnce);
        assert_eq!(router.route(Realm(1), &message("a/b"), Qos::AtMostOnce), 1);
        assert_eq!(my_queue.try_recv().unwrap().qos, Qos::AtMostOnce);
        assert!(other_queue.try_recv().is_err());
        router.unsubscribe(Realm(1), &mine, &filter("a/+"));
        assert_eq!(router.route(Realm(1), &message("a/b"), Qos::AtMostOnce), 0);
    }

    #[test]
    fn a_full_queue_loses_messages_and_nobody_waits() {
        let router = Router::new();
        let (slow, mut queue) = router.subscriber(1);
        router.subscribe(Realm(1), &slow, &filter("a"), Qos::AtMostOnce);
        assert_eq!(router.route(Realm(1), &message("a"), Qos::AtMostOnce), 1);
        assert_eq!(router.route(Realm(1), &message("a"), Qos::AtMostOnce), 0);
        assert!(queue.try_recv().is_ok());
        assert_eq!(router.route(Realm(1), &message("a"), Qos::AtMostOnce), 1);
    }

    #[test]
    fn members_of_a_group_take_turns() {
        let router = Router::new();
        let (first, mut first_queue) = router.subscriber(8);
        let (second, mut second_queue) = router.subscriber(8);
        for member in [&first, &second] {
            router.subscribe(Realm(1), member, &filter("$share/g/a"), Qos::AtMostOnce);
        }
        for _ in 0..8 {
            assert_eq!(router.route(Realm(1), &message("a"), Qos::AtMostOnce), 1);
        }
        let count =
            |queue: &mut mpsc::Receiver<Delivery>| std::iter::from_fn(|| queue.try_recv().ok()).count();
        assert_eq!((count(&mut first_queue), count(&mut second_queue)), (4, 4));
    }
}
