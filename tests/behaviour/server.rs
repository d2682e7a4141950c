//! The real program as a child process: `THINGSMITH_BIN`, or the one that stands beside this test.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::caller::Caller;

/// The account of every server here.
pub(crate) const ACCOUNT: &str = "123456789012";
/// The region of every server here.
pub(crate) const REGION: &str = "us-east-1";
/// How long a server may take to start or to stop; on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a server lives: its data directory and its store outlast each of its processes.
pub(crate) struct Home {
    directory: TempDir,
    store: String,
    dev: bool,
    flags: Vec<OsString>,
    wrapper: Vec<OsString>,
    private_mounts: bool,
}

impl Home {
    /// A home whose store is SQLite.
    pub(crate) fn sqlite() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            store: "sqlite".into(),
            dev: false,
            flags: Vec::new(),
            wrapper: Vec::new(),
            private_mounts: false,
        }
    }

    /// A home whose store is a new database of the PostgreSQL server in `THINGSMITH_TEST_POSTGRES`; none without one.
    pub(crate) fn postgres() -> Option<Self> {
        let Ok(server) = std::env::var("THINGSMITH_TEST_POSTGRES") else {
            eprintln!("skipped: no PostgreSQL; run through cargo xtask test");
            return None;
        };
        Some(Self::in_database_of(&server))
    }

    /// A home whose store is a new database of this PostgreSQL server.
    pub(crate) fn in_database_of(server: &str) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        // The moment, not the process: the system gives a process's number again.
        let moment = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
        let name = format!("home_{moment}_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        ask_postgres(server, &format!("CREATE DATABASE {name}"));
        let (address, _) = server.rsplit_once('/').expect("the URL ends in a database");
        Self {
            store: format!("{address}/{name}"),
            ..Self::sqlite()
        }
    }

    /// The home of another node of the same store, which seals with the same key.
    pub(crate) fn beside(&self) -> Self {
        let home = Self::sqlite();
        std::fs::create_dir(home.data()).unwrap();
        std::fs::copy(self.data().join("seal.key"), home.data().join("seal.key")).unwrap();
        Self {
            store: self.store.clone(),
            ..home
        }
    }

    /// A server for development.
    pub(crate) fn dev(mut self) -> Self {
        self.dev = true;
        self
    }

    /// One more flag of `serve`.
    pub(crate) fn flag(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.flags.extend([name.into(), value.into()]);
        self
    }

    /// One more flag of `serve` that takes no value.
    pub(crate) fn bare_flag(mut self, name: &str) -> Self {
        self.flags.push(name.into());
        self
    }

    /// What `thingsmith env` prints.
    pub(crate) fn environment(&self) -> String {
        let mut command = Command::new(program());
        let output = command.arg("env").arg("--data-dir").arg(self.data()).output();
        String::from_utf8(output.expect("the program is built").stdout).expect("it prints text")
    }

    /// A configuration file with this text.
    pub(crate) fn config(self, text: &str) -> Self {
        let path = self.directory.path().join("thingsmith.toml");
        std::fs::write(&path, text).unwrap();
        self.flag("--config", path)
    }

    /// A program, with its arguments, that runs the server in its own place: the process stays the same.
    pub(crate) fn run_by(mut self, wrapper: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.wrapper = wrapper.into_iter().map(Into::into).collect();
        self
    }

    /// Says that the wrapper gives the server mounts that only its process sees.
    pub(crate) fn with_private_mounts(mut self) -> Self {
        self.private_mounts = true;
        self
    }

    /// A directory for whatever a test needs.
    pub(crate) fn scratch(&self) -> &Path {
        self.directory.path()
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// The address of the store, as `--store` takes it.
    pub(crate) fn store(&self) -> &str {
        &self.store
    }

    /// `thingsmith serve` on free ports.
    pub(crate) fn serve(&self) -> Command {
        self.serve_on(0)
    }

    fn serve_on(&self, mqtt_port: u16) -> Command {
        let mut words: Vec<OsString> = self.wrapper.clone();
        words.push(program().into());
        words.extend(
            [
                "serve",
                "--api",
                "127.0.0.1:0",
                "--mqtt",
                &format!("127.0.0.1:{mqtt_port}"),
                "--https",
                "127.0.0.1:0",
                "--admin",
                "127.0.0.1:0",
            ]
            .map(Into::into),
        );
        words.extend([
            "--region".into(),
            REGION.into(),
            "--store".into(),
            self.store.clone().into(),
        ]);
        words.extend(["--data-dir".into(), self.data().into()]);
        if self.dev {
            words.push("--dev".into());
        }
        words.extend(self.flags.iter().cloned());
        let mut command = Command::new(&words[0]);
        // Only what a test says counts, not what the shell around it has exported.
        command
            .args(&words[1..])
            .env_remove("THINGSMITH_LOG")
            .stdin(Stdio::null());
        command
    }

    /// Starts a server and waits until it listens.
    pub(crate) fn start(&self) -> Server<'_> {
        self.start_on(0)
    }

    /// Starts a server that devices find at this port.
    pub(crate) fn start_on(&self, mqtt_port: u16) -> Server<'_> {
        let mut command = self.serve_on(mqtt_port);
        if !self.dev {
            command.args(["--account", ACCOUNT]);
        }
        self.start_as(command)
    }

    /// Starts the server by a command of the test's own.
    pub(crate) fn start_as(&self, mut command: Command) -> Server<'_> {
        let file = |name: &str| {
            let path = self.directory.path().join(name);
            File::options().create(true).append(true).open(path).unwrap()
        };
        let _ = std::fs::remove_file(self.data().join("endpoints.json"));
        let child = command
            .stdout(file("stdout"))
            .stderr(file("stderr"))
            .spawn()
            .expect("the program is built");
        let mut server = Server {
            home: self,
            child,
            api: String::new(),
            mqtt: String::new(),
            https: String::new(),
            admin: String::new(),
        };
        let deadline = Instant::now() + PATIENCE;
        let endpoints = loop {
            if let Ok(text) = std::fs::read_to_string(server.data().join("endpoints.json")) {
                break serde_json::from_str::<Value>(&text).unwrap();
            }
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none(), "the server ended ({ended:?}):\n{}", self.log());
            assert!(
                Instant::now() < deadline,
                "the server does not listen:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(5));
        };
        let member = |name: &str| endpoints[name].as_str().unwrap().to_owned();
        (server.api, server.mqtt) = (member("api"), member("mqtt"));
        (server.https, server.admin) = (member("https"), member("admin"));
        server
    }

    /// Runs a server that must refuse to start; what it says and its exit code.
    pub(crate) fn refused(&self, flags: &[&str]) -> (String, Option<i32>) {
        let mut command = self.serve();
        command.args(flags).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("the program is built");
        let Output { status, stderr, .. } = output_in_time(child);
        (String::from_utf8(stderr).unwrap(), status.code())
    }

    /// Everything that servers here wrote to their standard output.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("stdout")).unwrap_or_default()
    }

    /// Everything that servers here logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("stderr")).unwrap_or_default()
    }
}

