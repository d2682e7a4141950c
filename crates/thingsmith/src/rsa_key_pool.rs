//! RSA keys made ahead of time, in the background.
//!
//! A key of 2,048 bits takes about 0.1 s of processor time, and at times a whole second: far longer than a caller of
//! CreateKeysAndCertificate is to wait, and far too long for a thread that serves connections. So threads of their own,
//! which run only when nothing else wants the processor, keep a supply. While keys are taken one after the other they
//! hold back: a burst is over before a key more is made, and a system's scheduler lets even the most polite thread finish
//! its slice of some milliseconds, for which whoever is served would wait.

use std::collections::VecDeque;
use std::io;
use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RsaKeyPair};
use thingsmith_ports::{RsaKey, RsaKeyError, RsaKeys};
use zeroize::Zeroizing;

/// Keys kept ready when nothing else is said: a minute's worth of AWS's own rate would be 600, which few need.
const DEFAULT_SIZE: usize = 64;

/// How long nobody may have taken a key before the next is made, unless there is none left.
const QUIET: Duration = Duration::from_millis(20);

/// How many keys are kept ready, and by how many threads they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RsaKeyPoolSize {
    /// Keys kept ready.
    pub keys: usize,
    /// Threads that make them.
    pub threads: NonZeroUsize,
}

impl Default for RsaKeyPoolSize {
    fn default() -> Self {
        Self {
            keys: DEFAULT_SIZE,
            threads: NonZeroUsize::MIN,
        }
    }
}

/// A supply of RSA keys that fills itself.
pub struct RsaKeyPool {
    shelf: Arc<Shelf>,
    makers: Vec<JoinHandle<()>>,
}

impl RsaKeyPool {
    /// A pool that makes keys when it is asked for one and keeps none ready.
    pub fn unfilled() -> Self {
        Self {
            shelf: Arc::new(Shelf::new(0)),
            makers: Vec::new(),
        }
    }

    /// A pool whose threads begin to fill it at once.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(size: RsaKeyPoolSize) -> io::Result<Self> {
        let mut pool = Self {
            shelf: Arc::new(Shelf::new(size.keys)),
            makers: Vec::new(),
        };
        for number in 0..size.threads.get() {
            let shelf = Arc::clone(&pool.shelf);
            let maker = std::thread::Builder::new()
                .name(format!("rsa-keys-{number}"))
                .spawn(move || shelf.fill())?;
            pool.makers.push(maker);
        }
        Ok(pool)
    }
}

impl RsaKeys for RsaKeyPool {
    fn take(&self) -> Option<RsaKey> {
        let mut stock = self.shelf.lock();
        let key = stock.keys.pop_front()?;
        stock.taken_at = Some(Instant::now());
        drop(stock);
        self.shelf.changed.notify_one();
        Some(key)
    }

    fn ready(&self) -> usize {
        self.shelf.lock().keys.len()
    }

    fn make(&self) -> Result<RsaKey, RsaKeyError> {
        make()
    }
}

impl Drop for RsaKeyPool {
    fn drop(&mut self) {
        self.shelf.lock().closed = true;
        self.shelf.changed.notify_all();
        // Nobody waits for a key that is half made: its thread ends when it is done, or with the process.
        self.makers.clear();
    }
}

struct Shelf {
    size: usize,
    stock: Mutex<Stock>,
    changed: Condvar,
}

#[derive(Default)]
struct Stock {
    keys: VecDeque<RsaKey>,
    being_made: usize,
    taken_at: Option<Instant>,
    closed: bool,
}

/// What a maker does now.
enum Turn {
    Make,
    /// Until it is called.
    Wait,
    /// Until it is called, and not longer than this.
    HoldBack(Duration),
    End,
}

