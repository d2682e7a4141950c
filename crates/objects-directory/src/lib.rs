//! Objects in a directory: one file for each, in one folder for each bucket.
//!
//! Names never become paths: a bucket's folder and an object's file are called by the SHA-256 of the name, so that `../..`
//! and two keys that differ in case are keys like any other. A file holds the object's bytes and behind them what is said of
//! it (`record`), so that one rename puts both in the place of what was there; a reader that has the old file open goes on
//! with it.
//!
//! The keys of all buckets are held in memory, in order, with nothing else of their objects: a listing reads what it tells from
//! the files. [`Limits::objects`] bounds them.

mod bucket;
mod incoming;
mod index;
mod load;
mod objects;
mod reading;
mod record;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};
use thingsmith_ports::{Clock, ObjectError};
use thiserror::Error;

use crate::index::Index;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of an object.
    pub object_bytes: u64,
    /// Most bytes of all objects of all realms, and of those that are being put.
    pub total_bytes: u64,
    /// Most objects of all realms.
    pub objects: usize,
    /// Most buckets of a realm. Those whose name begins with a dot are the service's own and not counted.
    pub buckets: usize,
}

impl Default for Limits {
    /// Objects of 16 GiB, 64 GiB in all, a hundred thousand of them, and a hundred buckets for each realm.
    fn default() -> Self {
        Self {
            object_bytes: 16 << 30,
            total_bytes: 64 << 30,
            objects: 100_000,
            buckets: 100,
        }
    }
}

/// Why a directory cannot be used.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("the directory {} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// It cannot be read or written.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// What failed.
        #[source]
        cause: io::Error,
    },
}

/// A directory that keeps objects.
#[derive(Clone)]
pub struct Directory(Arc<Shared>);

struct Shared {
    path: PathBuf,
    limits: Limits,
    clock: Arc<dyn Clock>,
    /// What is kept. Whoever changes what a name leads to holds it while the file system does it, which is a rename or an
    /// unlink and no waiting for the disk.
    index: Mutex<Index>,
    /// Bytes that are being put and not kept yet.
    arriving: AtomicU64,
    next: AtomicU64,
    /// Held as long as the directory is ours.
    _lock: File,
}

impl Directory {
    /// Opens a directory, making it where there is none, and removes what puts that never ended have left.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: &Path, limits: Limits, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let (lock, index) = load::load(path)?;
        Ok(Self(Arc::new(Shared {
            path: path.to_owned(),
            limits,
            clock,
            index: Mutex::new(index),
            arriving: AtomicU64::new(0),
            next: AtomicU64::new(0),
            _lock: lock,
        })))
    }
}

impl Shared {
    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bucket_path(&self, bucket: &str) -> PathBuf {
        self.path.join(BUCKETS).join(file_name(bucket))
    }

    fn object_path(&self, bucket: &str, key: &str) -> PathBuf {
        self.bucket_path(bucket).join(file_name(key))
    }

    /// A path among what is arriving that nobody else has.
    fn arriving_path(&self) -> PathBuf {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.path.join(ARRIVING).join(number.to_string())
    }
}

/// The folder of the buckets' folders.
const BUCKETS: &str = "buckets";
/// The folder of what is being put and what is being removed.
const ARRIVING: &str = "arriving";
/// What is said of a bucket, in its folder. No object's file has a dot in its name.
const BUCKET_FILE: &str = "bucket.json";

/// The name of the file or folder of a name: 64 hexadecimal digits.
fn file_name(name: &str) -> String {
    use std::fmt::Write as _;

    let digest = Sha256::digest(name);
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Makes what the file system remembers of a folder durable.
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// A failure of the file system. Its path is for the log, not for whoever asked.
fn failed(doing: &'static str) -> impl Fn(io::Error) -> ObjectError {
    move |error| {
        tracing::error!(%error, doing, "the directory of objects failed");
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ObjectError::TooLarge,
            _ => ObjectError::Unavailable(format!("objects cannot be kept or read: {doing} failed")),
        }
    }
}

/// Carries out work that waits for the disk.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ObjectError> + Send + 'static,
) -> Result<T, ObjectError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(ObjectError::Unavailable("the server is ending".into())),
    }
}
