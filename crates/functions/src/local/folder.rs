//! Folders that are removed when nothing needs them any more.

use std::io;
use std::path::{Path, PathBuf};

/// A folder that is removed with all that is in it when this is dropped.
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Sees to a folder, whether it exists yet or not.
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it, and returns when that is done.
    pub(super) async fn remove(mut self) {
        let path = std::mem::take(&mut self.path);
        // It fails only where the runtime is going down.
        let _ = tokio::task::spawn_blocking(move || remove(&path)).await;
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let path = std::mem::take(&mut self.path);
        if path.as_os_str().is_empty() {
            return;
        }
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || remove(&path))),
            Err(_) => remove(&path),
        }
    }
}

fn remove(path: &Path) {
    match std::fs::remove_dir_all(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %cause, "a folder of functions stays");
        }
        _ => {}
    }
}
