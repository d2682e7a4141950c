//! What a program says about the functions that it runs.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

/// How functions are run.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// How those with code of their own are run; none refuses them.
    pub local: Option<LocalConfig>,
    /// Roots, as PEM, that servers of `https` URLs may have besides the system's.
    pub roots_pem: String,
}

/// How functions with code of their own are run.
#[derive(Debug, Clone)]
pub struct LocalConfig {
    /// Where code is unpacked. What is in it is deleted at the start.
    pub directory: PathBuf,
    /// Where the functions' logs are kept, a file `ACCOUNT-REGION/NAME.log` each and the one before it.
    pub logs: PathBuf,
    /// What runs which runtime; the first whose pattern fits.
    pub runtimes: Vec<Runtime>,
    /// How far workers are kept from the machine.
    pub isolation: Isolation,
    /// Folders and files that workers may read besides the system's programs and the interpreter's own.
    pub readable: Vec<PathBuf>,
    /// Folders that no worker may see, such as the server's data directory, even where they lie in what it may read.
    pub hidden: Vec<PathBuf>,
    /// Numbers of users and groups that nothing else on the machine has, where the server runs as root.
    pub users: Range<u32>,
    /// Worker processes of all functions.
    pub workers: usize,
    /// Worker processes of one function, which is how many of its calls run at once.
    pub workers_per_function: usize,
    /// How long a call waits for a worker before it is refused.
    pub queue_wait: Duration,
    /// How long a worker waits for its next call before it is ended.
    pub idle: Duration,
    /// How old a worker may become.
    pub lifetime: Duration,
    /// How long a worker may take until it asks for its first event.
    pub init_timeout: Duration,
    /// What one worker may take.
    pub process: ProcessLimits,
    /// What code may be unpacked.
    pub code: CodeLimits,
    /// What of a function's log is kept.
    pub log: LogLimits,
}

/// What runs the functions of a runtime.
#[derive(Debug, Clone)]
pub struct Runtime {
    /// AWS's name of the runtime, such as `python3.11`, or its beginning and an asterisk.
    pub pattern: String,
    /// Program and arguments. `{handler}` and `{task_root}` stand for the function's handler and the folder of its code.
    /// A program without a slash is looked for in the server's `PATH`.
    pub command: Vec<String>,
}

/// How far a worker is kept from the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// As far as the machine allows: [`Isolation::Required`], or [`Isolation::Users`], or [`Isolation::Off`].
    Best,
    /// Namespaces of its own with nothing of the machine's files but programs, and a user of its own where the server is
    /// root. Where the machine has none, no function runs.
    Required,
    /// A user of its own, for which the server must be root. Where it is not, no function runs.
    Users,
    /// The server's own user: what runs can read and stop whatever the server can.
    Off,
}

/// What one worker may take.
#[derive(Debug, Clone)]
pub struct ProcessLimits {
    /// Memory beyond that of the function's setting, for the runtime itself, in MiB.
    pub memory_allowance_mib: u32,
    /// Processes and threads; bounded only where the worker has a user or a namespace of its own.
    pub processes: u64,
    /// Open files of one process.
    pub open_files: u64,
    /// Bytes of one file that it writes.
    pub file_bytes: u64,
    /// Bytes of all files in `/tmp`, where it has one of its own. They are kept in memory.
    pub temporary_bytes: u64,
    /// Processor time of one process.
    pub cpu: Duration,
    /// How much less it gets of a busy processor than the server, as `nice` counts.
    pub niceness: u8,
}

/// What code may be unpacked.
#[derive(Debug, Clone)]
pub struct CodeLimits {
    /// Bytes of the zip file.
    pub zip_bytes: usize,
    /// Bytes of all its files.
    pub unpacked_bytes: u64,
    /// Its files and folders.
    pub entries: usize,
}

/// What of a function's log is kept.
#[derive(Debug, Clone)]
pub struct LogLimits {
    /// Bytes of a log file before it becomes the old one, whose place it takes.
    pub file_bytes: u64,
    /// Bytes a second that are kept; what comes faster is left out, and the log says so.
    pub bytes_per_second: u64,
    /// Bytes that may come at once.
    pub burst_bytes: u64,
}

impl LocalConfig {
    /// Python by `awslambdaric`, Node.js by `aws-lambda-ric`, and whatever brings its own `bootstrap`; at most 32 workers,
    /// ten of a function. `directory` is for unpacked code alone.
    pub fn new(directory: impl Into<PathBuf>, logs: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            logs: logs.into(),
            runtimes: vec![
                Runtime::new("python3*", &["python3", "-m", "awslambdaric", "{handler}"]),
                Runtime::new("nodejs*", &["aws-lambda-ric", "{handler}"]),
                Runtime::new("provided*", &["{task_root}/bootstrap"]),
            ],
            isolation: Isolation::Best,
            readable: Vec::new(),
            hidden: Vec::new(),
            users: 60_600..61_100,
            workers: 32,
            workers_per_function: 10,
            queue_wait: Duration::from_secs(1),
            idle: Duration::from_secs(300),
            lifetime: Duration::from_secs(6 * 3600),
            init_timeout: Duration::from_secs(10),
            process: ProcessLimits::default(),
            code: CodeLimits::default(),
            log: LogLimits::default(),
        }
    }
}

impl Runtime {
    /// What runs the runtimes of a pattern.
    pub fn new(pattern: &str, command: &[&str]) -> Self {
        Self {
            pattern: pattern.to_owned(),
            command: command.iter().map(|word| (*word).to_owned()).collect(),
        }
    }

    /// Whether a runtime is one of these.
    pub(crate) fn fits(&self, runtime: &str) -> bool {
        match self.pattern.strip_suffix('*') {
            Some(beginning) => runtime.starts_with(beginning),
            None => runtime == self.pattern,
        }
    }
}

impl Default for ProcessLimits {
    /// 64 MiB of allowance, 64 processes, 256 files of at most 64 MiB, 128 MiB in `/tmp`, an hour of processor time.
    fn default() -> Self {
        Self {
            memory_allowance_mib: 64,
            processes: 64,
            open_files: 256,
            file_bytes: 64 << 20,
            temporary_bytes: 128 << 20,
            cpu: Duration::from_secs(3600),
            niceness: 5,
        }
    }
}

impl Default for CodeLimits {
    /// AWS's: 50 MiB zipped and 250 MiB unpacked; and 50,000 entries.
    fn default() -> Self {
        Self {
            zip_bytes: 50 << 20,
            unpacked_bytes: 250 << 20,
            entries: 50_000,
        }
    }
}

impl Default for LogLimits {
    /// Files of 1 MiB, 64 KiB a second, 512 KiB at once.
    fn default() -> Self {
        Self {
            file_bytes: 1 << 20,
            bytes_per_second: 64 << 10,
            burst_bytes: 512 << 10,
        }
    }
}
