//! Numbers of users that one worker has at a time.
//!
//! A number is held machine-wide by a socket with an abstract name, which the kernel takes back whenever the holder dies,
//! so that two servers on a machine do not share one.

use std::collections::VecDeque;
use std::ops::Range;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::{Arc, Mutex, PoisonError};

/// The numbers that may be taken.
pub(super) struct Users {
    state: Mutex<State>,
    end: u32,
}

struct State {
    /// The one that has rested longest first.
    free: VecDeque<Held>,
    next: u32,
}

struct Held {
    number: u32,
    _lock: UnixListener,
}

/// A number that nothing else has until this is dropped.
pub(super) struct User {
    held: Option<Held>,
    users: Arc<Users>,
}

impl Users {
    pub(super) fn new(range: Range<u32>) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                free: VecDeque::new(),
                next: range.start,
            }),
            end: range.end,
        })
    }

    /// Takes a number; none if all are in use.
    pub(super) fn take(self: &Arc<Self>) -> Option<User> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let held = if state.free.len() > RESTING {
            state.free.pop_front()
        } else {
            state.take_new(self.end).or_else(|| state.free.pop_front())
        }?;
        Some(User {
            held: Some(held),
            users: Arc::clone(self),
        })
    }
}

impl State {
    fn take_new(&mut self, end: u32) -> Option<Held> {
        while self.next < end {
            let number = self.next;
            self.next += 1;
            if let Some(held) = Held::take(number) {
                return Some(held);
            }
        }
        None
    }
}

impl Held {
    fn take(number: u32) -> Option<Self> {
        let name = SocketAddr::from_abstract_name(format!("thingsmith-function-user-{number}")).ok()?;
        let lock = UnixListener::bind_addr(&name).ok()?;
        Some(Self { number, _lock: lock })
    }
}

impl User {
    /// The number, of a user and of a group.
    pub(super) fn number(&self) -> u32 {
        self.held.as_ref().map_or(u32::MAX, |held| held.number)
    }
}

impl Drop for User {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            let mut state = self.users.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.free.push_back(held);
        }
    }
}

/// How many numbers rest before one is used again: processes that were just killed still count as their user's for a moment.
const RESTING: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_holder_at_a_time_on_the_whole_machine() {
        let ours = Users::new(70_001..70_003);
        let theirs = Users::new(70_001..70_003);
        let first = ours.take().unwrap();
        let second = theirs.take().unwrap();
        assert_ne!(first.number(), second.number());
        assert!(ours.take().is_none());
        assert!(theirs.take().is_none());
        let number = first.number();
        drop(first);
        assert_eq!(ours.take().unwrap().number(), number);
    }
}
