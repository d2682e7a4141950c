//! Unpacking the code of a function.
//!
//! Nothing of a zip file is believed: not its names, which may point anywhere, nor the sizes that it states. Only plain files
//! and folders are made, and links are refused, so that no entry can be written through another one.

use std::collections::HashSet;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Cursor, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use thiserror::Error;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::CodeLimits;

/// Why code cannot be unpacked.
#[derive(Debug, Error)]
pub(super) enum UnpackError {
    #[error("it is no zip file that can be read: {0}")]
    Zip(#[from] ZipError),
    #[error("{0}")]
    Limit(String),
    #[error("its entry {0:?} has a name that leaves the folder of the code")]
    Name(String),
    #[error("its entry {0:?} is neither a file nor a folder")]
    Kind(String),
    #[error("its entry {name:?} cannot be unpacked: {cause}")]
    Entry { name: String, cause: io::Error },
}

/// Unpacks a zip file into a folder that exists, and takes the bytes of its files from `room`. What was unpacked before an
/// error stays there.
pub(super) fn unpack(
    zip: &[u8],
    folder: &Path,
    limits: &CodeLimits,
    room: &mut u64,
) -> Result<(), UnpackError> {
    if zip.len() > limits.zip_bytes {
        return Err(UnpackError::Limit(format!(
            "it has {} bytes, and may have {}",
            zip.len(),
            limits.zip_bytes
        )));
    }
    let mut archive = ZipArchive::new(Cursor::new(zip))?;
    if archive.len() > limits.entries {
        return Err(UnpackError::Limit(format!(
            "it has {} entries, and may have {}",
            archive.len(),
            limits.entries
        )));
    }
    let mut folders = Folders::within(folder);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let name = entry.name()?.into_owned();
        let path = place(folder, &name)?;
        let of_entry = |cause| UnpackError::Entry {
            name: name.clone(),
            cause,
        };
        let mode = entry.unix_mode().unwrap_or(0);
        match mode & FILE_TYPE {
            0 | PLAIN_FILE if entry.is_dir() => folders.make(&path).map_err(of_entry)?,
            FOLDER => folders.make(&path).map_err(of_entry)?,
            0 | PLAIN_FILE => {
                if let Some(parent) = path.parent() {
                    folders.make(parent).map_err(of_entry)?;
                }
                let executable = mode & 0o111 != 0;
                *room = write(&mut entry, &path, executable, *room)
                    .map_err(of_entry)?
                    .ok_or_else(|| {
                        UnpackError::Limit(format!(
                            "the files of code and layers have more than {} bytes unpacked",
                            limits.unpacked_bytes
                        ))
                    })?;
            }
            _ => return Err(UnpackError::Kind(name)),
        }
    }
    Ok(())
}

/// The folders that were made.
struct Folders {
    made: HashSet<PathBuf>,
}

impl Folders {
    fn within(folder: &Path) -> Self {
        Self {
            made: HashSet::from([folder.to_owned()]),
        }
    }

    /// Makes a folder, and those that it is in, so that everybody may read them whatever our own umask is.
    fn make(&mut self, path: &Path) -> io::Result<()> {
        if self.made.contains(path) {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            self.make(parent)?;
        }
        match fs::create_dir(path) {
            Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists || !path.is_dir() => {
                return Err(cause);
            }
            _ => {}
        }
        fs::set_permissions(path, Permissions::from_mode(0o755))?;
        self.made.insert(path.to_owned());
        Ok(())
    }
}

/// Where an entry belongs.
fn place(folder: &Path, name: &str) -> Result<PathBuf, UnpackError> {
    let wrong = || UnpackError::Name(name.to_owned());
    if name.len() > MOST_OF_A_NAME || name.contains(['\0', '\\']) {
        return Err(wrong());
    }
    let mut path = folder.to_owned();
    let mut depth = 0;
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => continue,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(wrong()),
        }
        depth += 1;
    }
    if depth > DEEPEST { Err(wrong()) } else { Ok(path) }
}

/// Writes a file and returns what room is left; none if there was too little. Everybody may read it, and nobody write it:
/// who can come near it is decided by the folder.
fn write(entry: &mut impl Read, path: &Path, executable: bool, room: u64) -> io::Result<Option<u64>> {
    let mode = if executable { 0o755 } else { 0o644 };
    // A second entry of the same name takes the place of the first, as with other unpackers.
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(path)?;
    let written = io::copy(&mut entry.take(room.saturating_add(1)), &mut file)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    Ok(room.checked_sub(written))
}

/// The bits of a Unix mode that say what a file is.
const FILE_TYPE: u32 = 0o170_000;
const PLAIN_FILE: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;
const MOST_OF_A_NAME: usize = 1024;
const DEEPEST: usize = 64;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in entries {
            zip.start_file(*name, SimpleFileOptions::default().unix_permissions(0o755))
                .unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn unpacked(zip: &[u8], limits: &CodeLimits) -> Result<tempfile::TempDir, UnpackError> {
        let folder = tempfile::tempdir().unwrap();
        unpack(zip, folder.path(), limits, &mut limits.unpacked_bytes.clone()).map(|()| folder)
    }

    #[test]
    fn files_and_folders_are_made() {
        let zip = zipped(&[("app.py", b"code"), ("lib/a/b.txt", b"text"), ("./c", b"")]);
        let folder = unpacked(&zip, &CodeLimits::default()).unwrap();
        assert_eq!(fs::read(folder.path().join("app.py")).unwrap(), b"code");
        assert_eq!(fs::read(folder.path().join("lib/a/b.txt")).unwrap(), b"text");
        let mode = fs::metadata(folder.path().join("app.py"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o7777, 0o755);
    }

    #[test]
    fn a_name_that_leaves_the_folder_is_refused() {
        for name in ["../x", "a/../../x", "/etc/x", "a\\..\\x"] {
            let refused = unpacked(&zipped(&[(name, b"x")]), &CodeLimits::default());
            assert!(
                matches!(refused, Err(UnpackError::Name(_))),
                "{name}: {refused:?}"
            );
        }
    }

    #[test]
    fn a_link_is_refused() {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.add_symlink("link", "/etc/passwd", SimpleFileOptions::default())
            .unwrap();
        let zip = zip.finish().unwrap().into_inner();
        let refused = unpacked(&zip, &CodeLimits::default());
        assert!(matches!(refused, Err(UnpackError::Kind(_))), "{refused:?}");
    }

    #[test]
    fn what_is_too_large_is_refused_whatever_it_says_of_itself() {
        let limits = CodeLimits {
            unpacked_bytes: 1000,
            entries: 3,
            zip_bytes: 10_000,
        };
        assert!(unpacked(&zipped(&[("a", &[0; 600]), ("b", &[0; 400])]), &limits).is_ok());
        for zip in [
            zipped(&[("a", &[0; 600]), ("b", &[0; 401])]),
            zipped(&[("a", b""), ("b", b""), ("c", b""), ("d", b"")]),
            vec![0; 10_001],
        ] {
            let refused = unpacked(&zip, &limits);
            assert!(matches!(refused, Err(UnpackError::Limit(_))), "{refused:?}");
        }
        assert!(matches!(
            unpacked(b"PK nonsense", &limits),
            Err(UnpackError::Zip(_))
        ));
    }
}
