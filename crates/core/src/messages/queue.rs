//! The queue of one subscriber.
//!
//! Every message that somebody receives goes through one, so all that it takes is a lock around a list. An empty queue
//! holds no room: most connections are idle.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use thingsmith_mqtt::{Message, Qos, SubscriptionOptions};
use tokio::time::Instant;

use super::memory::Memory;
use super::shared::Shared;
use crate::clients::Receipt;

/// A message on its way to one subscriber.
#[derive(Debug)]
pub struct Delivery {
    /// The message.
    pub message: Message,
    /// The lesser of the publisher's and the subscription's quality of service.
    pub qos: Qos,
    /// Where it is told what became of it, if it is for this subscriber alone.
    pub receipt: Option<Receipt>,
    /// The group that it came to, if it came by a shared subscription.
    shared: Option<Box<Shared>>,
    /// When it began to wait, if it expires.
    since: Option<Instant>,
}

impl Delivery {
    /// How long it has waited, in milliseconds; of a message that does not expire nobody looks at the clock.
    pub fn waited_ms(&self) -> u64 {
        let waited = self.since.map(|since| since.elapsed().as_millis());
        waited.map_or(0, |waited| u64::try_from(waited).unwrap_or(u64::MAX))
    }

    /// What may go to another member of its group, as it is now; nothing if it came to this subscriber otherwise, or has
    /// expired.
    pub fn into_shared(self) -> Option<(Message, Shared)> {
        let waited = u32::try_from(self.waited_ms() / 1000).unwrap_or(u32::MAX);
        let (mut message, shared) = (self.message, *self.shared?);
        if let Some(seconds) = message.expiry_seconds() {
            let left = seconds.checked_sub(waited).filter(|left| *left > 0)?;
            if let Some(properties) = &mut message.properties {
                Arc::make_mut(properties).message_expiry_seconds = Some(left);
            }
        }
        Some((message, shared))
    }
}

/// How much may wait for one subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimits {
    /// Messages; one finds room in any case.
    pub messages: usize,
    /// Bytes of topics and payloads. A message that is longer finds room when nothing else waits.
    pub bytes: usize,
}

/// A bounded queue of deliveries, as those see it who send to the subscriber.
#[derive(Debug, Clone)]
pub(crate) struct Queue(Arc<State>);

/// The deliveries that wait for a subscriber, as its connection sees them. Dropping it drops what waits, and closes the queue.
#[derive(Debug)]
pub struct Deliveries(Arc<State>);

#[derive(Debug)]
struct State {
    limits: QueueLimits,
    memory: Arc<Memory>,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// With the bytes that each counts as.
    deliveries: VecDeque<(Delivery, usize)>,
    /// The sum of those.
    bytes: usize,
    /// Who waits for the next one.
    waker: Option<Waker>,
    /// Whether nobody takes any more.
    closed: bool,
}

/// Why a message is not in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NotQueued {
    /// There is no room.
    Full,
    /// The subscriber is gone.
    Closed,
}

impl State {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A queue with nothing in it. All its bytes count as `memory` too.
pub(super) fn queue(limits: QueueLimits, memory: Arc<Memory>) -> (Queue, Deliveries) {
    let waiting = Mutex::default();
    let state = Arc::new(State {
        limits,
        memory,
        waiting,
    });
    (Queue(Arc::clone(&state)), Deliveries(state))
}

impl Queue {
    /// Sends a message for a subscription; `false` if there is no room.
    pub(super) fn send(
        &self,
        message: &Message,
        qos: Qos,
        options: SubscriptionOptions,
        shared: Option<Box<Shared>>,
    ) -> bool {
        let mut message = message.clone();
        message.retain &= options.retain_as_published;
        self.put(message, qos, None, shared).is_ok()
    }

    /// Sends a message to this subscriber alone; `false` if there is no room. One whose receiver is gone drops the receipt.
    pub(crate) fn send_direct(&self, message: &Message, qos: Qos, receipt: Receipt) -> bool {
        self.put(message.clone(), qos, Some(receipt), None) != Err(NotQueued::Full)
    }

