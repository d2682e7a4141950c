//! Where a device keeps its identity: a directory in which, whatever moment the power fails at, either the old or the new
//! one is whole.
//!
//! `current` is a symbolic link to the identity in use, a directory `identity-N` with `private.key`, `certificate.pem`,
//! `roots.pem` and `device.json`, which any other program may read by the link. The next identity comes to be in
//! `identity-N+1`: its key before anything is asked for, then its certificate, then what the service told. The link moves
//! last, in one step. What is thrown away is renamed first, so that no half of it is taken for something.

mod files;
mod record;
#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::provisioning::Created;
use crate::{AgentError, Identity};
use files::{Disk, Files};
pub use record::{Endpoint, Record, Request};

const KEY: &str = "private.key";
const CERTIFICATE: &str = "certificate.pem";
const ROOTS: &str = "roots.pem";
const RECORD: &str = "device.json";
const PENDING: &str = "pending.json";
const CURRENT: &str = "current";
const IDENTITY: &str = "identity-";
const DISCARDED: &str = "discarded-";

/// How long a certificate that belongs to nothing yet is worth going on with: AWS's tokens live an hour, and the clock of a
/// device may be a little wrong.
const TOKEN_LIFETIME: Duration = Duration::from_secs(55 * 60);

/// A device's directory.
pub struct Directory {
    path: PathBuf,
    files: Box<dyn Files>,
}

/// An identity as it is kept.
pub struct Kept {
    /// The certificate with its key.
    pub identity: Identity,
    /// What is known of it.
    pub record: Record,
}

impl Directory {
    /// The directory at a path, which need not be there yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            files: Box::new(Disk),
        }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The identity in use.
    ///
    /// # Errors
    /// [`AgentError::NoIdentity`] before there is one; [`AgentError::Damaged`] when somebody changed its files.
    pub fn current(&self) -> Result<Kept, AgentError> {
        // The link is followed once, so that a rotation meanwhile does not mix two identities; one that has gone
        // meanwhile is looked up again.
        let mut followed = self.current_path()?;
        loop {
            match read_identity(&followed) {
                Err(AgentError::File { cause, .. }) if cause.kind() == ErrorKind::NotFound => {
                    let again = self.current_path()?;
                    if again == followed {
                        return Err(AgentError::Damaged {
                            path: followed,
                            cause: "a file is absent".to_owned(),
                        });
                    }
                    followed = again;
                }
                other => return other,
            }
        }
    }

    fn current_path(&self) -> Result<PathBuf, AgentError> {
        match current_number(&self.path)? {
            Some(number) => Ok(self.path.join(format!("{IDENTITY}{number}"))),
            None => Err(AgentError::NoIdentity(self.path.clone())),
        }
    }

    /// Begins to change the identity, or goes on where a change ended early. Only one process may at a time.
    ///
    /// # Errors
    /// [`AgentError::Busy`] when another one does; [`AgentError::File`].
    pub fn change(&self) -> Result<Change<'_>, AgentError> {
        self.files.make_directory(&self.path).map_err(at(&self.path))?;
        let path = self.path.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(at(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(AgentError::Busy(self.path.clone())),
            Err(TryLockError::Error(cause)) => return Err(at(&path)(cause)),
        }
        let current = current_number(&self.path)?;
        let change = Change {
            directory: self,
            number: current.map_or(1, |number| number + 1),
            _lock: lock,
        };
        change.tidy()?;
        Ok(change)
    }
}

/// The right to change a directory's identity.
pub struct Change<'d> {
    directory: &'d Directory,
    number: u64,
    _lock: File,
}

/// How far the next identity has come.
pub enum Stage {
    /// There is nothing of it, or nothing that is of use.
    Nothing,
    /// A key that was made here and for which no certificate came, as PEM.
    Key(Zeroizing<String>),
    /// A certificate that belongs to nothing yet.
    Created {
        /// With its key.
        identity: Identity,
        /// What is known of it.
        pending: Pending,
    },
    /// A registered device, which only has to be put into use.
    Registered(Box<Kept>),
}

