//! `cargo xtask`: the repository's own commands. Continuous integration calls `cargo xtask test` and nothing else.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "these commands talk to a person at a terminal"
)]

mod arrows;
mod aws_models;
mod checks;
mod postgres;
mod process;
mod repository;
mod setup;
mod stages;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::repository::Repository;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<()> {
    let repository = Repository::find()?;
    match words {
        ["test"] => checks::test(&repository),
        ["check"] => checks::check(&repository),
        ["setup"] => setup::setup(&repository),
        ["arrows"] => arrows::check(&repository),
        ["with-servers", program, arguments @ ..] => checks::with_servers(&repository, program, arguments),
        ["aws-models", "refresh"] => aws_models::refresh(&repository, None),
        ["aws-models", "refresh", "--botocore", folder] => {
            aws_models::refresh(&repository, Some(folder.as_ref()))
        }
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => bail!("`cargo xtask {}` is not a command\n\n{USAGE}", words.join(" ")),
    }
}

const USAGE: &str = "\
cargo xtask test     everything that a change must pass: set-up, format, lints, tests, documentation, arrows, demo
cargo xtask check    the quick part, without servers and client SDKs
cargo xtask setup    installs what the tests need: system packages, and clients in .tests
cargo xtask arrows   checks which crate uses which, where SQL stands, and that no crate has unsafe code
cargo xtask with-servers COMMAND...
                     runs a command, `cargo nextest run -p ...` for instance, with what the tests need around it
cargo xtask aws-models refresh [--botocore DIR]
                     writes testdata/aws-models from the pinned botocore, or from the one in DIR";
