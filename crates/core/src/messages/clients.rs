//! Which connection owns which client id.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use thingsmith_model::Realm;
use tokio::sync::Notify;

/// The client ids that are connected to this node.
#[derive(Default)]
pub struct Clients {
    seats: Mutex<HashMap<(Realm, Arc<str>), Owner>>,
    next: AtomicU64,
}

struct Owner {
    number: u64,
    taken_over: Arc<Notify>,
}

/// A connection's hold on its client id, given back when dropped.
pub struct Seat {
    clients: Arc<Clients>,
    realm: Realm,
    client_id: Arc<str>,
    number: u64,
    taken_over: Arc<Notify>,
}

impl Clients {
    /// Nobody connected.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Takes a client id. Who had it is told that it lost it.
    pub fn take(self: &Arc<Self>, realm: Realm, client_id: &str) -> Seat {
        let client_id: Arc<str> = client_id.into();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let taken_over = Arc::new(Notify::new());
        let owner = Owner {
            number,
            taken_over: Arc::clone(&taken_over),
        };
        let former = self
            .seats
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((realm, Arc::clone(&client_id)), owner);
        if let Some(former) = former {
            // A permit is kept if the connection does not wait at this moment.
            former.taken_over.notify_one();
        }
        Seat {
            clients: Arc::clone(self),
            realm,
            client_id,
            number,
            taken_over,
        }
    }

    /// How many clients are connected.
    pub fn len(&self) -> usize {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether no client is connected.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Seat {
    /// The realm of the client id.
    pub fn realm(&self) -> Realm {
        self.realm
    }

    /// Waits until another connection takes the client id.
    pub async fn taken_over(&self) {
        self.taken_over.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.clients.seats.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (self.realm, Arc::clone(&self.client_id));
        if seats.get(&key).is_some_and(|owner| owner.number == self.number) {
            seats.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_newer_connection_wins_and_the_older_is_told() {
        let clients = Clients::new();
        let first = clients.take(Realm(1), "pump");
        let elsewhere = clients.take(Realm(2), "pump");
        let second = clients.take(Realm(1), "pump");
        first.taken_over().await;
        drop(first);
        assert_eq!(clients.len(), 2, "the loser does not give up the winner's seat");
        drop((second, elsewhere));
        assert!(clients.is_empty());
    }
}
