//! Which connection owns which client id, and how others reach it.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use futures_util::task::AtomicWaker;
use lru::LruCache;
use thingsmith_model::{Realm, Timestamp};
use thingsmith_mqtt::{Message, Qos};

use super::{Call, Departure, REMEMBERED_FOR, Receipt};
use crate::messages::{Queue, Subscriber};

/// Calls that may wait for one connection; it hears them between two packets.
const CALLS: usize = 64;
/// Clients that are remembered after they left; those that left longest ago are forgotten sooner.
const REMEMBERED: usize = 65_536;

type Key = (Realm, Arc<str>);

fn key(realm: Realm, client_id: &str) -> Key {
    (realm, client_id.into())
}

/// The client ids that are connected to this node, and those that were lately.
pub struct Clients {
    state: Mutex<State>,
    next: AtomicU64,
}

struct State {
    seats: HashMap<Key, Owner>,
    departed: LruCache<Key, Departure>,
}

struct Owner {
    number: u64,
    desk: Arc<Desk>,
    queue: Queue,
}

/// Where calls wait for a connection.
#[derive(Default)]
struct Desk {
    calls: Mutex<VecDeque<Call>>,
    /// The connection's task. It goes on waiting after each packet, which costs it no lock so.
    attendant: AtomicWaker,
    /// Whether a call waits. INVARIANT: changed by whoever holds the lock of `calls`.
    rung: AtomicBool,
}

/// A connection's hold on its client id, given back when dropped.
pub struct Seat {
    clients: Arc<Clients>,
    key: Key,
    number: u64,
    desk: Arc<Desk>,
}

/// Why a connection was not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Uncalled {
    /// Nobody has the client id.
    Nobody,
    /// The connection has more to do than it can take.
    Busy,
}

