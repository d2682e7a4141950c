//! A bounded queue with a lane for each realm: realms take turns, so that a flood in one delays nobody else.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use thingsmith_model::Realm;
use tokio::sync::Notify;

/// How much may wait and run.
#[derive(Debug, Clone, Copy)]
pub(super) struct QueueLimits {
    /// Bytes that wait, in all realms.
    pub(super) bytes: usize,
    /// Bytes that wait in one realm.
    pub(super) bytes_per_realm: usize,
    /// How many are under way at once.
    pub(super) running: usize,
    /// How many of one realm.
    pub(super) running_per_realm: usize,
}

/// What every item takes beside its own bytes.
const ITEM: usize = 512;

pub(super) struct Queue<T> {
    limits: QueueLimits,
    state: Mutex<State<T>>,
    changed: Notify,
}

struct State<T> {
    lanes: HashMap<Realm, Lane<T>>,
    /// Realms with something that waits and may begin, in turn; each at most once.
    ready: VecDeque<Realm>,
    bytes: usize,
    running: usize,
}

struct Lane<T> {
    waiting: VecDeque<(T, usize)>,
    bytes: usize,
    running: usize,
    is_ready: bool,
}

/// An item that is under way until this is dropped.
pub(super) struct Running<T> {
    queue: Arc<Queue<T>>,
    realm: Realm,
}

impl<T> Queue<T> {
    pub(super) fn new(limits: QueueLimits) -> Self {
        Self {
            limits,
            state: Mutex::new(State {
                lanes: HashMap::new(),
                ready: VecDeque::new(),
                bytes: 0,
                running: 0,
            }),
            changed: Notify::new(),
        }
    }

    /// Adds an item that holds so many bytes, or gives it back when there is no room.
    pub(super) fn push(&self, realm: Realm, item: T, bytes: usize) -> Result<(), T> {
        let bytes = bytes.saturating_add(ITEM);
        let mut state = self.state();
        let lane_bytes = state.lanes.get(&realm).map_or(0, |lane| lane.bytes);
        let fits = state.bytes.saturating_add(bytes) <= self.limits.bytes
            && lane_bytes.saturating_add(bytes) <= self.limits.bytes_per_realm;
        if !fits {
            return Err(item);
        }
        state.bytes += bytes;
        let lane = state.lanes.entry(realm).or_default();
        lane.bytes += bytes;
        lane.waiting.push_back((item, bytes));
        state.make_ready(realm, &self.limits);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Takes out the next item, when there is one that may begin. One task asks.
    pub(super) async fn next(self: &Arc<Self>) -> (T, Running<T>) {
        loop {
            if let Some(taken) = self.try_next() {
                return taken;
            }
            self.changed.notified().await;
        }
    }

    fn try_next(self: &Arc<Self>) -> Option<(T, Running<T>)> {
        let mut state = self.state();
        if state.running >= self.limits.running {
            return None;
        }
        let realm = state.ready.pop_front()?;
        let lane = state.lanes.get_mut(&realm)?;
        lane.is_ready = false;
        let (item, bytes) = lane.waiting.pop_front()?;
        lane.bytes -= bytes;
        lane.running += 1;
        state.bytes -= bytes;
        state.running += 1;
        state.make_ready(realm, &self.limits);
        let queue = Arc::clone(self);
        Some((item, Running { queue, realm }))
    }

    /// Whether nothing waits and nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.state().lanes.is_empty()
    }

    /// Bytes that wait.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.state().bytes
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn make_ready(&mut self, realm: Realm, limits: &QueueLimits) {
        let Some(lane) = self.lanes.get_mut(&realm) else {
            return;
        };
        if !lane.is_ready && !lane.waiting.is_empty() && lane.running < limits.running_per_realm {
            lane.is_ready = true;
            self.ready.push_back(realm);
        }
    }
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            bytes: 0,
            running: 0,
            is_ready: false,
        }
    }
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        state.running -= 1;
        if let Some(lane) = state.lanes.get_mut(&self.realm) {
            lane.running -= 1;
            if lane.running == 0 && lane.waiting.is_empty() {
                state.lanes.remove(&self.realm);
            }
        }
        state.make_ready(self.realm, &self.queue.limits);
        drop(state);
        self.queue.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(bytes: usize, running_per_realm: usize) -> Arc<Queue<&'static str>> {
        Arc::new(Queue::new(QueueLimits {
            bytes,
            bytes_per_realm: bytes / 2,
            running: 3,
            running_per_realm,
        }))
    }

    #[test]
    fn realms_take_turns_and_keep_their_order() {
        let queue = queue(1 << 20, 1);
        for item in ["a1", "a2", "a3"] {
            queue.push(Realm(1), item, 1).unwrap();
        }
        queue.push(Realm(2), "b1", 1).unwrap();
        let (first, running) = queue.try_next().unwrap();
        let (second, other) = queue.try_next().unwrap();
        assert_eq!((first, second), ("a1", "b1"));
        assert!(queue.try_next().is_none(), "one of a realm at a time");
        drop(running);
        let (third, running) = queue.try_next().unwrap();
        assert_eq!(third, "a2");
        drop((running, other));
        assert_eq!(queue.try_next().unwrap().0, "a3");
        assert!(queue.is_idle());
        assert_eq!(queue.waiting_bytes(), 0);
    }

    #[test]
    fn what_finds_no_room_is_given_back() {
        let queue = queue(4 * (ITEM + 100), 1);
        assert_eq!(queue.push(Realm(1), "a", 100), Ok(()));
        assert_eq!(queue.push(Realm(1), "b", 100), Ok(()));
        assert_eq!(
            queue.push(Realm(1), "c", 100),
            Err("c"),
            "the realm's part is full"
        );
        assert_eq!(queue.push(Realm(2), "d", 100), Ok(()), "that of another is not");
        let (_, running) = queue.try_next().unwrap();
        assert_eq!(queue.push(Realm(1), "c", 100), Ok(()));
        drop(running);
    }

    #[test]
    fn so_many_run_and_no_more() {
        let queue = queue(1 << 20, 9);
        for item in ["1", "2", "3", "4"] {
            queue.push(Realm(1), item, 0).unwrap();
        }
        let running: Vec<_> = std::iter::from_fn(|| queue.try_next()).collect();
        assert_eq!(running.len(), 3);
        drop(running);
        assert_eq!(queue.try_next().unwrap().0, "4");
    }
}
