//! Which workers there are, and which of them wait for work.
//!
//! A slot is a worker's place within the bounds. It is given back when the last process of the worker is gone, so that the
//! bounds hold for processes and not only for calls.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use thingsmith_model::Timestamp;
use thingsmith_ports::{RunError, Runnable};
use tokio::sync::{Notify, OnceCell, watch};
use tokio::time::Instant;

use super::code::Code;
use super::log::LogFile;
use super::worker::Worker;
use crate::LocalConfig;

/// The workers of all functions.
pub(super) struct Book {
    state: Mutex<State>,
    changed: Notify,
    closing: watch::Sender<bool>,
    workers: usize,
    workers_per_function: usize,
    idle: Duration,
    lifetime: Duration,
}

struct State {
    functions: HashMap<String, Entry>,
    workers: usize,
    closed: bool,
}

/// What is kept of a function.
struct Entry {
    shelf: Shelf,
    idle: Vec<Worker>,
    workers: usize,
    used: Instant,
}

/// What the workers of one revision of a function share.
#[derive(Clone)]
pub(super) struct Shelf {
    pub(super) revision: String,
    /// Counts revisions and retirements: a worker of another generation is not used again.
    pub(super) generation: u64,
    pub(super) code: Arc<OnceCell<Arc<Code>>>,
    pub(super) log: Arc<LogFile>,
}

/// A place for a worker.
pub(super) struct Slot {
    book: Arc<Book>,
    arn: String,
    pub(super) shelf: Shelf,
}

/// What a call gets to run on.
pub(super) enum Taken {
    Worker(Worker),
    Slot(Slot),
}

enum Attempt {
    Taken(Taken),
    Full,
}

impl Book {
    pub(super) fn new(config: &LocalConfig) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                functions: HashMap::new(),
                workers: 0,
                closed: false,
            }),
            changed: Notify::new(),
            closing: watch::Sender::new(false),
            workers: config.workers,
            workers_per_function: config.workers_per_function,
            idle: config.idle,
            lifetime: config.lifetime,
        })
    }

    /// Takes a worker that waits, or the place for a new one. `good_until` is when the worker's credentials must still be
    /// good. `log` makes the function's log, once.
    ///
    /// # Errors
    /// When there is neither until `deadline`, or workers are started no more.
    pub(super) async fn take(
        self: &Arc<Self>,
        function: &Runnable,
        good_until: Timestamp,
        deadline: Instant,
        log: impl Fn() -> Arc<LogFile>,
    ) -> Result<Taken, RunError> {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            match self.attempt(function, good_until, &log)? {
                Attempt::Taken(taken) => return Ok(taken),
                Attempt::Full => {}
            }
            if tokio::time::timeout_at(deadline, changed).await.is_err() {
                return Err(RunError::TooManyRequests);
            }
        }
    }

    fn attempt(
        self: &Arc<Self>,
        function: &Runnable,
        good_until: Timestamp,
        log: impl Fn() -> Arc<LogFile>,
    ) -> Result<Attempt, RunError> {
        let mut state = self.lock();
        if state.closed {
            return Err(RunError::Unavailable("the server is stopping".into()));
        }
        let entry = state
            .functions
            .entry(function.arn.clone())
            .or_insert_with(|| Entry::new(&function.revision, log()));
        entry.used = Instant::now();
        if entry.shelf.revision != function.revision {
            entry.renew(&function.revision);
        }
        while let Some(worker) = entry.idle.pop() {
            if worker.is_alive() && worker.is_good_until(good_until) && worker.age() < self.lifetime {
                return Ok(Attempt::Taken(Taken::Worker(worker)));
            }
        }
        if entry.workers >= self.workers_per_function {
            return Ok(Attempt::Full);
        }
        let shelf = entry.shelf.clone();
        if state.workers >= self.workers {
            // A worker of another function that waits makes room; its slot comes back when it is gone.
            if let Some(other) = state.functions.values_mut().find(|it| !it.idle.is_empty()) {
                other.idle.remove(0);
            }
            return Ok(Attempt::Full);
        }
        state.workers += 1;
        if let Some(entry) = state.functions.get_mut(&function.arn) {
            entry.workers += 1;
        }
        Ok(Attempt::Taken(Taken::Slot(Slot {
            book: Arc::clone(self),
            arn: function.arn.clone(),
            shelf,
        })))
    }

    /// Keeps a worker for the next call, unless it is not to be used again.
    pub(super) fn give_back(&self, arn: &str, mut worker: Worker) {
        let mut state = self.lock();
        if state.closed || !worker.is_alive() {
            return;
        }
        if let Some(entry) = state.functions.get_mut(arn)
            && entry.shelf.generation == worker.generation
        {
            worker.idle_since = Instant::now();
            entry.idle.push(worker);
            drop(state);
            self.changed.notify_waiters();
        }
    }

    /// Ends the workers of a function that wait; those that work end after it.
    pub(super) fn retire(&self, arn: &str) {
        let mut state = self.lock();
        if let Some(entry) = state.functions.get_mut(arn) {
            let revision = entry.shelf.revision.clone();
            entry.renew(&revision);
        }
    }

    /// Ends workers that have waited for long, and forgets functions that have none.
    pub(super) fn tidy(&self) {
        let mut state = self.lock();
        state.functions.retain(|_, entry| {
            entry
                .idle
                .retain(|worker| worker.is_alive() && worker.idle_since.elapsed() < self.idle);
            entry.workers > 0 || entry.used.elapsed() < self.idle
        });
    }

    /// Ends every worker and starts no more.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        // The entries stay: slots still refer to them.
        for entry in state.functions.values_mut() {
            entry.idle.clear();
        }
        drop(state);
        self.closing.send_replace(true);
        self.changed.notify_waiters();
    }

    /// Returns when no worker is left.
    pub(super) async fn emptied(&self) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if self.lock().workers == 0 {
                return;
            }
            changed.await;
        }
    }

    /// Turns true when every worker is to end.
    pub(super) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn new(revision: &str, log: Arc<LogFile>) -> Self {
        Self {
            shelf: Shelf {
                revision: revision.to_owned(),
                generation: 0,
                code: Arc::default(),
                log,
            },
            idle: Vec::new(),
            workers: 0,
            used: Instant::now(),
        }
    }

    fn renew(&mut self, revision: &str) {
        self.shelf.revision = revision.to_owned();
        self.shelf.generation += 1;
        self.shelf.code = Arc::default();
        self.idle.clear();
    }
}

impl Slot {
    pub(super) fn closing(&self) -> watch::Receiver<bool> {
        self.book.closing()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.book.lock();
        state.workers -= 1;
        if let Some(entry) = state.functions.get_mut(&self.arn) {
            entry.workers -= 1;
        }
        drop(state);
        self.book.changed.notify_waiters();
    }
}
