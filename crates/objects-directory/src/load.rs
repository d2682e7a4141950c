//! What a directory holds when it is opened.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use thingsmith_model::Timestamp;
use thingsmith_ports::Owner;

use crate::bucket::{BucketFile, make_private};
use crate::index::{Index, Kept};
use crate::{ARRIVING, BUCKETS, OpenError, file_name, record, sync_directory};

/// Takes the directory, sweeps it, and reads the keys of all that it keeps.
pub(crate) fn load(path: &Path) -> Result<(File, Index), OpenError> {
    let failed = |cause| OpenError::Io {
        path: path.to_owned(),
        cause,
    };
    make_private(path).map_err(failed)?;
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path.join("lock"))
        .map_err(failed)?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => return Err(OpenError::InUse(path.to_owned())),
        Err(error) => return Err(failed(error.into())),
    }
    // Whatever was arriving when the last process ended was never answered.
    match fs::remove_dir_all(path.join(ARRIVING)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    make_private(&path.join(ARRIVING)).map_err(failed)?;
    make_private(&path.join(BUCKETS)).map_err(failed)?;
    sync_directory(path).map_err(failed)?;
    let index = buckets(&path.join(BUCKETS)).map_err(failed)?;
    Ok((lock, index))
}

fn buckets(path: &Path) -> io::Result<Index> {
    let mut index = Index::default();
    for folder in fs::read_dir(path)? {
        let folder = folder?.path();
        let said = match BucketFile::read(&folder) {
            Ok(said)
                if folder
                    .file_name()
                    .is_some_and(|name| *name == *file_name(&said.name)) =>
            {
                said
            }
            // Not ours: what a person put there stays and is not told.
            _ => {
                tracing::warn!(path = %folder.display(), "this is no bucket's folder");
                continue;
            }
        };
        let owner = Owner {
            account: said.account,
            region: said.region,
        };
        let kept = Kept {
            owner,
            created: Timestamp::from_millis(said.created),
            keys: Default::default(),
        };
        index.buckets.insert(said.name.clone(), kept);
        keys(&folder, &said.name, &mut index)?;
    }
    Ok(index)
}

fn keys(folder: &Path, bucket: &str, index: &mut Index) -> io::Result<()> {
    for file in fs::read_dir(folder)? {
        let file = file?;
        let name = file.file_name();
        if name == *crate::BUCKET_FILE {
            continue;
        }
        match File::open(file.path()).and_then(|mut file| record::read(&mut file)) {
            Ok(object) if name == *file_name(&object.key) => index.add(bucket, &object.key, object.size),
            _ => tracing::warn!(path = %file.path().display(), "this is no object's file"),
        }
    }
    Ok(())
}
