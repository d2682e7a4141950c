use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::{Creation, DeviceKey, Format};

/// Files of a device whose power fails at a step: it does not happen, nor does any after it. A write ends in its middle.
struct Failing {
    left: AtomicUsize,
}

impl Failing {
    fn step(&self, act: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let left = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        match left {
            Ok(_) => act(),
            Err(_) => Err(io::Error::other("no power")),
        }
    }
}

impl Files for Failing {
    fn make_directory(&self, path: &Path) -> io::Result<()> {
        self.step(|| Disk.make_directory(path))
    }

    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.step(|| Disk.write(path, &content[..content.len() / 2]))?;
        self.step(|| Disk.write(path, content))
    }

    fn link(&self, target: &Path, path: &Path) -> io::Result<()> {
        self.step(|| Disk.link(target, path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(|| Disk.rename(from, to))
    }

    fn sync(&self, directory: &Path) -> io::Result<()> {
        self.step(|| Disk.sync(directory))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(|| Disk.remove(path))
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        // One file, then the rest.
        let first = std::fs::read_dir(path)?.next().transpose()?;
        if let Some(first) = first {
            self.step(|| Disk.remove(&first.path()))?;
        }
        self.step(|| Disk.remove_directory(path))
    }
}

/// An identity that the service gives: its name is its certificate's.
struct Given {
    key: String,
    created: Created,
    record: Record,
}

impl Given {
    fn new(name: &str) -> Self {
        let key = DeviceKey::generate().unwrap();
        let created = Created {
            certificate_id: name.to_owned(),
            certificate_pem: key.self_signed(name).unwrap(),
            ownership_token: Zeroizing::new("a token".to_owned()),
        };
        let record = Record {
            certificate_id: Some(name.to_owned()),
            thing_name: Some(name.to_owned()),
            client_id: name.to_owned(),
            device_configuration: Default::default(),
            endpoint: Endpoint {
                host: "localhost".into(),
                port: 8883,
                server_name: "localhost".into(),
                roots_pem: "roots".into(),
                mqtt5: true,
            },
            request: Some(Request {
                template: "fleet".into(),
                parameters: [("SerialNumber".to_owned(), "1".to_owned())].into(),
                creation: Creation::FromCsr,
                format: Format::Cbor,
            }),
        };
        Self {
            key: key.to_pem().to_string(),
            created,
            record,
        }
    }

    fn is(&self, kept: &Kept) -> bool {
        let own = Identity::from_pem(&self.created.certificate_pem, &self.key).unwrap();
        kept.identity.certificate() == own.certificate()
            && kept.identity.key.secret_der() == own.key.secret_der()
            && kept.record == self.record
    }

    /// Goes on from wherever it is.
    fn come_in(&self, directory: &Directory, creation: Creation) -> Result<(), AgentError> {
        let change = directory.change()?;
        if !matches!(change.stage(now())?, Stage::Registered(_)) {
            if !matches!(change.stage(now())?, Stage::Created { .. }) {
                if creation == Creation::FromCsr && !matches!(change.stage(now())?, Stage::Key(_)) {
                    change.keep_key(&self.key)?;
                }
                let key = (creation == Creation::Keys).then_some(self.key.as_str());
                change.keep_created(&self.created, key, now())?;
            }
            change.keep_record(&self.record)?;
        }
        change.activate().map(drop)
    }
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

/// A directory whose files need no disk, where there is one: hundreds of them are made durable.
fn in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

fn names(path: &Path) -> Vec<String> {
    let names = std::fs::read_dir(path).unwrap();
    let mut names: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn whenever_the_power_fails_the_old_or_the_new_identity_is_whole() {
    let (old, new) = (Given::new("old"), Given::new("new"));
    for creation in [Creation::FromCsr, Creation::Keys] {
        for has_old in [false, true] {
            let mut steps = 0;
            loop {
                let place = in_memory();
                let whole = Directory::at(place.path().join("device"));
                if has_old {
                    old.come_in(&whole, creation).unwrap();
                }
                let failing = Directory {
                    path: whole.path.clone(),
                    files: Box::new(Failing {
                        left: AtomicUsize::new(steps),
                    }),
                };
                let done = new.come_in(&failing, creation);
                match whole.current() {
                    Ok(kept) => assert!(new.is(&kept) || has_old && old.is(&kept), "step {steps}"),
                    Err(AgentError::NoIdentity(_)) => assert!(!has_old, "step {steps}"),
                    Err(cause) => panic!("step {steps}: {cause}"),
                }
                // With power again it gets there, and nothing is left lying about.
                if !whole.current().is_ok_and(|kept| new.is(&kept)) {
                    new.come_in(&whole, creation).unwrap();
                    assert!(new.is(&whole.current().unwrap()), "step {steps}");
                } else {
                    whole.change().unwrap();
                }
                let number = if has_old { 2 } else { 1 };
                let identity = format!("identity-{number}");
                assert_eq!(names(&whole.path), ["current", &identity, "lock"], "step {steps}");
                assert_eq!(
                    names(&whole.path.join(identity)),
                    ["certificate.pem", "device.json", "private.key", "roots.pem"]
                );
                if done.is_ok() {
                    break;
                }
                steps += 1;
            }
            assert!(steps > 15, "{steps} steps");
        }
    }
}

#[test]
fn all_files_are_for_their_owner_alone() {
    let place = tempfile::tempdir().unwrap();
    let directory = Directory::at(place.path().join("device"));
    Given::new("lamp").come_in(&directory, Creation::FromCsr).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(directory.path()), 0o700);
    let current = directory.path().join("current");
    assert_eq!(mode(&current), 0o700);
    for name in names(&current) {
        assert_eq!(mode(&current.join(&name)), 0o600, "{name}");
    }
}

#[test]
fn a_key_without_a_certificate_is_used_again() {
    let place = tempfile::tempdir().unwrap();
    let directory = Directory::at(place.path());
    let given = Given::new("lamp");
    directory.change().unwrap().keep_key(&given.key).unwrap();
    let change = directory.change().unwrap();
    assert!(matches!(change.stage(now()).unwrap(), Stage::Key(key) if *key == given.key));
}

#[test]
fn an_old_token_is_thrown_away_with_its_certificate_and_key() {
    let place = tempfile::tempdir().unwrap();
    let directory = Directory::at(place.path());
    let given = Given::new("lamp");
    let change = directory.change().unwrap();
    change.keep_key(&given.key).unwrap();
    change.keep_created(&given.created, None, now()).unwrap();
    let later = |minutes: u64| now() + Duration::from_secs(60 * minutes);
    assert!(matches!(change.stage(later(54)).unwrap(), Stage::Created { .. }));
    assert!(matches!(change.stage(later(56)).unwrap(), Stage::Nothing));
    assert_eq!(names(directory.path()), ["lock"]);
}

#[test]
fn what_somebody_damaged_is_said_or_made_anew() {
    let place = tempfile::tempdir().unwrap();
    let directory = Directory::at(place.path());
    let given = Given::new("lamp");
    let change = directory.change().unwrap();
    change.keep_key(&given.key).unwrap();
    change.keep_created(&given.created, None, now()).unwrap();
    std::fs::write(directory.path().join("identity-1/pending.json"), "{").unwrap();
    assert!(matches!(change.stage(now()).unwrap(), Stage::Nothing));
    drop(change);

    given.come_in(&directory, Creation::FromCsr).unwrap();
    std::fs::write(directory.path().join("current/private.key"), "no key").unwrap();
    assert!(matches!(directory.current(), Err(AgentError::Damaged { .. })));
    std::fs::remove_file(directory.path().join("current/device.json")).unwrap();
    assert!(matches!(directory.current(), Err(AgentError::Damaged { .. })));
    std::fs::remove_file(directory.path().join("current")).unwrap();
    std::os::unix::fs::symlink("/etc", directory.path().join("current")).unwrap();
    assert!(matches!(directory.current(), Err(AgentError::Damaged { .. })));
}

#[test]
fn one_process_at_a_time_changes_the_identity() {
    let place = tempfile::tempdir().unwrap();
    let directory = Directory::at(place.path());
    let change = directory.change().unwrap();
    assert!(matches!(directory.change(), Err(AgentError::Busy(_))));
    drop(change);
    assert!(directory.change().is_ok());
}
