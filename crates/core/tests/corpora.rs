//! Replays the corpus of the fuzz target of fleet provisioning's payloads, so that what a fuzzer once found stays found without
//! one.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

#[path = "../../../fuzz/bodies/fleet_payload.rs"]
mod fleet_payload;

#[test]
fn the_corpus_passes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/fleet_payload");
    let mut count = 0;
    for entry in fs::read_dir(&folder).expect("a folder of the repository") {
        let path = entry.expect("an entry of the folder").path();
        let input = fs::read(&path).expect("an input is a file");
        let passed = catch_unwind(|| fleet_payload::read(&input)).is_ok();
        assert!(passed, "{} fails", path.display());
        count += 1;
    }
    assert!(count > 0, "there are no inputs");
}
