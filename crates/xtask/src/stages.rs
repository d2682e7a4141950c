//! The stages of a long command: each is named and timed, and the first that fails ends it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// What has been done, and how long each part took.
#[derive(Default)]
pub(crate) struct Stages {
    done: Vec<(&'static str, Duration)>,
}

impl Stages {
    /// Runs one stage under its name.
    ///
    /// # Errors
    /// What the stage fails with, after the table of all stages so far.
    pub(crate) fn run<T>(&mut self, name: &'static str, stage: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("\n== {name}");
        let start = Instant::now();
        let result = stage();
        let took = start.elapsed();
        match &result {
            Ok(_) => {
                println!("== {name}: {:.1} s", took.as_secs_f64());
                self.done.push((name, took));
            }
            Err(_) => println!("\n{}{}", self.table(), line(name, took, "FAILED")),
        }
        result.with_context(|| format!("the stage `{name}` failed"))
    }

    /// Prints the table of a command that came to its end.
    pub(crate) fn finish(&self) {
        let total = self.done.iter().map(|(_, took)| *took).sum();
        println!("\n{}{}", self.table(), line("all", total, "passed"));
    }

    fn table(&self) -> String {
        self.done
            .iter()
            .map(|(name, took)| line(name, *took, "passed"))
            .collect()
    }
}

fn line(name: &str, took: Duration, outcome: &str) -> String {
    format!("{name:<12} {:>7.1} s  {outcome}\n", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_stage_is_named_and_is_not_counted_as_done() {
        let mut stages = Stages::default();
        stages.run("first", || Ok(())).unwrap();
        let error = stages
            .run("second", || anyhow::bail!("no luck") as Result<()>)
            .unwrap_err();
        assert_eq!(format!("{error:#}"), "the stage `second` failed: no luck");
        assert_eq!(stages.table().lines().count(), 1);
        assert!(stages.table().starts_with("first"));
    }
}
