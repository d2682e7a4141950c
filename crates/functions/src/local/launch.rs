//! How a worker becomes a process: what stands around its command.
//!
//! A process is confined before the first byte of a customer's code is read, by programs that every Debian has (util-linux):
//! `setsid` for a session, `setpriv` for users, capabilities and the signal of the parent's death, `prlimit` for limits, `unshare` for namespaces.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use thingsmith_model::Secret;
use tokio::process::Command;

use crate::ProcessLimits;

/// What keeps a worker from the machine, found out at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Namespaces, and a user of its own. The server is root.
    NamespacesAndUser,
    /// Namespaces within a namespace of users, in which it is the server's user.
    Namespaces,
    /// A user of its own.
    User,
    /// Nothing.
    Off,
}

/// The programs that confine, by their paths.
#[derive(Debug, Clone)]
pub(super) struct Tools {
    sh: PathBuf,
    setsid: PathBuf,
    setpriv: PathBuf,
    prlimit: PathBuf,
    nice: PathBuf,
    unshare: Option<PathBuf>,
}

/// A process to be.
pub(super) struct Launch<'a> {
    pub(super) command: &'a [String],
    pub(super) environment: &'a [(&'static str, String)],
    /// The customer's. Names are checked here.
    pub(super) variables: &'a [(String, Secret<String>)],
    pub(super) code: &'a Path,
    pub(super) layers: Option<&'a Path>,
    /// A folder of its own.
    pub(super) scratch: &'a Path,
    pub(super) roots: Option<&'a Path>,
    pub(super) readable: &'a [PathBuf],
    pub(super) hidden: &'a [PathBuf],
    /// Its user, and the group that may read the code.
    pub(super) user: Option<(u32, u32)>,
    pub(super) memory_mib: u32,
    pub(super) limits: &'a ProcessLimits,
}

/// Where a worker finds things, which depends on how it is confined.
pub(super) struct Places {
    pub(super) task_root: String,
    /// Where the layers are; none if there are none.
    pub(super) layers: Option<String>,
    pub(super) temporary: String,
    pub(super) roots: String,
}

impl Level {
    /// Whether each worker has a user of its own.
    pub(super) fn has_user(self) -> bool {
        matches!(self, Self::NamespacesAndUser | Self::User)
    }

    /// Whether each worker has namespaces of its own, so that nothing in them outlives it.
    pub(super) fn has_namespaces(self) -> bool {
        matches!(self, Self::NamespacesAndUser | Self::Namespaces)
    }

    /// Where a worker with this code and scratch folder finds them.
    pub(super) fn places(self, code: &Path, layers: Option<&Path>, scratch: &Path) -> Places {
        if self.has_namespaces() {
            return Places {
                task_root: "/var/task".into(),
                layers: layers.map(|_| "/opt".to_owned()),
                temporary: "/tmp".into(),
                roots: "/var/runtime/roots.pem".into(),
            };
        }
        Places {
            task_root: code.display().to_string(),
            layers: layers.map(|path| path.display().to_string()),
            temporary: scratch.join(TEMPORARY).display().to_string(),
            roots: scratch.join(ROOTS).display().to_string(),
        }
    }
}