impl Clients {
    /// Nobody connected.
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                seats: HashMap::new(),
                // Bounded below: a cache with a bound of its own takes the room for all of them at once.
                departed: LruCache::unbounded(),
            }),
            next: AtomicU64::new(0),
        })
    }

    /// Takes a client id. Who had it is told that it lost it.
    pub fn take(self: &Arc<Self>, realm: Realm, client_id: &str, subscriber: &Subscriber) -> Seat {
        let key = key(realm, client_id);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let desk = Arc::new(Desk::default());
        let owner = Owner {
            number,
            desk: Arc::clone(&desk),
            queue: subscriber.queue().clone(),
        };
        let mut state = self.state();
        state.departed.pop(&key);
        let former = state.seats.insert(key.clone(), owner);
        drop(state);
        if let Some(former) = former {
            former.desk.put(Call::TakenOver);
        }
        Seat {
            clients: Arc::clone(self),
            key,
            number,
            desk,
        }
    }

    /// How many clients are connected.
    pub fn len(&self) -> usize {
        self.state().seats.len()
    }

    /// Whether no client is connected.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a connection has a client id.
    pub(super) fn is_seated(&self, realm: Realm, client_id: &str) -> bool {
        self.state().seats.contains_key(&key(realm, client_id))
    }

    /// Calls the connection that has a client id.
    pub(super) fn call(&self, realm: Realm, client_id: &str, call: Call) -> Result<(), Uncalled> {
        let state = self.state();
        let owner = state.seats.get(&key(realm, client_id));
        let desk = &owner.ok_or(Uncalled::Nobody)?.desk;
        if desk.calls().len() >= CALLS {
            return Err(Uncalled::Busy);
        }
        desk.put(call);
        Ok(())
    }

    /// Puts a message into the queue of the connection that has a client id, whether it subscribes to it or not.
    pub(super) fn send(
        &self,
        realm: Realm,
        client_id: &str,
        message: &Message,
        qos: Qos,
        receipt: Receipt,
    ) -> Result<(), Uncalled> {
        let queue = {
            let state = self.state();
            let owner = state.seats.get(&key(realm, client_id));
            owner.ok_or(Uncalled::Nobody)?.queue.clone()
        };
        match queue.send_direct(message, qos, receipt) {
            true => Ok(()),
            false => Err(Uncalled::Busy),
        }
    }

    /// How the last connection of a client ended that is not connected, for a while.
    pub(super) fn departure(&self, realm: Realm, client_id: &str, now: Timestamp) -> Option<Departure> {
        let state = self.state();
        let departure = state.departed.peek(&key(realm, client_id));
        departure
            .filter(|departure| now < departure.at.plus(REMEMBERED_FOR))
            .cloned()
    }

    /// Forgets who left.
    pub(crate) fn forget_departed(&self) {
        self.state().departed.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// The realm of the client id.
    pub fn realm(&self) -> Realm {
        self.key.0
    }

    /// Waits for the next call. Nothing is lost when it is dropped.
    pub async fn call(&self) -> Call {
        poll_fn(|cx| {
            self.desk.attendant.register(cx.waker());
            // Looked at after that: a call that comes in between wakes.
            match self.desk.next_call() {
                Some(call) => Poll::Ready(call),
                None => Poll::Pending,
            }
        })
        .await
    }

    /// Gives the client id back and lets it be known for a while how the connection ended, unless another has the client id
    /// by now.
    pub fn depart(&self, departure: Departure) {
        let mut state = self.clients.state();
        if state.give_back(&self.key, self.number) {
            state.departed.put(self.key.clone(), departure);
            if state.departed.len() > REMEMBERED {
                state.departed.pop_lru();
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.clients.state().give_back(&self.key, self.number);
    }
}

impl State {
    /// Frees a client id, if this connection has it still.
    fn give_back(&mut self, key: &Key, number: u64) -> bool {
        let has_it = self.seats.get(key).is_some_and(|owner| owner.number == number);
        if has_it {
            self.seats.remove(key);
        }
        has_it
    }
}

impl Desk {
    fn put(&self, call: Call) {
        let mut calls = self.calls();
        calls.push_back(call);
        self.rung.store(true, Ordering::Release);
        drop(calls);
        self.attendant.wake();
    }

    fn next_call(&self) -> Option<Call> {
        if !self.rung.load(Ordering::Acquire) {
            return None;
        }
        let mut calls = self.calls();
        let call = calls.pop_front();
        self.rung.store(!calls.is_empty(), Ordering::Release);
        call
    }

    fn calls(&self) -> MutexGuard<'_, VecDeque<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::super::Report;
    use super::*;
    use crate::messages::{QueueLimits, Router};

    fn subscriber() -> Subscriber {
        let limits = QueueLimits {
            messages: 1,
            bytes: 100,
        };
        Router::new().subscriber(limits).0
    }

    fn departure(at: i64) -> Departure {
        Departure {
            report: Report {
                thing_name: None,
                keep_alive_seconds: 60,
                connected_at: Timestamp::from_seconds(0),
                session_expiry_seconds: 0,
                source: "127.0.0.1:1".parse().unwrap(),
                target: "127.0.0.1:2".parse().unwrap(),
                subscriptions: Vec::new(),
            },
            at: Timestamp::from_seconds(at),
            reason: "CONNECTION_LOST".into(),
        }
    }

    #[tokio::test]
    async fn the_newer_connection_wins_and_the_older_is_told() {
        let clients = Clients::new();
        let first = clients.take(Realm(1), "pump", &subscriber());
        let elsewhere = clients.take(Realm(2), "pump", &subscriber());
        let second = clients.take(Realm(1), "pump", &subscriber());
        assert!(matches!(first.call().await, Call::TakenOver));
        first.depart(departure(1));
        drop(first);
        assert_eq!(clients.len(), 2, "the loser does not give up the winner's seat");
        let now = Timestamp::from_seconds(1);
        assert_eq!(clients.departure(Realm(1), "pump", now), None);
        drop((second, elsewhere));
        assert!(clients.is_empty());
    }

    #[tokio::test]
    async fn calls_come_in_their_order_and_are_bounded() {
        let clients = Clients::new();
        let call = || Call::Report(oneshot::channel().0);
        assert_eq!(clients.call(Realm(1), "pump", call()), Err(Uncalled::Nobody));
        let seat = clients.take(Realm(1), "pump", &subscriber());
        assert_eq!(clients.call(Realm(2), "pump", call()), Err(Uncalled::Nobody));
        for _ in 0..CALLS {
            assert_eq!(clients.call(Realm(1), "pump", call()), Ok(()));
        }
        assert_eq!(clients.call(Realm(1), "pump", call()), Err(Uncalled::Busy));
        // A takeover is told however many calls wait.
        let _successor = clients.take(Realm(1), "pump", &subscriber());
        for _ in 0..CALLS {
            assert!(matches!(seat.call().await, Call::Report(_)));
        }
        assert!(matches!(seat.call().await, Call::TakenOver));
    }

    #[test]
    fn a_departure_is_remembered_for_a_while_or_until_the_client_is_back() {
        let clients = Clients::new();
        let seat = clients.take(Realm(1), "pump", &subscriber());
        seat.depart(departure(1_000));
        let at = |seconds| clients.departure(Realm(1), "pump", Timestamp::from_seconds(seconds));
        let last = 1_000 + i64::try_from(REMEMBERED_FOR.as_secs()).unwrap();
        assert_eq!(at(last - 1), Some(departure(1_000)));
        assert_eq!(at(last), None);
        assert_eq!(
            clients.departure(Realm(2), "pump", Timestamp::from_seconds(1_000)),
            None
        );
        let _back = clients.take(Realm(1), "pump", &subscriber());
        assert_eq!(at(1_000), None);
        assert!(REMEMBERED_FOR > Duration::from_secs(60));
    }
}
