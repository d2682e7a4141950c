//! What functions write, kept within bounds.
//!
//! A worker's output is read as fast as it comes, so that no handler waits for its log, and most of a flood is thrown away:
//! a call has the last 4 KiB, and a function's file gets so many bytes a second and is followed by a new one when it is full.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use thingsmith_ports::Clock;
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::LogLimits;
use crate::failure::written;

/// The log of one worker.
pub(super) struct WorkerLog {
    output: pipe::Receiver,
    kept: Mutex<Kept>,
    more: Notify,
}

struct Kept {
    /// The last bytes.
    tail: VecDeque<u8>,
    /// Bytes that came since the call began.
    of_call: u64,
    /// What goes to the file next.
    pending: Vec<u8>,
    /// Bytes that were left out since the file was told.
    dropped: u64,
    ended: bool,
}

/// The log file of one function, which its workers share.
pub(super) struct LogFile {
    path: PathBuf,
    limits: LogLimits,
    clock: Arc<dyn Clock>,
    state: tokio::sync::Mutex<FileState>,
}

struct FileState {
    file: Option<(File, u64)>,
    /// Bytes that may be written now.
    budget: u64,
    filled: Instant,
    dropped: u64,
}

impl WorkerLog {
    /// The log that comes out of a pipe.
    pub(super) fn new(output: pipe::Receiver) -> Arc<Self> {
        Arc::new(Self {
            output,
            kept: Mutex::new(Kept {
                tail: VecDeque::with_capacity(TAIL_BYTES),
                of_call: 0,
                pending: Vec::new(),
                dropped: 0,
                ended: false,
            }),
            more: Notify::new(),
        })
    }

    /// Marks the beginning of a call.
    pub(super) fn begin(&self, line: &str) {
        self.read_what_is_there(1);
        let mut kept = self.lock();
        kept.of_call = 0;
        kept.add(line.as_bytes());
        drop(kept);
        self.more.notify_one();
    }

    /// Adds a line of our own.
    pub(super) fn add(&self, line: &str) {
        self.lock().add(line.as_bytes());
        self.more.notify_one();
    }

    /// The end of what was written since the call began.
    pub(super) fn tail(&self) -> Bytes {
        let kept = self.lock();
        let length = usize::try_from(kept.of_call).map_or(kept.tail.len(), |it| it.min(kept.tail.len()));
        kept.tail.iter().skip(kept.tail.len() - length).copied().collect()
    }

    /// Reads what the worker has written by now, within a bound.
    pub(super) fn catch_up(&self) {
        self.read_what_is_there(CATCH_UP_READS);
        self.more.notify_one();
    }

    /// Reads until every process that can write has ended, or [`WorkerLog::end`] is called, and fills the file.
    pub(super) async fn keep(&self, file: &LogFile, label: &str) {
        let mut lines = Lines::new(label);
        loop {
            tokio::select! {
                readable = self.output.readable() => {
                    if readable.is_err() {
                        self.end();
                    }
                }
                () = self.more.notified() => {}
            }
            let flooded = self.read_what_is_there(READS_AT_ONCE);
            let (pending, dropped, ended) = {
                let mut kept = self.lock();
                (
                    std::mem::take(&mut kept.pending),
                    std::mem::take(&mut kept.dropped),
                    kept.ended,
                )
            };
            let text = lines.split(&pending, dropped, ended, file.clock.as_ref());
            file.write(&text).await;
            if ended {
                return;
            }
            if flooded {
                // A writer that is faster than this waits for us now and then, so that it does not buy a processor of ours.
                tokio::time::sleep(BREATH).await;
            }
        }
    }

    /// Reads what is left, and no more after that.
    pub(super) fn end(&self) {
        self.read_what_is_there(CATCH_UP_READS);
        self.lock().ended = true;
        self.more.notify_one();
    }

    /// Returns whether there may be more than was read.
    fn read_what_is_there(&self, reads: usize) -> bool {
        let mut buffer = [0; READ_BYTES];
        let mut kept = self.lock();
        for _ in 0..reads {
            match self.output.try_read(&mut buffer) {
                Ok(0) => {
                    kept.ended = true;
                    return false;
                }
                Ok(length) => kept.add(&buffer[..length]),
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => return false,
                Err(_) => {
                    kept.ended = true;
                    return false;
                }
            }
        }
        true
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn add(&mut self, bytes: &[u8]) {
        self.of_call = self.of_call.saturating_add(bytes.len() as u64);
        let last = &bytes[bytes.len().saturating_sub(TAIL_BYTES)..];
        let surplus = (self.tail.len() + last.len()).saturating_sub(TAIL_BYTES);
        self.tail.drain(..surplus);
        self.tail.extend(last);
        let room = MOST_PENDING.saturating_sub(self.pending.len()).min(bytes.len());
        self.pending.extend_from_slice(&bytes[..room]);
        self.dropped = self.dropped.saturating_add((bytes.len() - room) as u64);
    }
}

/// Cuts output into lines, each with the time and the worker that wrote it.
struct Lines {
    label: String,
    line: Vec<u8>,
}

impl Lines {
    fn new(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            line: Vec::new(),
        }
    }

