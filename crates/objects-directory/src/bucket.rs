//! The folder of a bucket.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use thingsmith_model::{Account, Region};

use crate::{BUCKET_FILE, sync_directory};

/// What is said of a bucket in its folder.
#[derive(Serialize, Deserialize)]
pub(crate) struct BucketFile {
    pub(crate) name: String,
    pub(crate) account: Account,
    pub(crate) region: Region,
    /// Milliseconds since 1970.
    pub(crate) created: i64,
}

impl BucketFile {
    /// Makes the folder of a bucket at `path`, durably but for its name.
    pub(crate) fn make(&self, path: &Path) -> io::Result<()> {
        make_private(path)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path.join(BUCKET_FILE))?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        sync_directory(path)
    }

    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        Ok(serde_json::from_slice(&fs::read(path.join(BUCKET_FILE))?)?)
    }
}

/// Makes a folder that only we enter.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}
