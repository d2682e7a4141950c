//! Every exception that AWS's models list for an operation is answered in some test, or `docs/divergences.md` says why
//! it never is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use thingsmith_aws_model::Service;
use thingsmith_testkit::{model, models, seen};

/// The chapter that explains. A line that names operations speaks of these, one that names none of all. One that names a
/// service in backticks speaks of its operations alone.
const CHAPTER: &str = "## Exceptions that are not answered\n";

/// `cargo xtask test` runs this when every other test has run.
#[test]
#[ignore = "it looks at what the other tests saw"]
fn every_listed_exception_was_answered_or_is_explained() {
    let directory = seen::directory().expect("THINGSMITH_TEST_SEEN names the directory");
    let seen = seen::read(&directory);
    let explained = Explained::read();
    let mut missing = BTreeSet::new();
    for service in Service::ALL {
        let model = model(service);
        let name = model.metadata().signing_name();
        let written = model
            .operations()
            .iter()
            .filter(|operation| !unwritten(service).contains(&operation.name.as_str()));
        for operation in written {
            for error in &operation.errors {
                let exception = model.shape(*error).name.as_str();
                let one = [name.to_owned(), operation.name.clone(), exception.to_owned()];
                if !explained.covers(name, &operation.name, exception) && !seen.contains(&one) {
                    missing.insert(one.join(" "));
                }
            }
        }
    }
    assert!(
        missing.is_empty(),
        "neither answered in a test nor explained:\n{}",
        missing.into_iter().collect::<Vec<_>>().join("\n")
    );
}

/// The operations of a service that are not written.
fn unwritten(service: Service) -> &'static [&'static str] {
    match service {
        Service::Iam => thingsmith_api::iam::MISSING,
        Service::Iot => thingsmith_api::iot::MISSING,
        Service::IotData => thingsmith_api::iot_data::MISSING,
        Service::Lambda => thingsmith_api::lambda::MISSING,
        Service::Sts => thingsmith_api::sts::MISSING,
    }
}

struct Explained {
    lines: Vec<Line>,
    operations: BTreeSet<&'static str>,
}

struct Line {
    words: BTreeSet<String>,
    /// The services that it is about; none for all.
    services: BTreeSet<String>,
}

impl Line {
    fn read(text: &str) -> Self {
        let words = text.split(|character: char| !character.is_ascii_alphanumeric());
        let quoted = text.split('`').skip(1).step_by(2);
        let names: Vec<&str> = models()
            .iter()
            .map(|model| model.metadata().signing_name())
            .collect();
        Self {
            words: words.map(str::to_owned).collect(),
            services: quoted
                .filter(|quoted| names.contains(quoted))
                .map(str::to_owned)
                .collect(),
        }
    }
}

impl Explained {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/divergences.md");
        let text = fs::read_to_string(path).unwrap();
        let (_, chapter) = text.split_once(CHAPTER).expect("the chapter is there");
        let chapter = chapter
            .split_once("\n## ")
            .map_or(chapter, |(chapter, _)| chapter);
        let operations = models().iter().flat_map(|model| model.operations());
        Self {
            lines: chapter.split("\n- ").skip(1).map(Line::read).collect(),
            operations: operations.map(|operation| operation.name.as_str()).collect(),
        }
    }

    fn covers(&self, service: &str, operation: &str, exception: &str) -> bool {
        self.lines.iter().any(|line| {
            let of_all = line
                .words
                .iter()
                .all(|word| !self.operations.contains(word.as_str()));
            let of_service = line.services.is_empty() || line.services.contains(service);
            of_service && line.words.contains(exception) && (of_all || line.words.contains(operation))
        })
    }
}