/// What is known of a certificate that belongs to nothing yet.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(rename_all = "camelCase")]
pub struct Pending {
    /// Its id.
    pub certificate_id: String,
    /// What proves that it is the device's own.
    pub ownership_token: String,
    /// When it came, in seconds since 1970.
    pub created_at: u64,
}

impl Change<'_> {
    /// How far the next identity has come. What is of no use any more is thrown away.
    ///
    /// # Errors
    /// [`AgentError::File`].
    pub fn stage(&self, now: SystemTime) -> Result<Stage, AgentError> {
        let path = self.path();
        if path.join(RECORD).exists() {
            if let Ok(kept) = read_identity(&path) {
                return Ok(Stage::Registered(Box::new(kept)));
            }
        } else if path.join(PENDING).exists() {
            let pending = read_json::<Pending>(&path.join(PENDING));
            let identity = read_pair(&path);
            if let (Ok(pending), Ok(identity)) = (pending, identity) {
                let age = seconds(now).checked_sub(pending.created_at);
                if age.is_some_and(|age| age < TOKEN_LIFETIME.as_secs()) {
                    return Ok(Stage::Created { identity, pending });
                }
            }
        } else if path.join(KEY).exists() && !path.join(CERTIFICATE).exists() {
            return read(&path.join(KEY)).map(Stage::Key);
        }
        self.abandon()?;
        Ok(Stage::Nothing)
    }

    /// Keeps a key that was made here, before a certificate is asked for.
    ///
    /// # Errors
    /// [`AgentError::File`].
    pub fn keep_key(&self, pem: &str) -> Result<(), AgentError> {
        self.make_place()?;
        self.keep(KEY, pem.as_bytes())
    }

    /// Keeps a certificate that belongs to nothing yet, and its key if the service made that.
    ///
    /// # Errors
    /// [`AgentError::File`].
    pub fn keep_created(
        &self,
        created: &Created,
        key_pem: Option<&str>,
        now: SystemTime,
    ) -> Result<(), AgentError> {
        self.make_place()?;
        // A key alone is taken for one that was made here: one that was not comes after its certificate.
        self.keep(CERTIFICATE, created.certificate_pem.as_bytes())?;
        if let Some(key) = key_pem {
            self.keep(KEY, key.as_bytes())?;
        }
        let pending = Pending {
            certificate_id: created.certificate_id.clone(),
            ownership_token: created.ownership_token.to_string(),
            created_at: seconds(now),
        };
        self.keep_json(PENDING, &pending)
    }

    /// Keeps what another way of provisioning gave the device: a key and a certificate.
    ///
    /// # Errors
    /// [`AgentError::File`].
    pub fn keep_pair(&self, certificate_pem: &str, key_pem: &str) -> Result<(), AgentError> {
        self.make_place()?;
        self.keep(CERTIFICATE, certificate_pem.as_bytes())?;
        self.keep(KEY, key_pem.as_bytes())
    }

    /// Keeps what is known of the device, now that it is registered. The next identity is then whole, and not yet in use.
    ///
    /// # Errors
    /// [`AgentError::File`].
    pub fn keep_record(&self, record: &Record) -> Result<(), AgentError> {
        self.keep(ROOTS, record.endpoint.roots_pem.as_bytes())?;
        self.keep_json(RECORD, record)
    }

    /// Puts the next identity into use, and throws the one before away.
    ///
    /// # Errors
    /// [`AgentError::File`].
    pub fn activate(self) -> Result<Kept, AgentError> {
        let kept = read_identity(&self.path())?;
        // The token has done what it is for.
        let token = self.path().join(PENDING);
        self.files().remove(&token).map_err(at(&token))?;
        let root = &self.directory.path;
        let (link, beside) = (root.join(CURRENT), root.join("current.new"));
        let target = PathBuf::from(format!("{IDENTITY}{}", self.number));
        let files = self.files();
        files
            .link(&target, &beside)
            .and_then(|()| files.rename(&beside, &link))
            .and_then(|()| files.sync(root))
            .map_err(at(&link))?;
        self.tidy()?;
        Ok(kept)
    }

    /// Throws away what there is of the next identity.
    ///
    /// # Errors
    /// [`AgentError::File`].
    pub fn abandon(&self) -> Result<(), AgentError> {
        self.discard(&self.path(), self.number)
    }

    /// Removes what is neither in use nor on its way there.
    fn tidy(&self) -> Result<(), AgentError> {
        let root = &self.directory.path;
        let current = current_number(root)?;
        for entry in std::fs::read_dir(root).map_err(at(root))? {
            let path = entry.map_err(at(root))?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            if name.starts_with(DISCARDED) {
                self.files().remove_directory(&path).map_err(at(&path))?;
            } else if let Some(number) = number_of(name)
                && Some(number) != current
                && number != self.number
            {
                self.discard(&path, number)?;
            }
        }
        Ok(())
    }

    fn discard(&self, path: &Path, number: u64) -> Result<(), AgentError> {
        if !path.exists() {
            return Ok(());
        }
        let root = &self.directory.path;
        let away = root.join(format!("{DISCARDED}{number}"));
        let files = self.files();
        files
            .rename(path, &away)
            .and_then(|()| files.sync(root))
            .and_then(|()| files.remove_directory(&away))
            .map_err(at(path))
    }

    fn make_place(&self) -> Result<(), AgentError> {
        let path = self.path();
        self.files()
            .make_directory(&path)
            .and_then(|()| self.files().sync(&self.directory.path))
            .map_err(at(&path))
    }

    fn keep_json(&self, name: &str, value: &impl Serialize) -> Result<(), AgentError> {
        let text = Zeroizing::new(
            serde_json::to_vec_pretty(value).map_err(|cause| AgentError::Damaged {
                path: self.path().join(name),
                cause: cause.to_string(),
            })?,
        );
        self.keep(name, &text)
    }

    /// Puts a file into its place whole: written beside it, made durable, renamed.
    fn keep(&self, name: &str, content: &[u8]) -> Result<(), AgentError> {
        let directory = self.path();
        let (path, beside) = (directory.join(name), directory.join(format!("{name}.new")));
        let files = self.files();
        files
            .write(&beside, content)
            .and_then(|()| files.rename(&beside, &path))
            .and_then(|()| files.sync(&directory))
            .map_err(at(&path))
    }

    fn path(&self) -> PathBuf {
        self.directory.path.join(format!("{IDENTITY}{}", self.number))
    }

    fn files(&self) -> &dyn Files {
        self.directory.files.as_ref()
    }
}

