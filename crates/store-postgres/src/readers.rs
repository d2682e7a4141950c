//! A few connections that all reads share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use thingsmith_ports::{Row, Statement, StoreError};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, timeout};

use crate::config::Config;
use crate::session::{Role, Session};

/// Reads that may be under way on one connection: a bound on memory.
const PIPELINE: usize = 64;
/// How much later than the server this side gives up: the server's own word says more.
const GRACE: Duration = Duration::from_secs(1);

/// The connections for reads. A read goes to the one that has the fewest.
pub(crate) struct Readers {
    config: Arc<Config>,
    places: Vec<Place>,
    permits: Semaphore,
}

#[derive(Default)]
struct Place {
    /// Held while a connection is made, so that one caller makes it and the others wait for that.
    session: Mutex<Option<Arc<Session>>>,
    under_way: AtomicUsize,
}

/// Counts a read for as long as it lives.
struct UnderWay<'a>(&'a Place);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Readers {
    pub(crate) fn new(config: Arc<Config>) -> Self {
        let count = config.readers.max(1);
        Self {
            config,
            places: (0..count).map(|_| Place::default()).collect(),
            permits: Semaphore::new(count * PIPELINE),
        }
    }

    pub(crate) async fn read(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        let place = self
            .places
            .iter()
            .min_by_key(|place| place.under_way.load(Ordering::Relaxed))
            .expect("there is at least one place");
        place.under_way.fetch_add(1, Ordering::Relaxed);
        let _under_way = UnderWay(place);
        let deadline = self.config.read_deadline;
        let answer = timeout(deadline + GRACE, async {
            let _permit = self.permits.acquire().await.map_err(StoreError::other)?;
            let session = place.session(&self.config, Instant::now() + deadline).await?;
            session.read(&statement).await
        });
        match answer.await {
            Ok(answer) => answer,
            Err(_) => {
                // The server ought to have ended the read itself: it is gone, or far behind.
                place.forget();
                Err(StoreError::Retry("no answer within the deadline".into()))
            }
        }
    }
}

impl Place {
    async fn session(&self, config: &Config, deadline: Instant) -> Result<Arc<Session>, StoreError> {
        let mut place = self.session.lock().await;
        if let Some(session) = place.as_ref()
            && !session.client.is_closed()
        {
            return Ok(Arc::clone(session));
        }
        let session = Arc::new(Session::connect_by(config, Role::Reader, deadline).await?);
        *place = Some(Arc::clone(&session));
        Ok(session)
    }

    /// Has the next read make a new connection. Reads that are under way on the old one keep it.
    fn forget(&self) {
        // If somebody holds the place, a new connection is being made.
        if let Ok(mut place) = self.session.try_lock() {
            *place = None;
        }
    }
}
