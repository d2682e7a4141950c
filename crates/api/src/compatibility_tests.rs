//! `docs/compatibility.md` is what the tables, the tests and the divergences say.
//!
//! Run with `THINGSMITH_UPDATE=1` to write the page; without, a page that is not true fails.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use thingsmith_aws_model::OperationModel;
use thingsmith_testkit::samples;

use crate::Service;
use crate::model_tests::services;

#[test]
fn the_compatibility_page_is_true() {
    let page = repository().join("docs/compatibility.md");
    let wanted = render();
    if std::env::var_os("THINGSMITH_UPDATE").is_some() {
        fs::write(&page, &wanted).unwrap();
    }
    let found = fs::read_to_string(&page).unwrap_or_default();
    assert!(
        found == wanted,
        "{} is not true any more: run `THINGSMITH_UPDATE=1 cargo test -p thingsmith-api compatibility`",
        page.display()
    );
}

fn render() -> String {
    let (tests, divergences) = (Tests::read(), Divergences::read());
    let mut page = String::from(HEAD);
    for (service, missing) in services() {
        let title = service.model.metadata().signing_name();
        let all = service.model.operations().len();
        let written = all - missing.len();
        write!(page, "\n## {title}\n\n{written} of {all} operations.\n").unwrap();
        page.push_str("\n| Operation | Answered | Called in tests by | Divergences |\n|---|---|---|---|\n");
        for operation in service.model.operations() {
            if !missing.contains(&operation.name.as_str()) {
                row(&mut page, &service, operation, &tests, &divergences);
            }
        }
        if !missing.is_empty() {
            write!(page, "\nNone, answered with 501: {}.\n", missing.join(", ")).unwrap();
        }
    }
    page
}

fn row(
    page: &mut String,
    service: &Service,
    operation: &OperationModel,
    tests: &Tests,
    divergences: &Divergences,
) {
    let name = operation.name.as_str();
    let entry = service
        .entries()
        .find(|entry| entry.name == name)
        .expect("what is not missing is written");
    let input = samples::full_input(&service.model, operation);
    let answered = match (entry.not_implemented)(input).unwrap() {
        None => "full".to_owned(),
        Some(member) => format!("partial: `{member}` is answered with 501"),
    };
    let callers = tests.callers(name);
    let chapters: Vec<String> = divergences
        .chapters(name)
        .into_iter()
        .map(|chapter| format!("[{chapter}](divergences.md#{})", anchor(chapter)))
        .collect();
    writeln!(
        page,
        "| {name} | {answered} | {} | {} |",
        callers.join(", "),
        chapters.join(", ")
    )
    .unwrap();
}

const HEAD: &str = "\
# Compatibility

Which AWS operations are answered. \"Full\" means that every member of AWS's model is read and acted upon; a member that is
not is named, and asking for it answers 501. Written by a test from the tables of operations, the tests and
[divergences.md](divergences.md); whatever AWS's model has and this page does not name as answered is answered with 501
`NotImplementedException`.
";

/// What the behaviour tests call, and with what.
struct Tests {
    /// The tests that speak HTTP themselves.
    http: Vec<String>,
    /// The tests of other people's clients.
    clients: Vec<String>,
}

impl Tests {
    fn read() -> Self {
        let texts = |folder: &str| {
            let mut files = Vec::new();
            collect(&repository().join("tests").join(folder), &mut files);
            files
                .iter()
                .filter_map(|path| fs::read_to_string(path).ok())
                .collect::<Vec<_>>()
        };
        let mut clients = texts("behaviour/clients");
        clients.extend(texts("clients"));
        Self {
            http: texts("behaviour/http"),
            clients,
        }
    }

    fn callers(&self, operation: &str) -> Vec<&'static str> {
        let (kebab, snake) = (words(operation).join("-"), words(operation).join("_"));
        let ways = [
            ("HTTP", &self.http, vec![format!("\"{operation}\"")]),
            (
                "AWS CLI",
                &self.clients,
                vec![format!(" {kebab} "), format!(" {kebab}\"")],
            ),
            (
                "boto3",
                &self.clients,
                vec![format!(".{snake}("), format!("\"{snake}\"")],
            ),
        ];
        ways.into_iter()
            .filter(|(_, texts, spellings)| {
                texts
                    .iter()
                    .any(|text| spellings.iter().any(|spelling| text.contains(spelling)))
            })
            .map(|(caller, ..)| caller)
            .collect()
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// `CreateCACertificate` is `create`, `ca`, `certificate`, as the AWS CLI and boto3 spell it.
fn words(operation: &str) -> Vec<String> {
    let characters: Vec<char> = operation.chars().collect();
    let mut words: Vec<String> = Vec::new();
    for (at, character) in characters.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| characters[at]);
        let after = characters.get(at + 1);
        let begins = character.is_uppercase()
            && before.is_none_or(|before| {
                !before.is_uppercase() || after.is_some_and(|after| after.is_lowercase())
            });
        if begins || words.is_empty() {
            words.push(String::new());
        }
        let word = words.last_mut().expect("one was pushed");
        word.extend(character.to_lowercase());
    }
    words
}

/// The chapters of `docs/divergences.md`.
struct Divergences {
    chapters: Vec<(String, String)>,
}

impl Divergences {
    fn read() -> Self {
        let text = fs::read_to_string(repository().join("docs/divergences.md")).unwrap();
        let chapters = text
            .split("\n## ")
            .skip(1)
            .filter_map(|chapter| chapter.split_once('\n'))
            .map(|(title, body)| (title.to_owned(), body.to_owned()))
            .collect();
        Self { chapters }
    }

    /// The chapters that name an operation.
    fn chapters(&self, operation: &str) -> Vec<&str> {
        let names = |body: &str| {
            body.split(|character: char| !character.is_ascii_alphanumeric())
                .any(|word| word == operation)
        };
        self.chapters
            .iter()
            .filter(|(_, body)| names(body))
            .map(|(title, _)| title.as_str())
            .collect()
    }
}

fn anchor(title: &str) -> String {
    title.to_lowercase().replace(' ', "-").replace(',', "")
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn words_are_those_of_the_cli() {
    for (operation, spelled) in [
        ("CreateThing", "create-thing"),
        ("RegisterCACertificate", "register-ca-certificate"),
        ("RegisterCertificateWithoutCA", "register-certificate-without-ca"),
        ("SetV2LoggingOptions", "set-v2-logging-options"),
        ("ListThingPrincipalsV2", "list-thing-principals-v2"),
        ("CreateCertificateFromCsr", "create-certificate-from-csr"),
    ] {
        assert_eq!(words(operation).join("-"), spelled);
    }
}