impl Stock {
    fn turn(&self, size: usize, now: Instant) -> Turn {
        if self.closed {
            return Turn::End;
        }
        if self.keys.len() + self.being_made >= size {
            return Turn::Wait;
        }
        let quiet_at = self.taken_at.map(|taken_at| taken_at + QUIET);
        match quiet_at.filter(|quiet_at| !self.keys.is_empty() && now < *quiet_at) {
            Some(quiet_at) => Turn::HoldBack(quiet_at - now),
            None => Turn::Make,
        }
    }
}

impl Shelf {
    fn new(size: usize) -> Self {
        Self {
            size,
            stock: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Stock> {
        self.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The life of a maker.
    fn fill(&self) {
        // On Linux the "process" here is the calling thread. Failing at it only makes the thread less polite.
        if let Err(cause) = rustix::process::setpriority_process(None, LEAST_PRIORITY) {
            tracing::debug!(%cause, "the thread that makes RSA keys keeps its priority");
        }
        let mut stock = self.lock();
        loop {
            match stock.turn(self.size, Instant::now()) {
                Turn::Make => {}
                Turn::Wait => {
                    stock = self.changed.wait(stock).unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
                Turn::HoldBack(rest) => {
                    let waited = self.changed.wait_timeout(stock, rest);
                    stock = waited.unwrap_or_else(PoisonError::into_inner).0;
                    continue;
                }
                Turn::End => return,
            }
            stock.being_made += 1;
            drop(stock);
            let made = make();
            stock = self.lock();
            stock.being_made -= 1;
            match made {
                Ok(key) => stock.keys.push_back(key),
                Err(cause) => {
                    tracing::error!(%cause, "the supply of RSA keys is not filled any more");
                    return;
                }
            }
        }
    }
}

fn make() -> Result<RsaKey, RsaKeyError> {
    let failed = |_| RsaKeyError {
        reason: "the cryptographic library failed".into(),
    };
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
    let private_key: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
    let public_key: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(failed)?;
    Ok(RsaKey {
        private_key: Zeroizing::new(private_key.as_ref().to_vec()),
        public_key: public_key.as_ref().to_vec(),
    })
}

/// The nice value of those who yield to everybody.
const LEAST_PRIORITY: i32 = 19;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_fills_itself_and_never_gives_a_key_twice() {
        let pool = RsaKeyPool::start(RsaKeyPoolSize {
            keys: 2,
            threads: NonZeroUsize::MIN,
        })
        .unwrap();
        let mut keys = Vec::new();
        while keys.len() < 3 {
            match pool.take() {
                Some(key) => keys.push(key),
                None => std::thread::yield_now(),
            }
            assert!(pool.ready() <= 2);
        }
        keys.sort_by(|one, other| one.public_key.cmp(&other.public_key));
        assert!(
            keys.windows(2)
                .all(|pair| pair[0].public_key != pair[1].public_key)
        );
        assert!(format!("{:?}", keys[0]).len() < 10, "a key is not shown");
    }

    #[test]
    fn makers_hold_back_while_keys_are_taken_and_some_are_left() {
        let taken_at = Instant::now();
        let mut stock = Stock {
            taken_at: Some(taken_at),
            ..Stock::default()
        };
        assert!(matches!(stock.turn(2, taken_at), Turn::Make), "none is left");
        stock.keys.push_back(make().unwrap());
        assert!(matches!(stock.turn(2, taken_at), Turn::HoldBack(QUIET)));
        assert!(matches!(stock.turn(2, taken_at + QUIET), Turn::Make));
        assert!(matches!(stock.turn(1, taken_at), Turn::Wait));
        stock.closed = true;
        assert!(matches!(stock.turn(2, taken_at), Turn::End));
    }

    #[test]
    fn an_unfilled_pool_gives_none_and_makes_one_when_asked() {
        let pool = RsaKeyPool::unfilled();
        assert!(pool.take().is_none());
        assert_eq!(pool.ready(), 0);
        let key = pool.make().unwrap();
        assert!(RsaKeyPair::from_pkcs8(&key.private_key).is_ok());
    }
}
