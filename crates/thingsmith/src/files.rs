//! The files of the data directory that people and programs read: none of them half written, the secret ones for
//! their owner alone.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use thingsmith_core::SealKey;
use thingsmith_core::access_keys::AccessKey;
use thingsmith_ports::Random;
use zeroize::Zeroizing;

/// Makes the data directory, if it is not there, for its owner alone.
pub(crate) fn make_directory(path: &Path) -> Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.with_context(|| match path.exists() {
        true => format!("the data directory {} is no directory", path.display()),
        false => format!("the data directory {} cannot be made", path.display()),
    })
}

/// Reads the seal key, or makes one where there is none; whether it was made.
pub(crate) fn seal_key(path: &Path, random: &dyn Random) -> Result<(SealKey, bool)> {
    match File::open(path) {
        Ok(mut file) => {
            let mut bytes = Zeroizing::new(Vec::new());
            file.read_to_end(&mut bytes)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            ensure!(
                bytes.len() == 32,
                "the seal key {} has {} bytes, not 32",
                path.display(),
                bytes.len()
            );
            let mut key = [0; 32];
            key.copy_from_slice(&bytes);
            Ok((SealKey::new(&mut key), false))
        }
        Err(cause) if cause.kind() == ErrorKind::NotFound => {
            let mut key = [0; 32];
            random.fill(&mut key);
            replace(path, &key, 0o600)?;
            Ok((SealKey::new(&mut key), true))
        }
        Err(cause) => bail!("the seal key {} cannot be read: {cause}", path.display()),
    }
}

/// Writes the administrator's key where AWS's clients look for keys: the shared credentials format.
pub(crate) fn write_credentials(path: &Path, key: &AccessKey) -> Result<()> {
    let text = Zeroizing::new(format!(
        "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        key.access_key_id,
        key.secret.expose_secret()
    ));
    replace(path, text.as_bytes(), 0o600)
}

/// Reads an access key id and its secret from a file in the shared credentials format.
pub(crate) fn read_credentials(path: &Path) -> Result<Option<(String, Zeroizing<String>)>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
        Err(cause) => bail!("{} cannot be read: {cause}", path.display()),
    };
    let value = |name: &str| {
        let mut pairs = text.lines().filter_map(|line| line.split_once('='));
        pairs
            .find(|(key, _)| key.trim() == name)
            .map(|(_, value)| value.trim().to_owned())
    };
    match (value("aws_access_key_id"), value("aws_secret_access_key")) {
        (Some(id), Some(secret)) => Ok(Some((id, Zeroizing::new(secret)))),
        _ => bail!("{} is not in the shared credentials format", path.display()),
    }
}

/// Puts a file in its place whole: written beside it, made durable, renamed.
pub(crate) fn replace(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let beside = path.with_extension("new");
    let write = || {
        match std::fs::remove_file(&beside) {
            Err(cause) if cause.kind() != ErrorKind::NotFound => return Err(cause),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&beside)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            Some(parent) => File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use thingsmith_model::Secret;

    use super::*;
    use crate::SystemRandom;

    #[test]
    fn secrets_are_for_their_owner_alone_and_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("credentials");
        let key = AccessKey {
            access_key_id: "AKIATEST".into(),
            account: "123456789012".parse().unwrap(),
            secret: Secret::new("a/b+c=".into()),
        };
        assert!(read_credentials(&path).unwrap().is_none());
        write_credentials(&path, &key).unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let (id, secret) = read_credentials(&path).unwrap().unwrap();
        assert_eq!((id.as_str(), secret.as_str()), ("AKIATEST", "a/b+c="));
    }

    #[test]
    fn the_seal_key_is_made_once_and_a_damaged_one_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("seal.key");
        let (key, made) = seal_key(&path, &SystemRandom).unwrap();
        let sealed = key.seal("a", b"secret").unwrap();
        let (key, made_again) = seal_key(&path, &SystemRandom).unwrap();
        assert_eq!((made, made_again), (true, false));
        assert_eq!(key.open("a", &sealed).unwrap().as_slice(), b"secret");
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        std::fs::write(&path, b"short").unwrap();
        let wrong = seal_key(&path, &SystemRandom).map(drop).unwrap_err();
        assert!(wrong.to_string().contains("has 5 bytes, not 32"), "{wrong}");
    }
}
