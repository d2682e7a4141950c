//! What is done to files, in steps of which each happens or does not: between any two the device may lose its power.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, symlink};
use std::path::Path;

/// The steps.
pub(crate) trait Files: Send + Sync {
    /// Makes a directory for its owner alone; one that is there is left as it is.
    fn make_directory(&self, path: &Path) -> io::Result<()>;
    /// Writes a file for its owner alone and makes its content durable; one that is there is replaced.
    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()>;
    /// Makes a symbolic link; one that is there is replaced.
    fn link(&self, target: &Path, path: &Path) -> io::Result<()>;
    /// Gives a file, a link or a directory another name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes durable which names are in a directory.
    fn sync(&self, directory: &Path) -> io::Result<()>;
    /// Removes a file; one that is not there is none.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Removes a directory with all that is in it.
    fn remove_directory(&self, path: &Path) -> io::Result<()>;
}

/// The machine's own files.
pub(crate) struct Disk;

impl Files for Disk {
    fn make_directory(&self, path: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.remove(path)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(content)?;
        file.sync_all()
    }

    fn link(&self, target: &Path, path: &Path) -> io::Result<()> {
        self.remove(path)?;
        symlink(target, path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn sync(&self, directory: &Path) -> io::Result<()> {
        File::open(directory)?.sync_all()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match std::fs::remove_file(path) {
            Err(cause) if cause.kind() != ErrorKind::NotFound => Err(cause),
            _ => Ok(()),
        }
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir_all(path)
    }
}
