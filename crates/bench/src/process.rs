//! A server in a process of its own, so that its CPU time is its alone.
//!
//! The process says on its standard output where it listens, then answers each line on its standard input with the CPU
//! time it has used, and ends when its input ends.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::machine;

/// The process, seen from the one that measures.
pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Process {
    /// Starts another of this program's commands, on one core if one is given, and waits until it says where it
    /// listens.
    pub(crate) fn start<T: DeserializeOwned, const N: usize>(
        command: &str,
        directory: &Path,
        options: [&str; N],
        core: Option<usize>,
    ) -> Result<(Self, T)> {
        let program = std::env::current_exe().context("this program's file cannot be found")?;
        let core = core.map(|core| format!("--core={core}"));
        let mut child = Command::new(program)
            .arg(command)
            .arg("--directory")
            .arg(directory)
            .args(options)
            .args(core)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the process to measure cannot be started")?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().context("the process has no output")?);
        let mut process = Self { child, input, output };
        let line = process.line()?;
        let announced = serde_json::from_str(&line).context("the process did not say where it listens")?;
        Ok((process, announced))
    }

    /// The CPU time that it has used.
    pub(crate) fn cpu(&mut self) -> Result<Duration> {
        let input = self.input.as_mut().context("the process has no input")?;
        input.write_all(b"\n").context("the process does not listen")?;
        let nanoseconds = self
            .line()?
            .trim()
            .parse()
            .context("the process did not tell its CPU time")?;
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// The bytes of its memory that are in RAM.
    pub(crate) fn resident(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(path).context("the process cannot be looked at")?;
        let kib: u64 = text
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"))
            .context("the system does not tell the process's memory")?
            .trim()
            .parse()?;
        Ok(kib * 1024)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        let read = self
            .output
            .read_line(&mut line)
            .context("the process does not answer")?;
        ensure!(read > 0, "the process to measure ended early");
        Ok(line)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.input.take());
        // It ends with its input; how it ends changes no figure.
        drop(self.child.wait());
    }
}

/// The other side: says where it listens, and answers until its input ends.
pub(crate) fn answer(announcement: &impl Serialize) -> Result<()> {
    let mut output = std::io::stdout().lock();
    let mut say = |text: &str| -> std::io::Result<()> {
        writeln!(output, "{text}")?;
        output.flush()
    };
    say(&serde_json::to_string(announcement)?).context("nobody listens")?;
    for line in std::io::stdin().lock().lines() {
        line.context("the questions cannot be read")?;
        say(&machine::cpu().as_nanos().to_string()).context("nobody listens")?;
    }
    Ok(())
}
