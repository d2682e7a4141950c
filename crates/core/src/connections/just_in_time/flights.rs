//! Which certificates are being attended to just now on this node.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use thingsmith_model::{CertificateId, Realm};
use tokio::sync::watch;

/// Certificates attended to at once in one realm, so that a crowd of one account leaves room for the handshakes of others.
const AT_ONCE: usize = 512;

/// The certificates under way: each once, however many connections show it.
#[derive(Default)]
pub(crate) struct Flights {
    /// INVARIANT: no realm without a certificate.
    realms: Mutex<HashMap<Realm, HashMap<CertificateId, watch::Receiver<()>>>>,
}

/// A certificate under way, until this is dropped.
pub(super) struct Flight<'f> {
    flights: &'f Flights,
    realm: Realm,
    id: CertificateId,
    /// Those who wait for its end notice that this is gone.
    _ended: watch::Sender<()>,
}

/// Why a certificate cannot be attended to.
#[derive(Debug)]
pub(super) enum Turned {
    /// It is already; the receiver fails once that has ended.
    UnderWay(watch::Receiver<()>),
    /// As many are as may be.
    Crowded,
}

impl Flights {
    /// Begins to attend to a certificate.
    pub(super) fn begin(&self, realm: Realm, id: CertificateId) -> Result<Flight<'_>, Turned> {
        let mut realms = self.lock();
        let under_way = realms.entry(realm).or_default();
        if let Some(ended) = under_way.get(&id) {
            return Err(Turned::UnderWay(ended.clone()));
        }
        if under_way.len() >= AT_ONCE {
            return Err(Turned::Crowded);
        }
        let (sender, ended) = watch::channel(());
        under_way.insert(id, ended);
        Ok(Flight {
            flights: self,
            realm,
            id,
            _ended: sender,
        })
    }

    /// No code panics while it holds the lock, so a poisoned one is as good.
    fn lock(&self) -> MutexGuard<'_, HashMap<Realm, HashMap<CertificateId, watch::Receiver<()>>>> {
        self.realms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut realms = self.flights.lock();
        if let Entry::Occupied(mut under_way) = realms.entry(self.realm) {
            under_way.get_mut().remove(&self.id);
            if under_way.get().is_empty() {
                under_way.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u16) -> CertificateId {
        let mut bytes = [0; 32];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        CertificateId::from_sha256(bytes)
    }

    #[tokio::test]
    async fn a_certificate_is_under_way_once_and_then_not_at_all() {
        let flights = Flights::default();
        let first = flights.begin(Realm(1), id(1)).ok().unwrap();
        let Err(Turned::UnderWay(mut ended)) = flights.begin(Realm(1), id(1)) else {
            panic!("it is under way");
        };
        assert!(flights.begin(Realm(2), id(1)).is_ok(), "in another realm");
        assert!(flights.begin(Realm(1), id(2)).is_ok(), "another certificate");
        assert!(!ended.has_changed().unwrap());
        drop(first);
        ended.changed().await.unwrap_err();
        assert!(flights.lock().is_empty());
        assert!(flights.begin(Realm(1), id(1)).is_ok());
    }

    #[test]
    fn a_realm_has_its_bound_and_leaves_the_others_alone() {
        let flights = Flights::default();
        let number = u16::try_from(AT_ONCE).unwrap();
        let held: Vec<_> = (0..number)
            .map(|number| flights.begin(Realm(1), id(number)).ok().unwrap())
            .collect();
        assert!(matches!(
            flights.begin(Realm(1), id(number)),
            Err(Turned::Crowded)
        ));
        assert!(matches!(flights.begin(Realm(1), id(0)), Err(Turned::UnderWay(_))));
        assert!(flights.begin(Realm(2), id(0)).is_ok());
        drop(held);
        assert!(flights.begin(Realm(1), id(number)).is_ok());
    }
}