    fn put(
        &self,
        message: Message,
        qos: Qos,
        receipt: Option<Receipt>,
        shared: Option<Box<Shared>>,
    ) -> Result<(), NotQueued> {
        let bytes = message.bytes();
        let delivery = Delivery {
            since: message.expiry_seconds().map(|_| Instant::now()),
            message,
            qos,
            receipt,
            shared,
        };
        let State { limits, memory, .. } = &*self.0;
        let mut waiting = self.0.waiting();
        if waiting.closed {
            return Err(NotQueued::Closed);
        }
        let after = waiting.bytes.saturating_add(bytes);
        // One in which nothing waits has room always: the bound of all queues is passed by one message of each at most, and
        // nobody who reads goes without because others do not.
        let has_room =
            || waiting.deliveries.len() < limits.messages && after <= limits.bytes && memory.has_room(bytes);
        if !waiting.deliveries.is_empty() && !has_room() {
            return Err(NotQueued::Full);
        }
        memory.take(bytes);
        waiting.bytes = after;
        waiting.deliveries.push_back((delivery, bytes));
        let waker = waiting.waker.take();
        drop(waiting);
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }
}

impl Deliveries {
    /// The delivery that waits longest, if any waits.
    pub fn try_next(&mut self) -> Option<Delivery> {
        let mut waiting = self.0.waiting();
        let (delivery, bytes) = waiting.deliveries.pop_front()?;
        waiting.bytes -= bytes;
        self.0.memory.give_back(bytes);
        if waiting.deliveries.is_empty() {
            waiting.deliveries = VecDeque::new();
        }
        Some(delivery)
    }

    /// Waits until one waits.
    pub async fn ready(&mut self) {
        poll_fn(|cx| self.poll_ready(cx)).await;
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut waiting = self.0.waiting();
        if !waiting.deliveries.is_empty() {
            return Poll::Ready(());
        }
        if !waiting
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            waiting.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl Drop for Deliveries {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting();
        let left = std::mem::take(&mut *waiting);
        waiting.closed = true;
        drop(waiting);
        left.deliveries
            .iter()
            .for_each(|(_, bytes)| self.0.memory.give_back(*bytes));
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use thingsmith_mqtt::{TopicLimits, TopicName};

    use super::*;

    fn message(payload: &'static [u8]) -> Message {
        Message {
            topic: TopicName::parse("t", &TopicLimits::default()).unwrap(),
            payload: payload.into(),
            retain: false,
            properties: None,
        }
    }

    fn send(queue: &Queue, payload: &'static [u8]) -> bool {
        let options = SubscriptionOptions::default();
        queue.send(&message(payload), Qos::AtMostOnce, options, None)
    }

    fn new(messages: usize, bytes: usize) -> (Queue, Deliveries, Arc<Memory>) {
        let memory = Arc::new(Memory::default());
        let (queue, deliveries) = queue(QueueLimits { messages, bytes }, Arc::clone(&memory));
        (queue, deliveries, memory)
    }

    #[test]
    fn what_is_sent_comes_in_its_order_and_is_counted_until_then() {
        let (queue, mut deliveries, memory) = new(2, 100);
        assert!(send(&queue, b"a") && send(&queue, b"bc"));
        assert!(!send(&queue, b"d"), "two wait");
        assert_eq!(memory.in_use(), 2 + 3 + 2 * 256);
        assert_eq!(&deliveries.try_next().unwrap().message.payload[..], b"a");
        assert!(send(&queue, b"d"));
        assert_eq!(&deliveries.try_next().unwrap().message.payload[..], b"bc");
        assert_eq!(&deliveries.try_next().unwrap().message.payload[..], b"d");
        assert!(deliveries.try_next().is_none());
        assert_eq!(memory.in_use(), 0);
        assert_eq!(
            queue.0.waiting().deliveries.capacity(),
            0,
            "an empty queue keeps no room"
        );
    }

    #[test]
    fn the_first_has_room_whatever_its_length() {
        let (queue, mut deliveries, memory) = new(8, 3);
        memory.bound(0);
        assert!(send(&queue, b"longer than all"));
        assert!(!send(&queue, b""), "there is no room for a second");
        drop(deliveries.try_next());
        assert!(send(&queue, b"longer than all"));
    }

    /// Counts how often it was woken.
    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn whoever_waits_is_woken_once_by_what_comes() {
        let (queue, mut deliveries, _memory) = new(8, 100);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut cx = Context::from_waker(&waker);
        for round in 1..=2 {
            for _ in 0..2 {
                assert!(pin!(deliveries.ready()).poll(&mut cx).is_pending());
            }
            assert!(send(&queue, b"a") && send(&queue, b"b"));
            assert_eq!(woken.0.load(Ordering::Relaxed), round, "once for both");
            assert!(pin!(deliveries.ready()).poll(&mut cx).is_ready());
            assert!(deliveries.try_next().is_some() && deliveries.try_next().is_some());
        }
    }

    #[test]
    fn dropping_the_deliveries_gives_back_what_they_held() {
        let (queue, deliveries, memory) = new(8, 100);
        assert!(send(&queue, b"a") && send(&queue, b"b"));
        drop(deliveries);
        assert_eq!(memory.in_use(), 0);
        assert!(!send(&queue, b"c"));
        assert_eq!(memory.in_use(), 0);
    }
}
