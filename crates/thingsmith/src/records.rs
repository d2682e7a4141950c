//! The decision records as a file, `decisions.jsonl`, for whoever looks after the server has gone.
//!
//! It is written once a second and never forced to disk, so many lines at most: strangers buy no work of the disk with
//! what they send. One older file is kept.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use thingsmith_core::Deeds;
use tokio::sync::watch;

const FILE: &str = "decisions.jsonl";
const OLDER: &str = "decisions.1.jsonl";
/// How often it is written.
const EVERY: Duration = Duration::from_secs(1);
/// Records written at a time; the others of that second are only counted.
const AT_A_TIME: usize = 100;
/// Bytes after which a new file begins.
const BYTES: u64 = 8 * 1024 * 1024;

/// Writes the records until the server stops, and then those that are left.
pub(crate) async fn keep(deeds: Arc<Deeds>, directory: PathBuf, mut stopped: watch::Receiver<bool>) {
    let mut written = 0;
    let mut failing = false;
    loop {
        let stop = tokio::time::timeout(EVERY, stopped.wait_for(|stop| *stop))
            .await
            .is_ok();
        let (text, last) = text(&deeds, written);
        written = last;
        let directory = directory.clone();
        let append = move || append(&directory, text.as_bytes());
        let outcome = match tokio::task::spawn_blocking(append).await {
            Ok(outcome) => outcome,
            Err(cause) => Err(io::Error::other(cause)),
        };
        if let Err(cause) = &outcome
            && !failing
        {
            tracing::warn!(%cause, "decision records cannot be written to {FILE}");
        }
        failing = outcome.is_err();
        if stop {
            return;
        }
    }
}

/// What is to be written after the record of this number, and the number of the last one.
fn text(deeds: &Deeds, written: u64) -> (String, u64) {
    let new = deeds.decisions().since(written);
    let Some((last, _)) = new.last() else {
        return (String::new(), written);
    };
    let mut text = String::new();
    for (_, decision) in new.iter().take(AT_A_TIME) {
        if let Ok(line) = serde_json::to_string(&**decision) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    if let Some(left_out @ 1..) = new.len().checked_sub(AT_A_TIME) {
        text.push_str(&format!("{{\"leftOut\":{left_out}}}\n"));
    }
    (text, *last)
}

fn append(directory: &Path, text: &[u8]) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let path = directory.join(FILE);
    let mut file = open(&path)?;
    if file.metadata()?.len() >= BYTES {
        std::fs::rename(&path, directory.join(OLDER))?;
        file = open(&path)?;
    }
    file.write_all(text)
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_full_file_makes_room_for_one_more_and_is_its_owners_alone() {
        let directory = tempfile::tempdir().unwrap();
        let line = vec![b'x'; 1024 * 1024];
        for _ in 0..20 {
            append(directory.path(), &line).unwrap();
        }
        let mut bytes = 0;
        for entry in std::fs::read_dir(directory.path()).unwrap() {
            let metadata = entry.unwrap().metadata().unwrap();
            assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
            bytes += metadata.len();
        }
        assert!((BYTES..=2 * BYTES + 1024 * 1024).contains(&bytes), "{bytes}");
    }
}
