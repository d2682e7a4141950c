//! An object on its way in: a file of its own until all of it is there.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::StreamExt as _;
use md5::{Digest as _, Md5};
use thingsmith_ports::{NewObject, Object, ObjectBytes, ObjectError};

use crate::{Shared, blocking, failed, record};

/// The file of an object that is not kept yet. It goes away with this, unless it was kept.
pub(crate) struct Arriving {
    shared: Arc<Shared>,
    pub(crate) path: PathBuf,
    /// Bytes counted as arriving.
    counted: u64,
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.shared.arriving.fetch_sub(self.counted, Ordering::Relaxed);
        // A file that was kept is not here any more.
        let _ = fs::remove_file(&self.path);
    }
}

impl Arriving {
    /// Counts bytes that come, if there is room for them.
    fn count(&mut self, bytes: u64) -> Result<(), ObjectError> {
        self.counted += bytes;
        let arriving = self.shared.arriving.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let limits = &self.shared.limits;
        let kept = self.shared.index().bytes;
        if self.counted > limits.object_bytes || kept.saturating_add(arriving) > limits.total_bytes {
            return Err(ObjectError::TooLarge);
        }
        Ok(())
    }
}

/// Bytes that are written at once.
const AT_ONCE: usize = 512 * 1024;

/// Writes an object's file, durably, and says what the object is.
pub(crate) async fn receive(
    shared: &Arc<Shared>,
    key: &str,
    put: NewObject,
    mut bytes: ObjectBytes,
) -> Result<(Arriving, Object), ObjectError> {
    let path = shared.arriving_path();
    let mut arriving = Arriving {
        shared: Arc::clone(shared),
        path: path.clone(),
        counted: 0,
    };
    let mut file = blocking(move || {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        options.open(&path).map_err(failed("making a file"))
    })
    .await?;
    let mut digest = Md5::new();
    let mut waiting = Vec::new();
    while let Some(piece) = bytes.next().await {
        let piece = piece?;
        arriving.count(piece.len() as u64)?;
        digest.update(&piece);
        waiting.extend_from_slice(&piece);
        if waiting.len() >= AT_ONCE {
            (file, waiting) = blocking(move || {
                file.write_all(&waiting).map_err(failed("writing a file"))?;
                waiting.clear();
                Ok((file, waiting))
            })
            .await?;
        }
    }
    let md5 = digest.finalize();
    let object = Object {
        key: key.to_owned(),
        size: arriving.counted,
        etag: put
            .etag
            .unwrap_or_else(|| md5.iter().map(|byte| format!("{byte:02x}")).collect()),
        modified: shared.clock.now(),
        content_type: put.content_type,
        metadata: put.metadata,
    };
    let said = record::write(&object)
        .ok_or_else(|| ObjectError::BadBytes("more is said of the object than can be kept".into()))?;
    waiting.extend(said);
    blocking(move || {
        file.write_all(&waiting).map_err(failed("writing a file"))?;
        file.sync_all().map_err(failed("making a file durable"))
    })
    .await?;
    Ok((arriving, object))
}
