//! The unpacked code of a function, for as long as anything runs it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::folder::Folder;
use super::unpack::unpack;
use super::users::User;
use crate::CodeLimits;

/// A folder with the code of one revision of a function, and one with its layers.
pub(super) struct Code {
    folder: Folder,
    layers: Option<Folder>,
    /// The group that may read it, where workers have users of their own.
    group: Option<User>,
}

impl Code {
    /// A folder to be, of nothing yet. Where a group is given only its workers may read it; else the folder is for everybody
    /// who gets there at all.
    pub(super) fn at(folder: PathBuf, group: Option<User>) -> Self {
        Self {
            folder: Folder::at(folder),
            layers: None,
            group,
        }
    }

    /// Adds a zip file to its layers: of two files of one name the later one counts. `room` is what may still be unpacked.
    ///
    /// # Errors
    /// Why it cannot be unpacked.
    pub(super) async fn add_layer(
        mut self,
        zip: Bytes,
        room: u64,
        limits: CodeLimits,
    ) -> Result<(Self, u64), String> {
        if self.layers.is_none() {
            let mut name = self.folder().as_os_str().to_owned();
            name.push("-layers");
            self.layers = Some(Folder::at(name.into()));
        }
        self.add(zip, room, limits, |code| {
            code.layers.as_ref().map_or_else(|| code.folder(), Folder::path)
        })
        .await
    }

    /// Adds the zip file of the code itself, after the layers.
    ///
    /// # Errors
    /// Why it cannot be unpacked.
    pub(super) async fn add_code(self, zip: Bytes, room: u64, limits: CodeLimits) -> Result<Self, String> {
        let added = self.add(zip, room, limits, Self::folder).await;
        added.map(|(code, _)| code)
    }

    async fn add(
        self,
        zip: Bytes,
        mut room: u64,
        limits: CodeLimits,
        folder: fn(&Self) -> &Path,
    ) -> Result<(Self, u64), String> {
        tokio::task::spawn_blocking(move || {
            let failed = |cause: std::io::Error| cause.to_string();
            let folder = folder(&self);
            std::fs::create_dir_all(folder).map_err(failed)?;
            unpack(&zip, folder, &limits, &mut room).map_err(|cause| cause.to_string())?;
            let mode = if self.group.is_some() { 0o750 } else { 0o755 };
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode)).map_err(failed)?;
            if let Some(group) = &self.group {
                std::os::unix::fs::chown(folder, None, Some(group.number())).map_err(failed)?;
            }
            Ok((self, room))
        })
        .await
        .map_err(|cause| cause.to_string())?
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where its layers are; none if it has none.
    pub(super) fn layers(&self) -> Option<&Path> {
        self.layers.as_ref().map(Folder::path)
    }

    /// The group that may read it.
    pub(super) fn group(&self) -> Option<u32> {
        self.group.as_ref().map(User::number)
    }
}
