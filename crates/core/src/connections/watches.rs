//! Which connections a change concerns: from the changed object to whoever decided by it.
//!
//! A connection watches the objects that what it knows was read from. It begins with [`Watches::moment`], reads, and then
//! says what it read from; a change that was announced in between is found among the recent ones, so that none falls
//! between reading and watching. An idle connection costs its entries and nothing else.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::future::poll_fn;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use thingsmith_model::Timestamp;

use crate::outbox::{Change, Mark};

/// Changes remembered for who was reading while they were announced, and for not announcing them twice.
const RECENT: usize = 65_536;
/// How long after the outbox was last read whole what is known counts as up to date.
const LIVE: Duration = Duration::from_secs(1);

/// The connections of this node by the objects they depend on.
pub struct Watches {
    state: Mutex<State>,
    next: AtomicU64,
    /// Milliseconds at which the outbox was last read whole.
    read_at: AtomicI64,
}

#[derive(Default)]
struct State {
    watchers: HashMap<Change, Watchers>,
    /// Whoever is to be told at a time, by it and the watch's id.
    deadlines: BTreeMap<(Timestamp, u64), Arc<Signal>>,
    /// Counts the changes announced.
    moment: u64,
    /// The latest announcement of each object that changed lately.
    changed: HashMap<Change, u64>,
    /// The announcements, oldest first.
    recent: VecDeque<Announced>,
    /// The marks of `recent`.
    marks: HashSet<i64>,
    /// The last announcement that is forgotten.
    forgotten: u64,
}

struct Announced {
    moment: u64,
    change: Change,
    mark: i64,
}

/// Those who watch an object. A device's certificate has one connection as a rule, which then needs no table.
enum Watchers {
    One(Arc<Signal>),
    Many(HashMap<u64, Arc<Signal>>),
}

struct Signal {
    id: u64,
    count: AtomicU64,
    /// Whoever waits: the one task that has the watch. It goes on waiting for each packet anew, which costs it no lock so.
    waker: AtomicWaker,
}

/// A connection's watch over what it knows; it ends when dropped.
pub(crate) struct Watch {
    watches: Arc<Watches>,
    signal: Arc<Signal>,
    objects: Vec<Change>,
    deadline: Option<Timestamp>,
}

impl Watches {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            next: AtomicU64::new(0),
            read_at: AtomicI64::new(i64::MIN),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The moment to remember before reading what is then watched.
    pub(crate) fn moment(&self) -> u64 {
        self.state().moment
    }

    /// A watch over nothing yet.
    pub(crate) fn watch(self: &Arc<Self>) -> Watch {
        Watch {
            watches: Arc::clone(self),
            signal: Arc::new(Signal {
                id: self.next.fetch_add(1, Ordering::Relaxed),
                count: AtomicU64::new(0),
                waker: AtomicWaker::new(),
            }),
            objects: Vec::new(),
            deadline: None,
        }
    }

    /// Tells whoever depends on the object, unless this very change was announced already. Gives back whether it is new.
    pub(crate) fn announce(&self, change: Change, mark: Mark) -> bool {
        let mut state = self.state();
        if !state.marks.insert(mark.number) {
            return false;
        }
        state.moment += 1;
        let moment = state.moment;
        state.changed.insert(change, moment);
        state.recent.push_back(Announced {
            moment,
            change,
            mark: mark.number,
        });
        if state.recent.len() > RECENT {
            state.forget_oldest();
        }
        match state.watchers.get(&change) {
            None => {}
            Some(Watchers::One(signal)) => signal.give(),
            Some(Watchers::Many(signals)) => signals.values().for_each(|signal| signal.give()),
        }
        true
    }

    /// Tells everybody: changes may have passed unseen.
    pub(crate) fn announce_all(&self) {
        let state = self.state();
        for watchers in state.watchers.values() {
            match watchers {
                Watchers::One(signal) => signal.give(),
                Watchers::Many(signals) => signals.values().for_each(|signal| signal.give()),
            }
        }
    }

