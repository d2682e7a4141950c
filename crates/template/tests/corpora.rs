//! Replays the corpus of the fuzz target, and the cases as inputs of it, so that what a fuzzer once found stays found without
//! one.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

#[path = "../../../fuzz/bodies/template.rs"]
mod template;

fn replay(inputs: impl Iterator<Item = PathBuf>) {
    let mut count = 0;
    for path in inputs {
        let input = fs::read(&path).expect("an input is a file");
        let passed = catch_unwind(|| template::resolve(&input)).is_ok();
        assert!(passed, "{} fails", path.display());
        count += 1;
    }
    assert!(count > 0, "there are no inputs");
}

fn entries(folder: &str) -> impl Iterator<Item = PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let entries = fs::read_dir(&folder).expect("a folder of the repository");
    entries.map(|entry| entry.expect("an entry of the folder").path())
}

#[test]
fn the_corpus_passes() {
    replay(entries("fuzz/corpus/template_resolve"));
}

#[test]
fn the_cases_pass_as_inputs() {
    replay(entries("testdata/templates").map(|folder| folder.join("template.json")));
}