/// A running server; killed when dropped.
pub(crate) struct Server<'h> {
    home: &'h Home,
    child: Child,
    /// The URL of the API.
    pub(crate) api: String,
    /// Host and port for devices.
    pub(crate) mqtt: String,
    /// Host and port for devices that speak HTTPS, or MQTT by ALPN.
    pub(crate) https: String,
    /// The URL of the admin port.
    pub(crate) admin: String,
}

impl Server<'_> {
    /// The data directory, as the server's process sees it.
    pub(crate) fn data(&self) -> PathBuf {
        match self.home.private_mounts {
            true => Path::new(&format!("/proc/{}/root", self.child.id())).join(
                self.home
                    .data()
                    .strip_prefix("/")
                    .expect("temporary directories have absolute paths"),
            ),
            false => self.home.data(),
        }
    }

    /// The port for devices.
    pub(crate) fn mqtt_port(&self) -> u16 {
        port(&self.mqtt)
    }

    /// The first port of `--https`.
    pub(crate) fn https_port(&self) -> u16 {
        port(&self.https)
    }

    /// The file with the roots that devices trust.
    pub(crate) fn ca(&self) -> PathBuf {
        self.data().join("ca.pem")
    }

    /// The administrator's access key id and secret; of a development server any pair.
    pub(crate) fn credentials(&self) -> (String, String) {
        if self.home.dev {
            return (ACCOUNT.into(), "any secret does".into());
        }
        let text = std::fs::read_to_string(self.data().join("credentials")).unwrap();
        let value = |name: &str| {
            let mut pairs = text.lines().filter_map(|line| line.split_once(" = "));
            pairs
                .find(|(key, _)| *key == name)
                .expect("the key is there")
                .1
                .to_owned()
        };
        (value("aws_access_key_id"), value("aws_secret_access_key"))
    }

    /// A caller with the administrator's key.
    pub(crate) fn administrator(&self) -> Caller {
        let (id, secret) = self.credentials();
        Caller::new(&self.api, &id, &secret)
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Kills it as a power cut would, and waits until it is gone.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn stop(self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.ended()
    }

    /// Waits until it has ended.
    pub(crate) fn ended(mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "the server does not end:\n{}",
                self.home.log()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if std::thread::panicking() {
            eprintln!("the server logged:\n{}", self.home.log());
        }
    }
}

fn port(endpoint: &str) -> u16 {
    let (_, port) = endpoint.rsplit_once(':').expect("it is HOST:PORT");
    port.parse().unwrap()
}

/// The program under test.
pub(crate) fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("THINGSMITH_BIN") {
        return path.into();
    }
    let test = std::env::current_exe().unwrap();
    let path = test
        .ancestors()
        .nth(2)
        .expect("tests stand in target/debug/deps")
        .join("thingsmith");
    assert!(
        path.exists(),
        "{} is not there: cargo build -p thingsmith",
        path.display()
    );
    path
}

/// Waits for the end of a program whose output is piped and short; kills it when it takes too long.
pub(crate) fn output_in_time(mut child: Child) -> Output {
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() >= deadline {
            let _ = child.kill();
            panic!("it does not end: {:?}", child.wait_with_output());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().unwrap()
}

/// Runs one statement on a PostgreSQL server and gives back the first column of its rows as text.
pub(crate) fn ask_postgres(url: &str, statement: &str) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        let rows = client.simple_query(statement).await.unwrap();
        drop(client);
        connection.await.unwrap().unwrap();
        let text = |message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        };
        rows.into_iter().filter_map(text).collect()
    })
}
