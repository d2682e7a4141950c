//! Which exceptions of which operations any test has seen, kept in files from one test process to the next.
//!
//! `THINGSMITH_TEST_SEEN` names a directory; without it nothing is kept. The test of `tests/behaviour/http/exceptions.rs`
//! reads it when all others have run.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use thingsmith_aws_model::ServiceModel;

use crate::Reply;

/// An operation and the exception that it answered.
pub type Seen = (String, String);

/// The directory in which what was seen is kept, if it is to be kept.
pub fn directory() -> Option<PathBuf> {
    std::env::var_os("THINGSMITH_TEST_SEEN").map(PathBuf::from)
}

/// Keeps that a request was refused, and how.
///
/// # Panics
/// When the directory cannot be written.
pub(crate) fn note(model: &ServiceModel, method: &str, target: &str, reply: &Reply) {
    static NOTED: Mutex<BTreeSet<Seen>> = Mutex::new(BTreeSet::new());
    let Some(directory) = directory().filter(|_| !reply.exception().is_empty()) else {
        return;
    };
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    let Some(route) = model.route(method, path) else {
        return;
    };
    let seen = (route.operation.name.clone(), reply.exception().to_owned());
    let mut noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
    if noted.insert(seen.clone()) {
        let path = directory.join(std::process::id().to_string());
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .expect("the directory can be written");
        writeln!(file, "{} {}", seen.0, seen.1).expect("the directory can be written");
    }
}

/// Everything that was kept.
///
/// # Panics
/// When the directory cannot be read.
pub fn read(directory: &Path) -> BTreeSet<Seen> {
    let files = fs::read_dir(directory).expect("the directory is there");
    let texts =
        files.map(|file| fs::read_to_string(file.expect("it can be read").path()).expect("it is text"));
    texts
        .flat_map(|text| {
            text.lines()
                .filter_map(|line| line.split_once(' '))
                .map(|(operation, exception)| (operation.to_owned(), exception.to_owned()))
                .collect::<Vec<_>>()
        })
        .collect()
}
