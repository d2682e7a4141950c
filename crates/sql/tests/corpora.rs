//! Replays the corpora of the fuzz targets, so that what a fuzzer once found stays found without one.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

#[path = "../../../fuzz/bodies/sql.rs"]
mod sql;

fn replay(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let mut count = 0;
    for entry in fs::read_dir(&folder).expect("the corpus is a folder") {
        let path = entry.expect("an entry of the corpus").path();
        let input = fs::read(&path).expect("an input is a file");
        assert!(catch_unwind(|| body(&input)).is_ok(), "{} fails", path.display());
        count += 1;
    }
    assert!(count > 0, "{} holds no inputs", folder.display());
}

#[test]
fn the_corpus_of_parse_passes() {
    replay("sql_parse", sql::parse);
}

#[test]
fn the_corpus_of_evaluate_passes() {
    replay("sql_evaluate", sql::evaluate);
}
