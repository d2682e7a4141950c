//! What the machine allows, and which part of it a process uses.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Resource, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

use crate::statistics::{Latency, count};

/// The facts without which no figure can be read.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    /// Cores that this process may use.
    pub(crate) cores: usize,
    /// The load of the last minute when the run began: what neighbours took.
    pub(crate) load: String,
    /// What the disk below the data allows, where it matters.
    pub(crate) fsync: Option<Fsync>,
}

/// What the disk does when a writer waits for it each time.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Fsync {
    pub(crate) per_second: f64,
    pub(crate) latency: Latency,
}

impl Machine {
    /// Looks at the machine; `directory` is where data will be written.
    pub(crate) fn look(directory: Option<&Path>) -> Result<Self> {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Ok(Self {
            cores: cores().len(),
            load: load.split(' ').next().unwrap_or_default().to_owned(),
            fsync: directory.map(fsync).transpose()?,
        })
    }
}

/// Appends 4 KiB and waits for the disk, again and again for a second.
fn fsync(directory: &Path) -> Result<Fsync> {
    let path = directory.join("fsync-probe");
    let mut file = File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    let block = [0x5a; 4096];
    let mut durations = Vec::new();
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(1) {
        let before = Instant::now();
        file.write_all(&block)
            .and_then(|()| file.sync_data())
            .context("the disk cannot be written")?;
        durations.push(before.elapsed());
    }
    let per_second = count(durations.len()) / started.elapsed().as_secs_f64();
    std::fs::remove_file(&path).context("the probe's file cannot be removed")?;
    Ok(Fsync {
        per_second,
        latency: Latency::of(durations),
    })
}

/// The cores that this process may use.
pub(crate) fn cores() -> Vec<usize> {
    let Ok(allowed) = sched_getaffinity(None) else {
        return vec![0];
    };
    (0..CpuSet::MAX_CPU)
        .filter(|core| allowed.is_set(*core))
        .collect()
}

/// Binds this thread, and those it will start, to one core.
pub(crate) fn pin(core: usize) -> Result<()> {
    let mut only = CpuSet::new();
    only.set(core);
    sched_setaffinity(None, &only).with_context(|| format!("the process cannot be bound to core {core}"))
}

/// The CPU time that this process has used in all its threads, also those that ended.
pub(crate) fn cpu() -> Duration {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(used.tv_sec).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(used.tv_nsec).unwrap_or_default())
}

/// Lets this process have as many files and connections open as the system allows it.
pub(crate) fn raise_file_limit() -> Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).context("the limit of open files cannot be raised")
}

/// The bytes that this process has had written to the disk, if the system counts them.
pub(crate) fn bytes_written() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/io").ok()?;
    text.lines()
        .find_map(|line| line.strip_prefix("write_bytes: "))?
        .parse()
        .ok()
}
