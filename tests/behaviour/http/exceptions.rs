//! Every exception that AWS's model lists for an operation is answered in some test, or `docs/divergences.md` says why
//! it never is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use thingsmith_testkit::{iot, seen};

use super::written;

/// The chapter that explains. A line that names operations speaks of these, one that names none of all.
const CHAPTER: &str = "## Exceptions that are not answered\n";

/// `cargo xtask test` runs this when every other test has run.
#[test]
#[ignore = "it looks at what the other tests saw"]
fn every_listed_exception_was_answered_or_is_explained() {
    let directory = seen::directory().expect("THINGSMITH_TEST_SEEN names the directory");
    let seen = seen::read(&directory);
    let explained = Explained::read();
    let mut missing = BTreeSet::new();
    for operation in written() {
        for error in &operation.errors {
            let exception = iot().shape(*error).name.as_str();
            let pair = (operation.name.clone(), exception.to_owned());
            let explained = explained.covers(&operation.name, exception);
            if !explained && !seen.contains(&pair) {
                missing.insert(format!("{} {exception}", operation.name));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "neither answered in a test nor explained:\n{}",
        missing.into_iter().collect::<Vec<_>>().join("\n")
    );
}

struct Explained {
    /// The words of each line.
    lines: Vec<BTreeSet<String>>,
    operations: BTreeSet<&'static str>,
}

impl Explained {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/divergences.md");
        let text = fs::read_to_string(path).unwrap();
        let (_, chapter) = text.split_once(CHAPTER).expect("the chapter is there");
        let chapter = chapter
            .split_once("\n## ")
            .map_or(chapter, |(chapter, _)| chapter);
        let words = |line: &str| {
            line.split(|character: char| !character.is_ascii_alphanumeric())
                .map(str::to_owned)
                .collect()
        };
        Self {
            lines: chapter.split("\n- ").skip(1).map(words).collect(),
            operations: iot()
                .operations()
                .iter()
                .map(|operation| operation.name.as_str())
                .collect(),
        }
    }

    fn covers(&self, operation: &str, exception: &str) -> bool {
        self.lines.iter().any(|words| {
            let of_all = words.iter().all(|word| !self.operations.contains(word.as_str()));
            words.contains(exception) && (of_all || words.contains(operation))
        })
    }
}
