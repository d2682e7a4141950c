//! Routes messages to subscribers.
//!
//! Every message passes [`Router::route`], whoever sends it; [`publish`](super::publish) also retains it and lets it wait
//! where it must. A subscriber gets it into its own bounded queue; whether it may receive it is asked by its connection,
//! at the delivery. Sessions that outlive their connections are subscribers too, connected or not: what they get with
//! QoS 1 is stored, and their connection reads it from there.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use foldhash::fast::RandomState;
use thingsmith_model::Realm;
use thingsmith_mqtt::{Match, Message, Qos, SubscriptionOptions, SubscriptionTrie, TopicFilter};

use super::memory::Memory;
use super::queue::{Deliveries, Queue, QueueLimits, queue};
use super::sessions::KeptSession;
use super::shared::Shared;

/// Where a connection's messages go.
#[derive(Debug, Clone)]
pub struct Subscriber {
    id: u64,
    queue: Queue,
    /// The session for which it subscribes, if that outlives the connection.
    session: Option<Arc<KeptSession>>,
}

#[derive(Debug)]
struct Subscription {
    qos: Qos,
    options: SubscriptionOptions,
    target: Target,
    /// For a shared subscription. In a box, since few are.
    membership: Option<Box<Membership>>,
}

/// What a member of a shared subscription knows of it.
#[derive(Debug)]
struct Membership {
    filter: TopicFilter,
    /// Whose turn it is in the group whose first member this is. One count for all groups would give a group of two the same
    /// member each time where two groups want a message.
    turn: AtomicU32,
}

/// Where a subscription's messages go.
#[derive(Debug)]
enum Target {
    Connection(Queue),
    Session(Arc<KeptSession>),
}

/// What became of a message.
#[derive(Debug, Default)]
pub struct Routed {
    /// How many subscribers have it in their queue.
    pub sent: usize,
    /// The sessions for which it is to be stored. One that has several subscriptions stands here as often.
    pub to_keep: Vec<ToKeep>,
}

/// A session for which a message is to be stored, and the group whose member it is, if it has it by a shared subscription.
pub type ToKeep = (Arc<KeptSession>, Option<Box<Shared>>);

/// What one subscription does with a message.
enum Taken {
    Sent,
    ToKeep(ToKeep),
    Not,
}

impl Routed {
    fn add(&mut self, taken: Taken) {
        match taken {
            Taken::Sent => self.sent += 1,
            Taken::ToKeep(session) => self.to_keep.push(session),
            Taken::Not => {}
        }
    }
}

/// The subscriptions of all realms on this node.
#[derive(Default)]
pub struct Router {
    realms: RwLock<HashMap<Realm, SubscriptionTrie<u64, Subscription>, RandomState>>,
    next: AtomicU64,
    memory: Arc<Memory>,
}

impl Router {
    /// A router without subscriptions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says how many bytes may wait for all subscribers together.
    pub fn bound_memory(&self, bytes: usize) {
        self.memory.bound(bytes);
    }

    /// How many bytes wait for all subscribers together.
    pub fn memory_in_use(&self) -> usize {
        self.memory.in_use()
    }

    /// Makes a subscriber with a queue. A full queue loses what comes: a subscriber that does not read must not hold up
    /// the others.
    pub fn subscriber(&self, limits: QueueLimits) -> (Subscriber, Deliveries) {
        let (queue, deliveries) = queue(limits, Arc::clone(&self.memory));
        let id = self.new_subscriber_id();
        let session = None;
        (Subscriber { id, queue, session }, deliveries)
    }

