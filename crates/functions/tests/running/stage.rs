//! A runner for one test, with folders of its own.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use tempfile::TempDir;
use thingsmith_functions::{Config, Isolation, LocalConfig, Runner, Runtime};
use thingsmith_model::{Secret, Timestamp};
use thingsmith_ports::{
    Call, Clock, FunctionCredentials, FunctionKind, Functions, Outcome, Random, RunError, Runnable, Supplies,
    SupplyError,
};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A runner and where it works.
pub(crate) struct Stage {
    pub(crate) runner: Runner,
    pub(crate) folder: TempDir,
    python: PathBuf,
}

/// A function that a test makes.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) revision: String,
    pub(crate) runtime: &'static str,
    pub(crate) handler: String,
    pub(crate) files: Vec<(&'static str, String)>,
    pub(crate) layers: Vec<Vec<(&'static str, String)>>,
    pub(crate) timeout: Duration,
    pub(crate) memory_mib: u32,
    pub(crate) environment: Vec<(String, Secret<String>)>,
    pub(crate) credentials: Option<FunctionCredentials>,
}

impl Stage {
    /// A runner with the isolation that this machine allows; none, and a printed reason, if the clients are missing.
    pub(crate) async fn set(configure: impl FnOnce(&mut LocalConfig)) -> Option<Self> {
        Self::with(Isolation::Best, configure).await
    }

    /// A runner with a given isolation.
    pub(crate) async fn with(isolation: Isolation, configure: impl FnOnce(&mut LocalConfig)) -> Option<Self> {
        let venv = venv()?;
        // Another user of the machine may not be able to run the environment's interpreter.
        let python = match isolation {
            Isolation::Users => PathBuf::from("/usr/bin/python3"),
            _ => venv.join("bin/python3"),
        };
        if !python.exists() {
            eprintln!("skipped: {} is not installed", python.display());
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut local = LocalConfig::new(folder.path().join("functions"), folder.path().join("logs"));
        local.isolation = isolation;
        let program = python.to_str().unwrap();
        local.runtimes = vec![
            Runtime::new(
                "fast",
                &[program, "-S", "-E", "{task_root}/client.py", "{handler}"],
            ),
            Runtime::new("python3*", &[program, "-m", "awslambdaric", "{handler}"]),
            Runtime::new("provided*", &["{task_root}/bootstrap"]),
        ];
        local.hidden = vec![folder.path().join("data")];
        local.init_timeout = Duration::from_secs(60);
        local.queue_wait = Duration::from_secs(60);
        configure(&mut local);
        let config = Config {
            local: Some(local),
            roots_pem: String::new(),
        };
        let runner = Runner::start(config, Arc::new(Now), Arc::new(Counter::default()))
            .await
            .unwrap();
        Some(Self {
            runner,
            folder,
            python,
        })
    }

    /// A function whose module `app` is this, behind our own fast runtime client.
    pub(crate) fn function(&self, name: &'static str, code: &str) -> Function {
        Function {
            name,
            revision: "1".into(),
            runtime: "fast",
            handler: "app.handler".into(),
            files: vec![
                ("client.py", include_str!("client.py").into()),
                ("app.py", code.into()),
            ],
            layers: Vec::new(),
            timeout: Duration::from_secs(60),
            memory_mib: 128,
            environment: Vec::new(),
            credentials: None,
        }
    }

    /// Calls a function and returns what came of it.
    pub(crate) async fn call(&self, function: &Function, event: &str) -> Result<Outcome, RunError> {
        self.runner.run(function.call(event)).await
    }

    /// What a function answers that does not fail.
    pub(crate) async fn answer(&self, function: &Function, event: &str) -> Value {
        let outcome = self.call(function, event).await.unwrap();
        assert_eq!(outcome.failed, None, "{outcome:?}");
        serde_json::from_slice(&outcome.payload).unwrap()
    }

    /// The interpreter of the functions.
    pub(crate) fn python(&self) -> &Path {
        &self.python
    }

    pub(crate) fn log(&self, name: &str) -> String {
        std::fs::read_to_string(
            self.folder
                .path()
                .join(format!("logs/123456789012-us-east-1/{name}.log")),
        )
        .unwrap_or_default()
    }
}

impl Function {
    /// Gives its processes a mark by which [`crate::processes::with`] finds them.
    pub(crate) fn mark(&mut self, mark: &str) -> String {
        let mark = format!("{mark}-{}", std::process::id());
        // Our runtime client does not read further than the function's name.
        self.handler = format!("app.handler.{mark}");
        mark
    }

    pub(crate) fn call(&self, event: &str) -> Call {
        self.call_with(event, self.kind())
    }

    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:lambda:us-east-1:123456789012:function:{}", self.name)
    }

    fn kind(&self) -> FunctionKind {
        FunctionKind::Local {
            runtime: self.runtime.into(),
            handler: self.handler.clone(),
            memory_mib: self.memory_mib,
            environment: self.environment.clone(),
        }
    }

    pub(crate) fn call_with(&self, event: &str, kind: FunctionKind) -> Call {
        static CALLS: AtomicUsize = AtomicUsize::new(1);
        let zip = |files: &[(&str, String)]| {
            let files: Vec<_> = files
                .iter()
                .map(|(name, content)| (*name, content.as_bytes()))
                .collect();
            Bytes::from(zipped(&files))
        };
        Call {
            function: Arc::new(Runnable {
                arn: self.arn(),
                name: self.name.into(),
                revision: self.revision.clone(),
                kind,
                timeout: self.timeout,
                supplies: Arc::new(Given {
                    code: zip(&self.files),
                    layers: self.layers.iter().map(|files| zip(files)).collect(),
                    credentials: self.credentials.clone(),
                }),
            }),
            request_id: format!(
                "00000000-0000-4000-8000-{:012}",
                CALLS.fetch_add(1, Ordering::Relaxed)
            ),
            event: Bytes::copy_from_slice(event.as_bytes()),
            client_context: None,
            patience: Duration::from_secs(120),
        }
    }
}

/// A zip file with these files, which may be run.
pub(crate) fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        let options = SimpleFileOptions::default().unix_permissions(0o755);
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

struct Given {
    code: Bytes,
    layers: Vec<Bytes>,
    credentials: Option<FunctionCredentials>,
}

#[async_trait]
impl Supplies for Given {
    async fn code(&self) -> Result<Bytes, SupplyError> {
        Ok(self.code.clone())
    }

    async fn layer(&self, place: usize) -> Result<Option<Bytes>, SupplyError> {
        Ok(self.layers.get(place).cloned())
    }

    async fn credentials(&self) -> Result<Option<FunctionCredentials>, SupplyError> {
        Ok(self.credentials.clone())
    }
}

/// The time of this machine: handlers compare what they are told with it.
pub(crate) struct Now;

impl Clock for Now {
    #[expect(
        clippy::disallowed_methods,
        reason = "processes of the test know no other clock"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
    }
}

/// Numbers that nobody else of this machine's tests has at the same time.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Random for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        static RUNNERS: AtomicU64 = AtomicU64::new(0);
        let seed = u64::from(std::process::id()) << 32 | RUNNERS.fetch_add(1, Ordering::Relaxed);
        for chunk in bytes.chunks_mut(8) {
            let number = seed ^ self.0.fetch_add(1, Ordering::Relaxed).rotate_left(48);
            chunk.copy_from_slice(&number.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Whether the test may give workers users of their own.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The Python environment that `cargo xtask setup` makes.
fn venv() -> Option<PathBuf> {
    let venv = std::env::var_os("THINGSMITH_TEST_VENV").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tests/venv"),
        PathBuf::from,
    );
    if venv.join("bin/python3").exists() {
        return Some(venv);
    }
    eprintln!(
        "skipped: {} is not there; run through cargo xtask test",
        venv.display()
    );
    None
}
