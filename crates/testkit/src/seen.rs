//! Which exceptions of which operations any test has seen, kept in files from one test process to the next.
//!
//! `THINGSMITH_TEST_SEEN` names a directory; without it nothing is kept. The test of `tests/behaviour/http/exceptions.rs`
//! reads it when all others have run.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use thingsmith_aws_model::{Protocol, ServiceModel};

use crate::Reply;

/// A service by its name in signatures, an operation of it, and the shape of the exception that it answered.
pub type Seen = [String; 3];

/// The directory in which what was seen is kept, if it is to be kept.
pub fn directory() -> Option<PathBuf> {
    std::env::var_os("THINGSMITH_TEST_SEEN").map(PathBuf::from)
}

/// What a request was.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) body: &'a [u8],
}

impl Asked<'_> {
    /// The operation that the request means, if it means one.
    fn operation(&self, model: &ServiceModel) -> Option<String> {
        let (path, query) = self.target.split_once('?').unwrap_or((self.target, ""));
        if model.metadata().protocol != Protocol::Query {
            // One operation of Lambda is known by its query alone.
            let by_query = query.split('&').find(|pair| pair.starts_with("find="));
            let path = by_query.map_or_else(|| path.to_owned(), |pair| format!("{path}?{pair}"));
            return Some(model.route(self.method, &path)?.operation.name.clone());
        }
        let body = String::from_utf8_lossy(self.body);
        let mut pairs = query.split('&').chain(body.split('&'));
        let action = pairs.find_map(|pair| pair.strip_prefix("Action="))?;
        Some(model.operation(action)?.name.clone())
    }
}

/// Keeps that a request was refused, and how.
///
/// # Panics
/// When the directory cannot be written.
pub(crate) fn note(model: &ServiceModel, asked: &Asked<'_>, reply: &Reply) {
    static NOTED: Mutex<BTreeSet<Seen>> = Mutex::new(BTreeSet::new());
    let Some(directory) = directory().filter(|_| !reply.exception().is_empty()) else {
        return;
    };
    let Some(operation) = asked.operation(model) else {
        return;
    };
    let seen = [
        model.metadata().signing_name().to_owned(),
        operation,
        shape_of(model, reply.exception()).to_owned(),
    ];
    let mut noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
    if noted.insert(seen.clone()) {
        let path = directory.join(std::process::id().to_string());
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .expect("the directory can be written");
        writeln!(file, "{}", seen.join(" ")).expect("the directory can be written");
    }
}

/// The name of the shape of an exception, whose code on the wire may be another; the edge's own exceptions have no shape.
fn shape_of<'a>(model: &'a ServiceModel, code: &'a str) -> &'a str {
    let coded = model.shapes().iter().find(|shape| {
        let error = shape.error.as_ref();
        error.is_some_and(|error| error.code.as_deref() == Some(code))
    });
    coded.map_or(code, |shape| &shape.name)
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
                .filter_map(|line| {
                    let mut words = line.split(' ').map(str::to_owned);
                    Some([words.next()?, words.next()?, words.next()?])
                })
                .collect::<Vec<_>>()
        })
        .collect()
}
