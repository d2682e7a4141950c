//! Permits: how many strangers may shake hands at once, in all and from one place.
//!
//! A handshake is the dearest thing a stranger can buy here, so it begins with a permit and not with cryptography.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bounds concurrent handshakes, in all and per source address. Clones share the count.
///
/// A source is an IPv4 address, or the /64 of an IPv6 address, which is what one site gets. Memory is bounded by the
/// number of handshakes: a source without one is forgotten.
#[derive(Debug, Clone)]
pub struct Permits {
    total: Arc<Semaphore>,
    sources: Arc<Sources>,
}

/// Room for one more handshake, from wherever. Dropping it gives the room back.
#[derive(Debug)]
pub struct Room {
    total: OwnedSemaphorePermit,
    sources: Arc<Sources>,
}

/// Leave to shake hands. Dropping it gives it back.
#[derive(Debug)]
pub struct Permit {
    _total: OwnedSemaphorePermit,
    source: IpAddr,
    sources: Arc<Sources>,
}

/// The source has as many handshakes under way as one source may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("too many handshakes under way from {source_address}")]
pub struct Crowded {
    /// The IPv4 address or the IPv6 /64.
    pub source_address: IpAddr,
}

impl Permits {
    /// Allows `total` handshakes at once, and `per_source` of them from one source.
    pub fn new(total: NonZeroUsize, per_source: NonZeroUsize) -> Self {
        Self {
            total: Arc::new(Semaphore::new(total.get().min(Semaphore::MAX_PERMITS))),
            sources: Arc::new(Sources {
                most: per_source.get(),
                under_way: Mutex::default(),
            }),
        }
    }

    /// Waits for room. Who has a connection waits here before he looks at it, so that a crowd waits in a queue instead
    /// of being turned away.
    pub async fn room(&self) -> Room {
        let total = Arc::clone(&self.total).acquire_owned().await;
        Room {
            total: total.expect("the semaphore is never closed"),
            sources: Arc::clone(&self.sources),
        }
    }

    /// Takes room if there is any now.
    pub fn try_room(&self) -> Option<Room> {
        let total = Arc::clone(&self.total).try_acquire_owned().ok()?;
        Some(Room {
            total,
            sources: Arc::clone(&self.sources),
        })
    }
}

impl Room {
    /// Gives the room to a client from this address.
    ///
    /// # Errors
    /// [`Crowded`] if its source has no handshake left.
    pub fn admit(self, address: IpAddr) -> Result<Permit, Crowded> {
        let source = source(address);
        self.sources.enter(source)?;
        Ok(Permit {
            _total: self.total,
            source,
            sources: self.sources,
        })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.sources.leave(self.source);
    }
}

#[derive(Debug)]
struct Sources {
    most: usize,
    /// INVARIANT: no count is zero.
    under_way: Mutex<HashMap<IpAddr, usize>>,
}

impl Sources {
    fn enter(&self, source: IpAddr) -> Result<(), Crowded> {
        let mut under_way = self.lock();
        let count = under_way.get(&source).copied().unwrap_or(0);
        if count >= self.most {
            return Err(Crowded {
                source_address: source,
            });
        }
        under_way.insert(source, count + 1);
        Ok(())
    }

    fn leave(&self, source: IpAddr) {
        if let Entry::Occupied(mut count) = self.lock().entry(source) {
            match *count.get() {
                0 | 1 => drop(count.remove()),
                more => *count.get_mut() = more - 1,
            }
        }
    }

    /// No code panics while it holds the lock, so a poisoned one is as good.
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn permits(total: usize, per_source: usize) -> Permits {
        Permits::new(
            NonZeroUsize::new(total).unwrap(),
            NonZeroUsize::new(per_source).unwrap(),
        )
    }

    #[test]
    fn a_site_is_one_source() {
        let site = |text: &str| source(text.parse().unwrap()).to_string();
        assert_eq!(site("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(site("2001:db8:1:3:3:4:5:6"), "2001:db8:1:3::");
        assert_eq!(site("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(site("192.0.2.8"), "192.0.2.8");
    }

    #[tokio::test]
    async fn a_crowd_waits_until_somebody_leaves() {
        let permits = permits(1, 1);
        let permit = permits.room().await.admit("192.0.2.1".parse().unwrap()).unwrap();
        let mut waiting = Box::pin(permits.room());
        assert!(futures_util::poll!(&mut waiting).is_pending());
        drop(permit);
        waiting.await.admit("192.0.2.1".parse().unwrap()).unwrap();
    }

    proptest! {
        /// Against a model that counts by looking at every permit given out.
        #[test]
        fn no_bound_is_ever_passed(
            total in 1usize..6, per_source in 1usize..4,
            steps in proptest::collection::vec((any::<bool>(), 0u8..4, any::<prop::sample::Index>()), 0..64),
        ) {
            let permits = permits(total, per_source);
            let mut held: Vec<(u8, Permit)> = Vec::new();
            for (take, site, which) in steps {
                if take {
                    let address = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, site.into(), 0, 0, 0, which.index(9) as u16));
                    let from_here = held.iter().filter(|(held, _)| *held == site).count();
                    match permits.try_room().map(|room| room.admit(address)) {
                        None => prop_assert_eq!(held.len(), total),
                        Some(Err(_)) => prop_assert_eq!(from_here, per_source),
                        Some(Ok(permit)) => {
                            prop_assert!(held.len() < total && from_here < per_source);
                            held.push((site, permit));
                        }
                    }
                } else if !held.is_empty() {
                    held.swap_remove(which.index(held.len()));
                }
                let counts = permits.sources.lock();
                prop_assert_eq!(counts.values().sum::<usize>(), held.len());
                prop_assert!(counts.values().all(|count| *count > 0));
            }
            held.clear();
            prop_assert!(permits.sources.lock().is_empty());
            prop_assert_eq!(permits.total.available_permits(), total);
        }
    }
}
