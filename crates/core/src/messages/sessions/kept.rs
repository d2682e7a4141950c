//! The sessions that this node knows: where the router sends what is for them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use thingsmith_model::{Realm, Timestamp};
use tokio::sync::watch;

use super::SessionRecord;
use crate::messages::Queue;

/// A session that outlives its connections, as the router sees it.
#[derive(Debug)]
pub struct KeptSession {
    pub(super) realm: Realm,
    pub(super) number: i64,
    pub(super) client_id: Arc<str>,
    /// Its name in the router, the same over all its connections.
    pub(crate) subscriber: u64,
    state: Mutex<State>,
    /// Counts up when something was stored for it.
    pub(super) stored: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    /// The connection that has it: its number, and where messages go that are not stored.
    connection: Option<(u64, Queue)>,
    connections: u64,
    renewed_at: Option<Timestamp>,
}

/// Sessions by realm and client id.
type ByClient = HashMap<(Realm, Arc<str>), Arc<KeptSession>>;

/// The sessions of all realms that this node knows.
#[derive(Default)]
pub struct Sessions {
    known: Mutex<ByClient>,
}

impl KeptSession {
    pub(super) fn new(record: &SessionRecord, subscriber: u64) -> Self {
        Self {
            realm: record.realm,
            number: record.number,
            client_id: record.client_id.as_str().into(),
            subscriber,
            state: Mutex::default(),
            stored: watch::channel(0).0,
        }
    }

    /// The realm it is in.
    pub fn realm(&self) -> Realm {
        self.realm
    }

    /// Whether a client is connected with it.
    pub fn is_connected(&self) -> bool {
        self.state().connection.is_some()
    }

    /// Where a message goes that is not stored; nowhere when no client is connected.
    pub(crate) fn queue(&self) -> Option<Queue> {
        self.state().connection.as_ref().map(|(_, queue)| queue.clone())
    }

    /// Gives the session to a new connection and returns its number.
    pub(super) fn connect(&self, queue: Queue, now: Timestamp) -> u64 {
        let mut state = self.state();
        state.connections += 1;
        state.renewed_at = Some(now);
        state.connection = Some((state.connections, queue));
        state.connections
    }

    /// Takes the session from a connection; `false` if another has it by now.
    pub(super) fn disconnect(&self, connection: u64) -> bool {
        let mut state = self.state();
        let had = state
            .connection
            .as_ref()
            .is_some_and(|(number, _)| *number == connection);
        if had {
            state.connection = None;
        }
        had
    }

    /// When a connected session was last renewed.
    pub(super) fn renewed_at(&self) -> Option<Timestamp> {
        let state = self.state();
        state.renewed_at.filter(|_| state.connection.is_some())
    }

    pub(super) fn renewed(&self, now: Timestamp) {
        self.state().renewed_at = Some(now);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sessions {
    /// The session of a record, made with the name that `subscriber` gives if this node does not know it yet. A session
    /// under the same client id that has another number is over.
    pub(super) fn know(&self, record: &SessionRecord, subscriber: impl FnOnce() -> u64) -> Arc<KeptSession> {
        let mut known = self.known();
        let key = (record.realm, Arc::from(record.client_id.as_str()));
        match known.get(&key) {
            Some(session) if session.number == record.number => Arc::clone(session),
            _ => {
                let session = Arc::new(KeptSession::new(record, subscriber()));
                known.insert(key, Arc::clone(&session));
                session
            }
        }
    }

    /// The session of a client id, if this node knows it.
    pub(super) fn find(&self, realm: Realm, client_id: &str) -> Option<Arc<KeptSession>> {
        self.known().get(&(realm, Arc::from(client_id))).cloned()
    }

    /// Forgets a session.
    pub(super) fn forget(&self, session: &KeptSession) {
        let mut known = self.known();
        let key = (session.realm, Arc::clone(&session.client_id));
        if known
            .get(&key)
            .is_some_and(|found| found.number == session.number)
        {
            known.remove(&key);
        }
    }

    /// Forgets all of them.
    pub(super) fn clear(&self) {
        self.known().clear();
    }

    /// The sessions that are connected and were last renewed before a time.
    pub(super) fn to_renew(&self, before: Timestamp) -> Vec<Arc<KeptSession>> {
        let known = self.known();
        let due = known
            .values()
            .filter(|session| session.renewed_at().is_some_and(|at| at <= before));
        due.cloned().collect()
    }

    /// How many sessions this node knows.
    pub fn len(&self) -> usize {
        self.known().len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn known(&self) -> MutexGuard<'_, ByClient> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
