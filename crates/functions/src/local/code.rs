//! The unpacked code of a function, for as long as anything runs it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::folder::Folder;
use super::unpack::unpack;
use super::users::User;
use crate::CodeLimits;

/// A folder with the code of one revision of a function.
pub(super) struct Code {
    folder: Folder,
    /// The group that may read it, where workers have users of their own.
    group: Option<User>,
}

impl Code {
    /// Unpacks a zip file into a new folder. Where a group is given only its workers may read it; else the folder is for
    /// everybody who gets there at all.
    ///
    /// # Errors
    /// Why it cannot be unpacked.
    pub(super) async fn unpack(
        zip: Bytes,
        folder: PathBuf,
        group: Option<User>,
        limits: CodeLimits,
    ) -> Result<Self, String> {
        // Made first, so that whatever was unpacked is removed when the rest fails.
        let code = Self {
            folder: Folder::at(folder),
            group,
        };
        tokio::task::spawn_blocking(move || {
            let failed = |cause: std::io::Error| cause.to_string();
            std::fs::create_dir_all(code.folder()).map_err(failed)?;
            unpack(&zip, code.folder(), &limits).map_err(|cause| cause.to_string())?;
            let mode = if code.group.is_some() { 0o750 } else { 0o755 };
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(code.folder(), permissions).map_err(failed)?;
            if let Some(group) = &code.group {
                std::os::unix::fs::chown(code.folder(), None, Some(group.number())).map_err(failed)?;
            }
            Ok(code)
        })
        .await
        .map_err(|cause| cause.to_string())?
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The group that may read it.
    pub(super) fn group(&self) -> Option<u32> {
        self.group.as_ref().map(User::number)
    }
}