    pub(super) fn new_subscriber_id(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Subscribes; a second subscription with the same filter takes the place of the first.
    pub fn subscribe(
        &self,
        realm: Realm,
        subscriber: &Subscriber,
        filter: &TopicFilter,
        qos: Qos,
        options: SubscriptionOptions,
    ) {
        if let Some(session) = &subscriber.session {
            return self.subscribe_session(session, filter, qos, options);
        }
        let target = Target::Connection(subscriber.queue.clone());
        let subscription = Subscription::new(filter, qos, options, target);
        self.insert(realm, subscriber.id, filter, subscription);
    }

    /// Subscribes a session that outlives its connections.
    pub(super) fn subscribe_session(
        &self,
        session: &Arc<KeptSession>,
        filter: &TopicFilter,
        qos: Qos,
        options: SubscriptionOptions,
    ) {
        let target = Target::Session(Arc::clone(session));
        let subscription = Subscription::new(filter, qos, options, target);
        self.insert(session.realm(), session.subscriber, filter, subscription);
    }

    fn insert(&self, realm: Realm, subscriber: u64, filter: &TopicFilter, subscription: Subscription) {
        let mut realms = self.realms.write().unwrap_or_else(PoisonError::into_inner);
        realms
            .entry(realm)
            .or_default()
            .insert(filter, subscriber, subscription);
    }

    /// Takes a subscription back; harmless when there is none.
    pub fn unsubscribe(&self, realm: Realm, subscriber: &Subscriber, filter: &TopicFilter) {
        self.unsubscribe_id(realm, subscriber.id, filter);
    }

    pub(super) fn unsubscribe_id(&self, realm: Realm, subscriber: u64, filter: &TopicFilter) {
        let mut realms = self.realms.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(trie) = realms.get_mut(&realm) {
            trie.remove(filter, &subscriber);
            if trie.is_empty() {
                realms.remove(&realm);
            }
        }
    }

    /// How many subscriptions the realm has on this node, those of sessions whose clients are away included.
    pub fn subscriptions(&self, realm: Realm) -> usize {
        let realms = self.realms.read().unwrap_or_else(PoisonError::into_inner);
        realms.get(&realm).map_or(0, SubscriptionTrie::len)
    }

    /// How many shared subscriptions the realm has on this node, and how many members this one of them has.
    pub fn shared(&self, realm: Realm, filter: &TopicFilter) -> (usize, usize) {
        let realms = self.realms.read().unwrap_or_else(PoisonError::into_inner);
        let trie = realms.get(&realm);
        trie.map_or((0, 0), |trie| (trie.groups(), trie.members(filter).len()))
    }

    /// Whether anybody in the realm subscribes to anything.
    pub fn has_subscribers(&self, realm: Realm) -> bool {
        let realms = self.realms.read().unwrap_or_else(PoisonError::into_inner);
        realms.contains_key(&realm)
    }

    /// Sends a message to every subscriber whose filter matches its topic; of a shared subscription to one member.
    /// Stores nothing. A subscriber that published it may not want its own (MQTT 5, No Local).
    pub fn route(&self, realm: Realm, message: &Message, qos: Qos, publisher: Option<&Subscriber>) -> Routed {
        let realms = self.realms.read().unwrap_or_else(PoisonError::into_inner);
        let mut routed = Routed::default();
        let Some(trie) = realms.get(&realm) else {
            return routed;
        };
        trie.visit(&message.topic, |found| {
            let taken = match found {
                Match::Subscriber(id, subscription) => {
                    let own = publisher.is_some_and(|publisher| publisher.id == *id);
                    if own && subscription.options.no_local {
                        Taken::Not
                    } else {
                        subscription.take(message, qos, &[])
                    }
                }
                Match::Group { members, .. } => share(members, message, qos, &[]),
            };
            routed.add(taken);
        });
        routed
    }

    /// Sends a message that a member of a shared subscription may not receive to the next one that has not been tried.
    pub fn hand_on(
        &self,
        realm: Realm,
        member: &Subscriber,
        mut message: Message,
        mut shared: Shared,
    ) -> Routed {
        shared.tried.push(member.id);
        message.retain = shared.retain;
        let realms = self.realms.read().unwrap_or_else(PoisonError::into_inner);
        let trie = realms.get(&realm);
        let members = trie.map_or(&[] as &[_], |trie| trie.members(&shared.filter));
        let mut routed = Routed::default();
        routed.add(share(members, &message, shared.qos, &shared.tried));
        routed
    }
}

/// Gives a message to one member of a group: one after the other from a place that moves on. A member whose queue is full
/// leaves it to the next; one that is not connected has it only if nobody is; one that was tried does not have it again.
fn share(members: &[(u64, Subscription)], message: &Message, qos: Qos, tried: &[u64]) -> Taken {
    let membership = members.first().and_then(|(_, first)| first.membership.as_ref());
    let turn = membership.map_or(0, |first| first.turn.fetch_add(1, Ordering::Relaxed));
    let first = usize::try_from(turn).unwrap_or(0);
    let in_turn = || {
        let turns = (0..members.len()).map(|turn| &members[(first.wrapping_add(turn)) % members.len()]);
        let untried = turns.filter(|(member, _)| !tried.contains(member));
        untried.map(|(_, subscription)| subscription)
    };
    let take = |subscription: &Subscription| match subscription.take(message, qos, tried) {
        Taken::Not => None,
        taken => Some(taken),
    };
    let connected = in_turn().filter(|member| member.is_connected()).find_map(take);
    connected
        .or_else(|| in_turn().filter(|member| !member.is_connected()).find_map(take))
        .unwrap_or(Taken::Not)
}

impl Subscription {
    fn new(filter: &TopicFilter, qos: Qos, options: SubscriptionOptions, target: Target) -> Self {
        let membership = filter.share_name().map(|_| {
            let (filter, turn) = (filter.clone(), AtomicU32::new(0));
            Box::new(Membership { filter, turn })
        });
        Self {
            qos,
            options,
            target,
            membership,
        }
    }

