//! The server that the tests share, each with a schema of its own.

#![expect(clippy::print_stderr, reason = "a test says why it does nothing")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use thingsmith_store_postgres::Config;

/// The server of `THINGSMITH_TEST_POSTGRES`, with the name of a schema that nobody else has, and its address. `None`
/// skips the test.
pub(crate) fn config() -> Option<(Config, String)> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let Ok(address) = std::env::var("THINGSMITH_TEST_POSTGRES") else {
        eprintln!("skipped: there is no PostgreSQL server; start through cargo xtask test");
        return None;
    };
    let mut config = Config::parse(&address).unwrap();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    // The moment, not the process: the system gives a process's number again.
    let moment = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    config.schema = Some(format!("Suite \"{moment}\" {number}"));
    Some((config, address))
}
