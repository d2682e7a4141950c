//! A PostgreSQL server for one run of the tests: fresh, durable like a production server, and gone afterwards.

use std::fs::{self, DirBuilder, File};
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::process::{is_root, output, run, succeeds};
use crate::repository::Repository;

/// A running server; stopped and removed when dropped.
pub(crate) struct Postgres {
    folder: PathBuf,
    port: u16,
    server: Option<Child>,
}

impl Postgres {
    /// Makes a cluster in a folder of its own and starts a server on a free port of 127.0.0.1.
    pub(crate) fn start() -> Result<Self> {
        let binaries = server_binaries().context("PostgreSQL is not installed: run `cargo xtask setup`")?;
        remove_leftovers();
        let folder = std::env::temp_dir().join(format!("{FOLDER_PREFIX}{}", std::process::id()));
        let mut this = Self {
            folder,
            port: 0,
            server: None,
        };
        this.make_folder()?;
        let data = this.folder.join("data");
        let mut initdb = this.as_owner(&binaries.join("initdb"));
        initdb.arg("--pgdata").arg(&data).args([
            "--username=postgres",
            "--auth=trust",
            "--locale=C",
            "--encoding=UTF8",
            "--no-sync",
        ]);
        output(&mut initdb)?;
        for _ in 0..PORT_ATTEMPTS {
            this.launch(&binaries, &data)?;
            if this.wait_until_ready(&binaries)? {
                println!("{}", this.url());
                return Ok(this);
            }
        }
        bail!("the server ended while it started:\n{}", this.log())
    }

    /// How tests reach the server: its superuser, on its first database.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// What the server logged.
    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_else(|error| format!("(no log: {error})"))
    }

    /// Keeps the log of a server whose tests failed in `.tests/postgres.log`, and names the place. It is not printed: it
    /// is full of the refusals that tests ask for, and would push what the tests said out of sight.
    pub(crate) fn kept_log<T>(&self, repository: &Repository, tested: Result<T>) -> Result<T> {
        if tested.is_err() {
            let place = repository.root().join(".tests/postgres.log");
            fs::copy(self.folder.join("log"), &place)
                .with_context(|| format!("cannot write {}", place.display()))?;
            eprintln!("PostgreSQL's log is kept in {}", place.display());
        }
        tested
    }

    fn make_folder(&self) -> Result<()> {
        let made = DirBuilder::new().mode(0o700).create(&self.folder);
        made.with_context(|| format!("cannot make {}", self.folder.display()))?;
        // PostgreSQL refuses to run as root; its package makes a user for it.
        if is_root() {
            let id = |which: &str| -> Result<u32> {
                let text = output(Command::new("id").args([which, "postgres"]))?;
                text.trim()
                    .parse()
                    .with_context(|| format!("`{}` is not an id", text.trim()))
            };
            chown(&self.folder, Some(id("-u")?), Some(id("-g")?))
                .context("cannot give the folder to postgres")?;
        }
        Ok(())
    }

    /// A command in the folder, as its owner, that is interrupted when this program dies, however that happens.
    fn as_owner(&self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        if is_root() {
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
        }
        command
            .args(["--pdeathsig", "SIGINT", "--"])
            .arg(program)
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        command
    }

    fn launch(&mut self, binaries: &Path, data: &Path) -> Result<()> {
        self.port = free_port()?;
        let log = File::create(self.folder.join("log")).context("cannot make the server's log")?;
        let mut server = self.as_owner(&binaries.join("postgres"));
        server
            .arg("-D")
            .arg(data)
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        for setting in [
            "fsync=on",
            "synchronous_commit=on",
            "max_connections=200",
            &format!("unix_socket_directories={}", self.folder.display()),
        ] {
            server.args(["-c", setting]);
        }
        server.stdout(log.try_clone()?).stderr(log);
        self.server = Some(server.spawn().context("cannot run the server")?);
        Ok(())
    }

    /// Whether the server takes connections; false if it ended, because somebody took its port for instance.
    fn wait_until_ready(&mut self, binaries: &Path) -> Result<bool> {
        let deadline = Instant::now() + START_TIMEOUT;
        let port = self.port.to_string();
        while Instant::now() < deadline {
            let server = self.server.as_mut().context("no server was started")?;
            if server.try_wait()?.is_some() {
                return Ok(false);
            }
            if succeeds(Command::new(binaries.join("pg_isready")).args([
                "-q",
                "-h",
                "127.0.0.1",
                "-p",
                &port,
            ])) {
                return Ok(true);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!(
            "the server took no connection within {} s:\n{}",
            START_TIMEOUT.as_secs(),
            self.log()
        )
    }

    fn stop(&mut self) -> Result<()> {
        let Some(mut server) = self.server.take() else {
            return Ok(());
        };
        // SIGINT is PostgreSQL's fast shutdown: it ends its sessions and leaves.
        run(Command::new("kill").args(["-INT", &server.id().to_string()]))?;
        let deadline = Instant::now() + STOP_TIMEOUT;
        while Instant::now() < deadline {
            if server.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        server.kill()?;
        server.wait()?;
        ensure!(
            false,
            "PostgreSQL did not stop within {} s and was killed",
            STOP_TIMEOUT.as_secs()
        );
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            eprintln!("warning: {error:#}");
        }
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("warning: cannot remove {}: {error}", self.folder.display());
        }
    }
}

/// The folder of the newest installed PostgreSQL server. Debian keeps the servers out of the search path, and a
/// `postgres` that stands in it may be something else.
pub(crate) fn server_binaries() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut folders: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .collect();
    folders.sort();
    let elsewhere = output(Command::new("pg_config").arg("--bindir")).ok();
    folders
        .into_iter()
        .rev()
        .map(|(_, folder)| folder)
        .chain(elsewhere.map(|text| PathBuf::from(text.trim())))
        .find(|folder| is_server(folder))
}

fn is_server(folder: &Path) -> bool {
    let version = output(Command::new(folder.join("postgres")).arg("--version")).unwrap_or_default();
    version.starts_with("postgres (PostgreSQL)")
        && ["initdb", "pg_isready"]
            .iter()
            .all(|program| folder.join(program).is_file())
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// Removes folders of runs that were killed: their number is their process, which is gone.
fn remove_leftovers() {
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(process) = name.to_str().and_then(|name| name.strip_prefix(FOLDER_PREFIX)) else {
            continue;
        };
        if process.parse::<u32>().is_ok() && !Path::new("/proc").join(process).exists() {
            // Somebody else's folder stays.
            fs::remove_dir_all(entry.path()).unwrap_or_default();
        }
    }
}

const FOLDER_PREFIX: &str = "thingsmith-postgres-";
const PORT_ATTEMPTS: usize = 3;
const START_TIMEOUT: Duration = Duration::from_secs(60);
const STOP_TIMEOUT: Duration = Duration::from_secs(20);
