//! A PostgreSQL server that one test has for itself.

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A running server on a free port of 127.0.0.1; stopped and removed when dropped.
pub(super) struct Cluster {
    directory: TempDir,
    port: u16,
    server: Child,
}

impl Cluster {
    /// Starts one, where PostgreSQL is installed.
    pub(super) fn start() -> Option<Self> {
        let Some(binaries) = binaries() else {
            eprintln!("skipped: no PostgreSQL; run through cargo xtask test");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        own(&directory);
        let data = directory.path().join("data");
        let mut initdb = as_owner(&binaries.join("initdb"), &directory);
        initdb.args([
            "--username=postgres",
            "--auth=trust",
            "--locale=C",
            "--encoding=UTF8",
            "--no-sync",
            "-D",
        ]);
        let made = initdb.arg(&data).stdin(Stdio::null()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));

        let port = TcpListener::bind(("127.0.0.1", 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut postgres = as_owner(&binaries.join("postgres"), &directory);
        postgres.arg("-D").arg(&data).arg("-p").arg(port.to_string());
        postgres.args([
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
        ]);
        let server = postgres
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let cluster = Self {
            directory,
            port,
            server,
        };
        cluster.wait_until_ready(&binaries);
        Some(cluster)
    }

    /// Its superuser on its first database.
    pub(super) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn wait_until_ready(&self, binaries: &std::path::Path) {
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut ask = Command::new(binaries.join("pg_isready"));
        ask.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
        while !ask.status().is_ok_and(|status| status.success()) {
            assert!(
                Instant::now() < deadline,
                "PostgreSQL does not start in {}",
                self.directory.path().display()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Fast shutdown: sessions are ended.
        let _ = kill_process(Pid::from_child(&self.server), Signal::INT);
        let _ = self.server.wait();
    }
}

/// Where Debian, or somebody who built it, put PostgreSQL's programs.
fn binaries() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut folders: Vec<PathBuf> = debian.map(|version| version.path().join("bin")).collect();
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    folders
        .into_iter()
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// PostgreSQL refuses to run as root; its package makes a user for it.
fn own(directory: &TempDir) {
    if is_root() {
        let ids = |flag| {
            let output = Command::new("id").args([flag, "postgres"]).output().unwrap();
            String::from_utf8(output.stdout)
                .unwrap()
                .trim()
                .parse::<u32>()
                .unwrap()
        };
        chown(directory.path(), Some(ids("-u")), Some(ids("-g"))).unwrap();
        assert_ne!(directory.path().metadata().unwrap().uid(), 0);
    }
}

/// A program that runs in the directory as its owner, and is told to end when this test dies.
fn as_owner(program: &std::path::Path, directory: &TempDir) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
    }
    command
        .args(["--pdeathsig", "SIGINT", "--"])
        .arg(program)
        .current_dir(directory.path());
    command
}
