//! The two lists of stages: everything, and the quick part.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::postgres::Postgres;
use crate::process::{cargo, command, run, succeeds};
use crate::repository::Repository;
use crate::stages::Stages;
use crate::{arrows, setup};

/// `cargo xtask test`: everything that a change must pass.
pub(crate) fn test(repository: &Repository) -> Result<()> {
    let mut stages = Stages::default();
    stages.run("setup", || {
        rust_components(repository)?;
        setup::setup(repository)
    })?;
    stages.run("fmt", || format(repository))?;
    stages.run("clippy", || lint(repository))?;
    // Of everything at once: a later command that names one package alone would compile what it shares with the tests
    // again, with other features.
    stages.run("build", || {
        run(cargo(repository.root()).args(["build", "--workspace", "--all-targets"]))
    })?;
    let postgres = stages.run("postgres", || {
        Postgres::start().context("cannot start PostgreSQL for the tests")
    })?;
    let servers = Servers::around(repository, &postgres)?;
    // Doc tests first: there are few, and the last count that a reader sees is then the tests' own.
    let tested = stages
        .run("doc tests", || {
            servers.cargo(repository, &["test", "--doc", "--workspace"])
        })
        .and_then(|()| stages.run("tests", || servers.cargo(repository, test_runner(repository))));
    let tested = postgres.kept_log(repository, tested).and_then(|()| {
        stages.run("exceptions", || {
            let words = ["test", "--workspace", "--test", "behaviour"];
            let only = ["--", "--ignored", "every_listed_exception"];
            servers.cargo(repository, &[words.as_slice(), &only].concat())
        })
    });
    drop(postgres);
    tested?;
    stages.run("docs", || {
        let mut rustdoc = cargo(repository.root());
        run(rustdoc
            .args(["doc", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    stages.run("arrows", || arrows::check(repository))?;
    stages.run("demo", || {
        let program = binary(repository)?;
        run(command(&program, repository.root()).arg("demo"))
    })?;
    // As users build it: without the features that the tests turn on.
    stages.run("alone", || {
        run(cargo(repository.root()).args(["check", "--package", "thingsmith"]))
    })?;
    stages.finish();
    Ok(())
}

/// `cargo xtask check`: what needs neither servers nor client SDKs.
pub(crate) fn check(repository: &Repository) -> Result<()> {
    let mut stages = Stages::default();
    stages.run("components", || rust_components(repository))?;
    stages.run("fmt", || format(repository))?;
    stages.run("arrows", || arrows::check(repository))?;
    stages.run("clippy", || lint(repository))?;
    stages.run("unit tests", || {
        let mut tests = cargo(repository.root());
        let runner: &[&str] = if has_nextest(repository) {
            &["nextest", "run"]
        } else {
            &["test"]
        };
        tests.args(runner).arg("--lib");
        for package in arrows::pure_packages(repository)? {
            tests.args(["--package", &package]);
        }
        run(&mut tests)
    })?;
    stages.finish();
    Ok(())
}

/// `cargo xtask with-servers`: one command of the person's own, with a PostgreSQL and the clients around it.
pub(crate) fn with_servers(repository: &Repository, program: &str, arguments: &[&str]) -> Result<()> {
    setup::setup(repository)?;
    run(cargo(repository.root()).args(["build", "--package", "thingsmith"]))?;
    let postgres = Postgres::start()?;
    let servers = Servers::around(repository, &postgres)?;
    let done = run(command(program, repository.root())
        .args(arguments)
        .envs(servers.variables.clone()));
    postgres.kept_log(repository, done)
}

/// What tests read from their environment to find what they need.
struct Servers {
    variables: Vec<(&'static str, OsString)>,
}

impl Servers {
    fn around(repository: &Repository, postgres: &Postgres) -> Result<Self> {
        // What the tests see is gathered anew in each run.
        let seen = repository.root().join(".tests/seen");
        if seen.exists() {
            fs::remove_dir_all(&seen).with_context(|| format!("cannot remove {}", seen.display()))?;
        }
        fs::create_dir_all(&seen).with_context(|| format!("cannot make {}", seen.display()))?;
        let variables = vec![
            ("THINGSMITH_TEST_SEEN", seen.into()),
            ("THINGSMITH_TEST_POSTGRES", postgres.url().into()),
            ("THINGSMITH_TEST_VENV", repository.venv().into()),
            ("THINGSMITH_TEST_NODE", repository.node().into()),
            ("THINGSMITH_BIN", binary(repository)?.into()),
        ];
        Ok(Self { variables })
    }

    fn cargo(&self, repository: &Repository, arguments: &[&str]) -> Result<()> {
        let mut tests = cargo(repository.root());
        run(tests.args(arguments).envs(self.variables.clone()))
    }
}

fn format(repository: &Repository) -> Result<()> {
    run(cargo(repository.root()).args(["fmt", "--all", "--check"])).context("run `cargo fmt --all`")
}

fn lint(repository: &Repository) -> Result<()> {
    run(cargo(repository.root()).args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// Every test but doc tests: by nextest where it is installed, which runs test binaries side by side.
fn test_runner(repository: &Repository) -> &'static [&'static str] {
    match has_nextest(repository) {
        true => &["nextest", "run", "--workspace"],
        false => &["test", "--workspace", "--lib", "--bins", "--tests"],
    }
}

fn has_nextest(repository: &Repository) -> bool {
    succeeds(cargo(repository.root()).args(["nextest", "--version"]))
}

fn rust_components(repository: &Repository) -> Result<()> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !succeeds(cargo(repository.root()).args([subcommand, "--version"])) {
            anyhow::bail!("`cargo {subcommand}` is not installed: run `rustup component add {component}`");
        }
    }
    Ok(())
}

fn binary(repository: &Repository) -> Result<PathBuf> {
    let metadata = arrows::metadata(repository)?;
    let target = metadata["target_directory"]
        .as_str()
        .context("cargo metadata names no target directory")?;
    Ok(PathBuf::from(target).join("debug/thingsmith"))
}