    /// Tells those whose deadline has passed. A gateway does it a few times a second.
    pub fn pass(&self, now: Timestamp) {
        let mut state = self.state();
        while let Some(due) = state.deadlines.first_entry().filter(|due| due.key().0 <= now) {
            due.remove().give();
        }
    }

    /// Remembers that all changes that were there at a time have been announced.
    pub(crate) fn caught_up(&self, at: Timestamp) {
        self.read_at.store(at.as_millis(), Ordering::Release);
    }

    /// When the outbox was last read whole; none when nobody reads it.
    pub fn last_read(&self) -> Option<Timestamp> {
        let at = self.read_at.load(Ordering::Acquire);
        (at != i64::MIN).then(|| Timestamp::from_millis(at))
    }

    /// Whether a change would have been announced by now, so that what nobody announced has not changed.
    pub(crate) fn is_live(&self, now: Timestamp) -> bool {
        self.last_read().is_some_and(|at| now < at.plus(LIVE))
    }

    /// How many objects are watched.
    pub fn len(&self) -> usize {
        self.state().watchers.len()
    }

    /// Whether nobody watches anything.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl State {
    fn forget_oldest(&mut self) {
        let Some(oldest) = self.recent.pop_front() else {
            return;
        };
        self.forgotten = oldest.moment;
        self.marks.remove(&oldest.mark);
        if self.changed.get(&oldest.change) == Some(&oldest.moment) {
            self.changed.remove(&oldest.change);
        }
    }

    fn watch(&mut self, object: Change, signal: &Arc<Signal>) {
        use std::collections::hash_map::Entry;
        match self.watchers.entry(object) {
            Entry::Vacant(entry) => {
                entry.insert(Watchers::One(Arc::clone(signal)));
            }
            Entry::Occupied(mut entry) => {
                let many = match entry.get_mut() {
                    Watchers::Many(signals) => {
                        signals.insert(signal.id, Arc::clone(signal));
                        None
                    }
                    Watchers::One(other) => Some(HashMap::from([
                        (other.id, Arc::clone(other)),
                        (signal.id, Arc::clone(signal)),
                    ])),
                };
                if let Some(signals) = many {
                    entry.insert(Watchers::Many(signals));
                }
            }
        }
    }

    fn unwatch(&mut self, object: Change, id: u64) {
        let empty = match self.watchers.get_mut(&object) {
            None => false,
            Some(Watchers::One(signal)) => signal.id == id,
            Some(Watchers::Many(signals)) => {
                signals.remove(&id);
                if signals.len() < signals.capacity() / 4 {
                    let room = signals.len() * 2;
                    signals.shrink_to(room);
                }
                signals.is_empty()
            }
        };
        if empty {
            self.watchers.remove(&object);
        }
    }
}

impl Signal {
    fn give(&self) {
        self.count.fetch_add(1, Ordering::AcqRel);
        self.waker.wake();
    }
}

impl Watch {
    /// How many changes have concerned this watch.
    pub(crate) fn count(&self) -> u64 {
        self.signal.count.load(Ordering::Acquire)
    }

    /// Waits until more changes have concerned it than `known`. Of several that wait at once only the last is told.
    pub(crate) async fn beyond(&self, known: u64) {
        poll_fn(|cx| {
            self.signal.waker.register(cx.waker());
            // Looked at after that: what comes in between wakes.
            match self.count() == known {
                true => Poll::Pending,
                false => Poll::Ready(()),
            }
        })
        .await;
    }

    /// Is told at this time, and at none that was set before.
    pub(crate) fn set_deadline(&mut self, deadline: Option<Timestamp>) {
        if self.deadline == deadline {
            return;
        }
        let mut state = self.watches.state();
        if let Some(at) = self.deadline {
            state.deadlines.remove(&(at, self.signal.id));
        }
        if let Some(at) = deadline {
            state
                .deadlines
                .insert((at, self.signal.id), Arc::clone(&self.signal));
        }
        drop(state);
        self.deadline = deadline;
    }