impl Tools {
    /// Looks for the programs.
    ///
    /// # Errors
    /// The name of one that must be there and is not.
    pub(super) fn find() -> Result<Self, &'static str> {
        let find = |name: &'static str| {
            let mut places = FOLDERS.iter().map(|folder| Path::new(folder).join(name));
            places.find(|path| path.is_file()).ok_or(name)
        };
        Ok(Self {
            sh: find("sh")?,
            setsid: find("setsid")?,
            setpriv: find("setpriv")?,
            prlimit: find("prlimit")?,
            nice: find("nice")?,
            unshare: find("unshare").ok(),
        })
    }

    /// The command that becomes the worker; none if this level needs a program that is not there.
    pub(super) fn command(&self, level: Level, launch: &Launch<'_>) -> Option<Command> {
        let mut words: Vec<OsString> = Vec::new();
        let mut add = |parts: &[&str]| words.extend(parts.iter().map(OsString::from));
        let text = |path: &Path| path.display().to_string();
        // A session of its own is a group of its own, and has no terminal to write commands to.
        add(&[&text(&self.setsid)]);
        if level.has_namespaces() {
            add(&[&text(&self.setpriv), "--pdeathsig", "KILL", "--"]);
            add(&[&text(self.unshare.as_ref()?)]);
            if level == Level::Namespaces {
                add(&["--user", "--map-current-user", "--keep-caps"]);
            }
            add(&["--mount", "--pid", "--ipc", "--fork", "--kill-child", "--"]);
            add(&[&text(&self.sh), "-c", CONFINE, "confine"]);
            add(&[&text(&launch.scratch.join(NEW_ROOT)), &text(launch.code)]);
            add(&[&(launch.limits.temporary_bytes / 1024).to_string()]);
            add(&[&launch.roots.map(text).unwrap_or_default()]);
            add(&[&launch.layers.map(text).unwrap_or_default()]);
            for paths in [launch.readable, launch.hidden] {
                for path in paths {
                    add(&[&text(path)]);
                }
                add(&["--"]);
            }
        }
        add(&[
            &text(&self.setpriv),
            "--pdeathsig",
            "KILL",
            "--no-new-privs",
            "--inh-caps=-all",
        ]);
        if rustix::process::geteuid().is_root() || level == Level::Namespaces {
            add(&["--bounding-set=-all"]);
        }
        if level == Level::Namespaces {
            add(&["--ambient-caps=-all"]);
        }
        if let Some((user, group)) = launch.user {
            add(&[
                "--reuid",
                &user.to_string(),
                "--regid",
                &group.to_string(),
                "--clear-groups",
            ]);
        }
        add(&["--", &text(&self.nice), "-n", &launch.limits.niceness.to_string()]);
        add(&[&text(&self.prlimit)]);
        add(&limits(level, launch)
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>());
        add(&["--", &text(&self.sh), "-c", BEGIN, "begin"]);
        let variables = || launch.variables.iter().filter(|(name, _)| is_name(name));
        for (name, _) in variables() {
            add(&[name]);
        }
        add(&["--"]);
        add(&launch.command.iter().map(String::as_str).collect::<Vec<_>>());

        let mut words = words.into_iter();
        let mut command = Command::new(words.next()?);
        command.args(words).env_clear().current_dir("/");
        for (name, value) in launch.environment {
            command.env(name, value);
        }
        for (name, value) in variables() {
            command.env(format!("THINGSMITH_VALUE_{name}"), value.expose_secret());
        }
        Some(command)
    }

    /// A command that ends every process of a user.
    pub(super) fn end_all_of(&self, user: u32) -> Command {
        let mut command = Command::new(&self.setpriv);
        let user = user.to_string();
        command.args(["--reuid", &user, "--regid", &user, "--clear-groups", "--"]);
        // To the kernel, -1 is everybody that this process may signal but itself.
        command.arg(&self.sh).args(["-c", "kill -KILL -1"]);
        command.env_clear().current_dir("/");
        command
    }
}

/// The limits of a process as `prlimit` takes them, each at most what the server has itself.
fn limits(level: Level, launch: &Launch<'_>) -> Vec<String> {
    let limits = launch.limits;
    let memory = u64::from(launch.memory_mib) + u64::from(limits.memory_allowance_mib);
    let mut all = vec![
        ("core", Resource::Core, 0),
        ("data", Resource::Data, memory << 20),
        ("fsize", Resource::Fsize, limits.file_bytes),
        ("nofile", Resource::Nofile, limits.open_files),
        ("cpu", Resource::Cpu, seconds(limits.cpu)),
    ];
    // The kernel counts them by user and namespace of users: where that is the server's, its threads count too.
    if level != Level::Off {
        all.push(("nproc", Resource::Nproc, limits.processes));
    }
    let within = |resource, wanted: u64| {
        getrlimit(resource)
            .maximum
            .map_or(wanted, |most| most.min(wanted))
    };
    all.into_iter()
        .map(|(name, resource, wanted)| format!("--{name}={}", within(resource, wanted)))
        .collect()
}

fn seconds(time: Duration) -> u64 {
    time.as_secs().max(1)
}

/// AWS's rule for the names of a function's variables; and none may be taken for one of ours.
fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && characters.all(|it| it.is_ascii_alphanumeric() || it == '_')
        && !name.starts_with("THINGSMITH_VALUE_")
}

/// The mount point of a worker's root in its scratch folder.
pub(super) const NEW_ROOT: &str = "root";
/// Its temporary folder there, where it has no `/tmp` of its own.
pub(super) const TEMPORARY: &str = "tmp";
/// The roots that it is to trust.
pub(super) const ROOTS: &str = "roots.pem";
const CONFINE: &str = include_str!("confine.sh");
const BEGIN: &str = include_str!("begin.sh");
const FOLDERS: [&str; 4] = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"];