    fn is_connected(&self) -> bool {
        match &self.target {
            Target::Connection(_) => true,
            Target::Session(session) => session.is_connected(),
        }
    }

    /// `tried` are the members of its group that have had the message before.
    fn take(&self, message: &Message, published: Qos, tried: &[u64]) -> Taken {
        let qos = published.min(self.qos);
        let shared = self.membership.as_ref().map(|membership| {
            Box::new(Shared {
                filter: membership.filter.clone(),
                qos: published,
                retain: message.retain,
                tried: tried.to_vec(),
            })
        });
        let sent = match &self.target {
            Target::Connection(queue) => queue.send(message, qos, self.options, shared),
            Target::Session(session) if qos > Qos::AtMostOnce => {
                return Taken::ToKeep((Arc::clone(session), shared));
            }
            Target::Session(session) => session
                .queue()
                .is_some_and(|queue| queue.send(message, qos, self.options, shared)),
        };
        if sent { Taken::Sent } else { Taken::Not }
    }
}

impl Subscriber {
    /// Whether it subscribes for a session that outlives its connection.
    pub fn is_session(&self) -> bool {
        self.session.is_some()
    }

    /// From here on it subscribes for a session.
    pub(super) fn become_session(&mut self, session: &Arc<KeptSession>) {
        self.id = session.subscriber;
        self.session = Some(Arc::clone(session));
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
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
        message_with(topic, b"x")
    }

    fn message_with(topic: &str, payload: &'static [u8]) -> Message {
        let topic = TopicName::parse(topic, &TopicLimits::default()).unwrap();
        Message {
            topic,
            payload: bytes::Bytes::from_static(payload),
            retain: false,
            properties: None,
        }
    }

    fn of(messages: usize) -> QueueLimits {
        let bytes = 1024;
        QueueLimits { messages, bytes }
    }

    #[test]
    fn a_message_reaches_the_subscribers_of_its_realm_only() {
        let router = Router::new();
        let (mine, mut my_queue) = router.subscriber(of(8));
        let (other, mut other_queue) = router.subscriber(of(8));
        router.subscribe(
            Realm(1),
            &mine,
            &filter("a/+"),
            Qos::AtLeastOnce,
            SubscriptionOptions::default(),
        );
        router.subscribe(
            Realm(2),
            &other,
            &filter("a/+"),
            Qos::AtLeastOnce,
            SubscriptionOptions::default(),
        );
        assert_eq!(
            router
                .route(Realm(1), &message("a/b"), Qos::AtMostOnce, None)
                .sent,
            1
        );
        assert_eq!(my_queue.try_next().unwrap().qos, Qos::AtMostOnce);
        assert!(other_queue.try_next().is_none());
        router.unsubscribe(Realm(1), &mine, &filter("a/+"));
        assert_eq!(
            router
                .route(Realm(1), &message("a/b"), Qos::AtMostOnce, None)
                .sent,
            0
        );
    }

    #[test]
    fn a_full_queue_loses_messages_and_nobody_waits() {
        let router = Router::new();
        let (slow, mut queue) = router.subscriber(of(1));
        router.subscribe(
            Realm(1),
            &slow,
            &filter("a"),
            Qos::AtMostOnce,
            SubscriptionOptions::default(),
        );
        assert_eq!(
            router.route(Realm(1), &message("a"), Qos::AtMostOnce, None).sent,
            1
        );
        assert_eq!(
            router.route(Realm(1), &message("a"), Qos::AtMostOnce, None).sent,
            0
        );
        assert!(queue.try_next().is_some());
        assert_eq!(
            router.route(Realm(1), &message("a"), Qos::AtMostOnce, None).sent,
            1
        );
    }