    /// Watches these objects and no others from here on. What of them changed since `moment` counts as a change now.
    pub(crate) fn set(&mut self, mut objects: Vec<Change>, moment: u64) {
        objects.sort_unstable();
        objects.dedup();
        objects.shrink_to_fit();
        let mut state = self.watches.state();
        for object in &self.objects {
            if objects.binary_search(object).is_err() {
                state.unwatch(*object, self.signal.id);
            }
        }
        for object in &objects {
            if self.objects.binary_search(object).is_err() {
                state.watch(*object, &self.signal);
            }
        }
        let late = moment < state.forgotten
            || objects
                .iter()
                .any(|object| state.changed.get(object).is_some_and(|changed| *changed > moment));
        drop(state);
        self.objects = objects;
        if late {
            self.signal.give();
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut state = self.watches.state();
        for object in &self.objects {
            state.unwatch(*object, self.signal.id);
        }
        if let Some(at) = self.deadline {
            state.deadlines.remove(&(at, self.signal.id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: Change = Change::Certificate(1);
    const POLICY: Change = Change::Policy(2);

    fn mark(number: i64) -> Mark {
        Mark {
            at: Timestamp::from_millis(0),
            number,
        }
    }

    #[test]
    fn those_who_watch_hear_of_it_once_and_others_do_not() {
        let watches = Watches::new();
        let (mut first, mut second, mut other) = (watches.watch(), watches.watch(), watches.watch());
        first.set(vec![CERTIFICATE, POLICY], 0);
        second.set(vec![POLICY], 0);
        other.set(vec![Change::Thing(2)], 0);
        watches.announce(POLICY, mark(9));
        watches.announce(POLICY, mark(9));
        watches.announce(CERTIFICATE, mark(10));
        assert_eq!((first.count(), second.count(), other.count()), (2, 1, 0));
        first.set(vec![CERTIFICATE], watches.moment());
        watches.announce(POLICY, mark(11));
        assert_eq!((first.count(), second.count()), (2, 2));
        drop((first, second, other));
        assert!(watches.is_empty());
    }

    #[test]
    fn what_changes_between_reading_and_watching_is_heard() {
        let watches = Watches::new();
        watches.announce(POLICY, mark(1));
        let before = watches.moment();
        watches.announce(CERTIFICATE, mark(2));
        let mut watch = watches.watch();
        watch.set(vec![POLICY], before);
        assert_eq!(watch.count(), 0, "it changed before it was read");
        watch.set(vec![POLICY, CERTIFICATE], before);
        assert_eq!(watch.count(), 1);
    }

    #[test]
    fn what_is_forgotten_counts_as_changed() {
        let watches = Watches::new();
        let before = watches.moment();
        for number in 0..i64::try_from(RECENT).unwrap() + 1 {
            watches.announce(Change::Thing(number), mark(number));
        }
        let mut watch = watches.watch();
        watch.set(vec![POLICY], before);
        assert_eq!(watch.count(), 1);
        watch.set(vec![POLICY], watches.moment());
        assert_eq!(watch.count(), 1);
    }

    #[test]
    fn a_deadline_is_told_once_and_not_after_another_was_set() {
        let watches = Watches::new();
        let at = Timestamp::from_seconds;
        let (mut first, mut second) = (watches.watch(), watches.watch());
        first.set_deadline(Some(at(5)));
        second.set_deadline(Some(at(5)));
        second.set_deadline(Some(at(7)));
        watches.pass(at(4));
        assert_eq!((first.count(), second.count()), (0, 0));
        watches.pass(at(5));
        watches.pass(at(6));
        assert_eq!((first.count(), second.count()), (1, 0));
        second.set_deadline(None);
        watches.pass(at(9));
        assert_eq!(second.count(), 0);
        first.set_deadline(Some(at(10)));
        drop(first);
        assert!(watches.state().deadlines.is_empty());
    }

    #[test]
    fn everybody_can_be_told() {
        let watches = Watches::new();
        let (mut first, mut second) = (watches.watch(), watches.watch());
        first.set(vec![POLICY], 0);
        second.set(vec![POLICY], 0);
        watches.announce_all();
        assert_eq!((first.count(), second.count()), (1, 1));
    }
}