    fn split(&mut self, bytes: &[u8], mut dropped: u64, ended: bool, clock: &dyn Clock) -> Vec<u8> {
        let mut text = Vec::new();
        let beginning = format!("{} {} ", written(clock.now()), self.label);
        for (at, byte) in bytes.iter().enumerate() {
            // Short lines become much longer ones.
            if text.len() > MOST_PENDING {
                dropped += (bytes.len() - at) as u64;
                break;
            }
            if *byte != b'\n' {
                self.line.push(*byte);
            }
            if *byte == b'\n' || self.line.len() >= LONGEST_LINE {
                self.finish(&beginning, &mut text);
            }
        }
        if !self.line.is_empty() && (ended || dropped > 0) {
            self.finish(&beginning, &mut text);
        }
        if dropped > 0 {
            let note = format!("{beginning}({dropped} bytes left out)\n");
            text.extend_from_slice(note.as_bytes());
        }
        text
    }

    fn finish(&mut self, beginning: &str, text: &mut Vec<u8>) {
        text.extend_from_slice(beginning.as_bytes());
        text.append(&mut self.line);
        text.push(b'\n');
    }
}

impl LogFile {
    /// The log file of a function, `ACCOUNT-REGION/NAME.log` in this folder.
    pub(super) fn new(folder: &Path, arn: &str, limits: &LogLimits, clock: Arc<dyn Clock>) -> Arc<Self> {
        // arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME
        let mut parts = arn.splitn(7, ':').skip(3).map(file_name);
        let mut part = || parts.next().unwrap_or_default();
        let (region, account, _, name) = (part(), part(), part(), part());
        Arc::new(Self {
            path: folder.join(format!("{account}-{region}/{name}.log")),
            limits: limits.clone(),
            clock,
            state: tokio::sync::Mutex::new(FileState {
                file: None,
                budget: limits.burst_bytes,
                filled: Instant::now(),
                dropped: 0,
            }),
        })
    }

    async fn write(&self, text: &[u8]) {
        if text.is_empty() {
            return;
        }
        let mut state = self.state.lock().await;
        state.fill(&self.limits);
        let Some(budget) = state.budget.checked_sub(text.len() as u64) else {
            state.dropped += text.len() as u64;
            return;
        };
        state.budget = budget;
        let note = match std::mem::take(&mut state.dropped) {
            0 => String::new(),
            dropped => format!("({dropped} bytes left out: more than may be kept of this function's log)\n"),
        };
        if let Err(cause) = self.append(&mut state, &[note.as_bytes(), text].concat()).await {
            state.file = None;
            tracing::warn!(path = %self.path.display(), %cause, "a function's log cannot be written");
        }
    }

    async fn append(&self, state: &mut FileState, text: &[u8]) -> io::Result<()> {
        let full = |length: u64| length + text.len() as u64 > self.limits.file_bytes;
        if state.file.as_ref().is_some_and(|(_, length)| full(*length)) {
            state.file = None;
        }
        let (file, length) = match &mut state.file {
            Some(open) => open,
            None => {
                if let Some(folder) = self.path.parent() {
                    tokio::fs::DirBuilder::new()
                        .recursive(true)
                        .mode(0o700)
                        .create(folder)
                        .await?;
                }
                let length = tokio::fs::metadata(&self.path).await.map_or(0, |it| it.len());
                if length > 0 && full(length) {
                    tokio::fs::rename(&self.path, self.path.with_extension("log.1")).await?;
                }
                let mut options = OpenOptions::new();
                let file = options
                    .create(true)
                    .append(true)
                    .mode(0o600)
                    .open(&self.path)
                    .await?;
                let length = file.metadata().await?.len();
                state.file.insert((file, length))
            }
        };
        file.write_all(text).await?;
        file.flush().await?;
        *length += text.len() as u64;
        Ok(())
    }
}

impl FileState {
    fn fill(&mut self, limits: &LogLimits) {
        let now = Instant::now();
        let added = now.duration_since(self.filled).as_secs_f64() * limits.bytes_per_second as f64;
        if added >= 1.0 {
            self.budget = self.budget.saturating_add(added as u64).min(limits.burst_bytes);
            self.filled = now;
        }
    }
}

/// A file's name for a function's, which came from outside.
fn file_name(name: &str) -> String {
    let safe = |character: char| match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => character,
        _ => '_',
    };
    name.chars().take(140).map(safe).collect()
}

/// AWS returns the last 4 KB.
const TAIL_BYTES: usize = 4096;
const READ_BYTES: usize = 16 * 1024;
const READS_AT_ONCE: usize = 16;
/// A pipe holds 64 KiB, and one that is being filled some more.
const CATCH_UP_READS: usize = 16;
const MOST_PENDING: usize = 256 * 1024;
const LONGEST_LINE: usize = 8 * 1024;
const BREATH: Duration = Duration::from_millis(1);