    #[test]
    fn a_queue_is_bounded_in_bytes_and_takes_any_message_when_empty() {
        let router = Router::new();
        let limits = QueueLimits {
            messages: 8,
            bytes: 10,
        };
        let (slow, mut queue) = router.subscriber(limits);
        router.subscribe(
            Realm(1),
            &slow,
            &filter("a"),
            Qos::AtMostOnce,
            SubscriptionOptions::default(),
        );
        let route = |payload| {
            router
                .route(Realm(1), &message_with("a", payload), Qos::AtMostOnce, None)
                .sent
        };
        assert_eq!((route(b"1234"), route(b"1234"), route(b"")), (1, 1, 0));
        drop(queue.try_next().unwrap());
        assert_eq!((route(b"12345"), route(b"1234")), (0, 1));
        drop((queue.try_next().unwrap(), queue.try_next().unwrap()));
        assert_eq!((route(b"longer than all of it"), route(b"")), (1, 0));
        let message = queue.try_next().unwrap().message;
        assert_eq!(route(b"1234"), 1, "what was taken out waits no more");
        assert_eq!(&message.payload[..], b"longer than all of it");
    }

    #[test]
    fn all_queues_together_are_bounded_and_an_empty_one_takes_a_message_all_the_same() {
        let router = Router::new();
        router.bound_memory(10_000);
        let limits = QueueLimits {
            messages: 100,
            bytes: 100_000,
        };
        let (slow, never_read) = router.subscriber(limits);
        let (quick, mut read) = router.subscriber(limits);
        for (subscriber, filter_of) in [(&slow, "a/+"), (&quick, "a/quick")] {
            let (qos, options) = (Qos::AtMostOnce, SubscriptionOptions::default());
            router.subscribe(Realm(1), subscriber, &filter(filter_of), qos, options);
        }
        let route = |topic| {
            let message = message_with(topic, &[0; 1_000]);
            router.route(Realm(1), &message, Qos::AtMostOnce, None).sent
        };
        let taken: usize = (0..100).map(|_| route("a/slow")).sum();
        assert!((5..10).contains(&taken), "{taken}");
        assert!(router.memory_in_use() <= 10_000);
        for _ in 0..100 {
            assert_eq!(route("a/quick"), 1, "the slow one does not starve the other");
            drop(read.try_next().unwrap());
        }
        drop(never_read);
        assert_eq!(router.memory_in_use(), 0);
    }

    #[test]
    fn members_take_turns_however_many_groups_want_a_message() {
        let router = Router::new();
        let filters = ["$share/g/a", "$share/h/a", "$share/g/+"];
        let mut queues = Vec::new();
        for name in filters.iter().flat_map(|name| [name, name]) {
            let (member, queue) = router.subscriber(of(8));
            let options = SubscriptionOptions::default();
            router.subscribe(Realm(1), &member, &filter(name), Qos::AtMostOnce, options);
            queues.push((member, queue));
        }
        for _ in 0..8 {
            let routed = router.route(Realm(1), &message("a"), Qos::AtMostOnce, None);
            assert_eq!(routed.sent, filters.len());
        }
        for (_, queue) in &mut queues {
            let mut count = 0;
            while queue.try_next().is_some() {
                count += 1;
            }
            assert_eq!(count, 4);
        }
    }

    #[test]
    fn members_of_a_group_take_turns() {
        let router = Router::new();
        let (first, mut first_queue) = router.subscriber(of(8));
        let (second, mut second_queue) = router.subscriber(of(8));
        for member in [&first, &second] {
            router.subscribe(
                Realm(1),
                member,
                &filter("$share/g/a"),
                Qos::AtMostOnce,
                SubscriptionOptions::default(),
            );
        }
        for _ in 0..8 {
            assert_eq!(
                router.route(Realm(1), &message("a"), Qos::AtMostOnce, None).sent,
                1
            );
        }
        let count = |queue: &mut Deliveries| std::iter::from_fn(|| queue.try_next()).count();
        assert_eq!((count(&mut first_queue), count(&mut second_queue)), (4, 4));
    }
}
