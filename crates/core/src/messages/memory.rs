//! How many bytes may wait in queues: in one, and in all of a node together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a message counts as in all, besides its bytes: its place in a queue.
const OVERHEAD: usize = 256;

/// Bytes that wait in all queues.
#[derive(Debug)]
pub(super) struct Memory {
    in_use: AtomicUsize,
    most: AtomicUsize,
}

impl Default for Memory {
    /// Bounds nothing.
    fn default() -> Self {
        Self {
            in_use: AtomicUsize::new(0),
            most: AtomicUsize::new(usize::MAX),
        }
    }
}

impl Memory {
    pub(super) fn bound(&self, bytes: usize) {
        self.most.store(bytes, Ordering::Relaxed);
    }

    pub(super) fn in_use(&self) -> usize {
        self.in_use.load(Ordering::Relaxed)
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.in_use().saturating_add(bytes) <= self.most.load(Ordering::Relaxed)
    }
}

/// Bytes that wait in one queue.
#[derive(Debug)]
pub(super) struct Waiting {
    bytes: AtomicUsize,
    most: usize,
    memory: Arc<Memory>,
}

/// Room for one message. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Room {
    waiting: Arc<Waiting>,
    bytes: usize,
}

impl Waiting {
    pub(super) fn new(most: usize, memory: Arc<Memory>) -> Self {
        Self {
            bytes: AtomicUsize::new(0),
            most,
            memory,
        }
    }

    /// Room for a message of so many bytes. A queue in which nothing waits has it always: the bound of all queues is passed
    /// by one message of each at most, and nobody who reads goes without because others do not.
    pub(super) fn room(self: &Arc<Self>, bytes: usize) -> Option<Room> {
        let has_room = self.memory.has_room(bytes + OVERHEAD);
        self.bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| {
                let after = waiting.checked_add(bytes)?;
                (waiting == 0 || has_room && after <= self.most).then_some(after)
            })
            .ok()?;
        self.memory.in_use.fetch_add(bytes + OVERHEAD, Ordering::Relaxed);
        let waiting = Arc::clone(self);
        Some(Room { waiting, bytes })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.waiting.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        let memory = &self.waiting.memory;
        memory.in_use.fetch_sub(self.bytes + OVERHEAD, Ordering::Relaxed);
    }
}
