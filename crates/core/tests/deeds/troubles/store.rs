//! A store that fails when it is told to.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use thingsmith_ports::{Batch, Engine, Migration, MigrationError, Row, Statement, Store, StoreError};

/// What becomes of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It happens, and the answer is lost.
    LostAfter,
    /// It does not happen, and the answer is lost.
    LostBefore,
    /// It does not happen, and the store asks to try again.
    Busy,
    /// It does not happen, since a guard does not hold.
    Overtaken,
}

type Meanwhile = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A real store whose answers to batches are spoiled on command.
pub(crate) struct Troubled {
    store: Arc<dyn Store>,
    next: Mutex<VecDeque<Option<Trouble>>>,
    forever: Mutex<Option<Trouble>>,
    meanwhile: Mutex<Option<Meanwhile>>,
    writes: AtomicUsize,
}

impl Troubled {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            next: Mutex::default(),
            forever: Mutex::default(),
            meanwhile: Mutex::default(),
            writes: AtomicUsize::default(),
        }
    }

    /// Spoils the next batches, one trouble each; the ones after them go well.
    pub(crate) fn spoil(&self, troubles: &[Trouble]) {
        self.next
            .lock()
            .unwrap()
            .extend(troubles.iter().copied().map(Some));
    }

    /// Lets as many batches go well before the next that is spoiled.
    pub(crate) fn spare(&self, batches: usize) {
        self.next.lock().unwrap().extend(vec![None; batches]);
    }

    /// Spoils every batch from now on.
    pub(super) fn spoil_forever(&self, trouble: Trouble) {
        *self.forever.lock().unwrap() = Some(trouble);
    }

    /// What somebody else does between the next spoiled batch and its answer.
    pub(super) fn meanwhile(&self, act: impl Future<Output = ()> + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(Box::pin(act));
    }

    /// Batches that came so far.
    pub(super) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    /// Whether every trouble has come to pass.
    pub(super) fn is_spent(&self) -> bool {
        self.next.lock().unwrap().is_empty() && self.meanwhile.lock().unwrap().is_none()
    }

    fn trouble(&self) -> Option<Trouble> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        match self.next.lock().unwrap().pop_front() {
            Some(next) => next,
            None => *self.forever.lock().unwrap(),
        }
    }
}

#[async_trait]
impl Store for Troubled {
    fn engine(&self) -> Engine {
        self.store.engine()
    }

    async fn read(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        self.store.read(statement).await
    }

    async fn write(&self, batch: Batch) -> Result<Vec<Vec<Row>>, StoreError> {
        let Some(trouble) = self.trouble() else {
            return self.store.write(batch).await;
        };
        if trouble == Trouble::LostAfter {
            self.store.write(batch).await?;
        }
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(act) = meanwhile {
            act.await;
        }
        Err(match trouble {
            Trouble::LostAfter | Trouble::LostBefore => StoreError::Unknown("spoiled".into()),
            Trouble::Busy => StoreError::Retry("spoiled".into()),
            Trouble::Overtaken => StoreError::Guard(0),
        })
    }

    async fn migrate(&self, migrations: &'static [Migration]) -> Result<(), MigrationError> {
        self.store.migrate(migrations).await
    }
}