fn number_of(name: &str) -> Option<u64> {
    name.strip_prefix(IDENTITY)?.parse().ok()
}

fn current_number(root: &Path) -> Result<Option<u64>, AgentError> {
    let link = root.join(CURRENT);
    match std::fs::read_link(&link) {
        Ok(target) => match target.to_str().and_then(number_of) {
            Some(number) => Ok(Some(number)),
            None => Err(AgentError::Damaged {
                path: link,
                cause: "it does not lead to an identity".to_owned(),
            }),
        },
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(at(&link)(cause)),
    }
}

fn read_identity(path: &Path) -> Result<Kept, AgentError> {
    let mut record: Record = read_json(&path.join(RECORD))?;
    record.endpoint.roots_pem = read(&path.join(ROOTS))?.to_string();
    Ok(Kept {
        identity: read_pair(path)?,
        record,
    })
}

fn read_pair(path: &Path) -> Result<Identity, AgentError> {
    let (certificate, key) = (read(&path.join(CERTIFICATE))?, read(&path.join(KEY))?);
    Identity::from_pem(&certificate, &key).map_err(|cause| AgentError::Damaged {
        path: path.to_owned(),
        cause: cause.to_string(),
    })
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, AgentError> {
    serde_json::from_str(&read(path)?).map_err(|cause| AgentError::Damaged {
        path: path.to_owned(),
        cause: cause.to_string(),
    })
}

fn read(path: &Path) -> Result<Zeroizing<String>, AgentError> {
    std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(at(path))
}

fn at(path: &Path) -> impl Fn(io::Error) -> AgentError {
    move |cause| AgentError::File {
        path: path.to_owned(),
        cause,
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}
