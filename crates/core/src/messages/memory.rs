//! How many bytes may wait in all queues of a node together.

use std::sync::atomic::{AtomicUsize, Ordering};

/// What a message counts as, besides its bytes: its place in a queue.
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

    /// Whether there is room for a message of so many bytes.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.in_use().saturating_add(bytes + OVERHEAD) <= self.most.load(Ordering::Relaxed)
    }

    /// Counts a message of so many bytes.
    pub(super) fn take(&self, bytes: usize) {
        self.in_use.fetch_add(bytes + OVERHEAD, Ordering::Relaxed);
    }

    /// Counts it no more.
    pub(super) fn give_back(&self, bytes: usize) {
        self.in_use.fetch_sub(bytes + OVERHEAD, Ordering::Relaxed);
    }
}
