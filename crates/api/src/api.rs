//! The edge as a whole: its services, its keys, and the deeds behind it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use thingsmith_core::Deeds;
use tokio::sync::Semaphore;

use crate::auth::AccessKeys;
use crate::readiness::Readiness;
use crate::{Config, Service, iam, iot, iot_data, lambda, sts};

/// The edge as a whole. One serves any number of listeners.
pub struct Api {
    pub(crate) deeds: Arc<Deeds>,
    pub(crate) config: Config,
    pub(crate) keys: Arc<AccessKeys>,
    pub(crate) iam: Service,
    pub(crate) iot: Service,
    pub(crate) iot_data: Service,
    pub(crate) lambda: Service,
    pub(crate) sts: Service,
    pub(crate) readiness: Readiness,
    /// Large bodies that are read at once.
    pub(crate) large: Semaphore,
    pub(crate) unlisted: AtomicU64,
}

/// Bodies larger than most that are read at once, each of up to 70 MiB: whoever knows a key's id can send them.
const LARGE: usize = 4;

impl Api {
    /// Makes the edge. Reading AWS's models takes some milliseconds.
    pub fn new(deeds: Arc<Deeds>, config: Config, keys: impl Into<Arc<AccessKeys>>) -> Self {
        Self {
            deeds,
            config,
            keys: keys.into(),
            iam: iam::service(),
            iot: iot::service(),
            iot_data: iot_data::service(),
            lambda: lambda::service(),
            sts: sts::service(),
            readiness: Readiness::default(),
            large: Semaphore::new(LARGE),
            unlisted: AtomicU64::new(0),
        }
    }

    /// How many answers had an exception that AWS's model does not list for their operation. Each is a defect of ours
    /// and stands in the log; tests want none.
    pub fn unlisted_exceptions(&self) -> u64 {
        self.unlisted.load(Ordering::Relaxed)
    }
}
