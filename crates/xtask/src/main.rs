//! `cargo xtask`: the repository's own commands. Continuous integration calls `cargo xtask test` and nothing else.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "these commands talk to a person at a terminal"
)]

mod aws_models;
mod repository;

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
cargo xtask aws-models refresh [--botocore DIR]
                     writes testdata/aws-models from the pinned botocore, or from the one in DIR";
