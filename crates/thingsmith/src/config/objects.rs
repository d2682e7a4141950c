//! `[objects]`: the files of buckets.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use thingsmith_objects_directory::Limits;

/// Where the files of buckets are kept, and how much of them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectsSection {
    /// The directory; `objects` in the data directory if not given.
    pub directory: Option<PathBuf>,
    /// Most bytes of an object.
    pub object_bytes: Option<u64>,
    /// Most bytes of all objects.
    pub total_bytes: Option<u64>,
    /// Most objects.
    pub objects: Option<usize>,
    /// Most buckets of an account in a region.
    pub buckets: Option<usize>,
}

impl ObjectsSection {
    /// The directory of the objects.
    pub fn directory(&self, data_dir: &Path) -> PathBuf {
        self.directory.clone().unwrap_or_else(|| data_dir.join("objects"))
    }

    /// How much is kept.
    pub fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            object_bytes: self.object_bytes.unwrap_or(usual.object_bytes),
            total_bytes: self.total_bytes.unwrap_or(usual.total_bytes),
            objects: self.objects.unwrap_or(usual.objects),
            buckets: self.buckets.unwrap_or(usual.buckets),
        }
    }
}
