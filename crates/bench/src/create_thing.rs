//! `bench create-thing`: CreateThing over HTTP, each request signed and each thing durable.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use bytes::Bytes;
use clap::Args;
use serde::Serialize;

use crate::caller::{Call, Caller, crowd};
use crate::machine::Machine;
use crate::report::{self, Report, Table};
use crate::statistics::{Latency, Spread, count, micros};
use crate::under_test;

/// At least so many things a second.
const RATE_BAR: f64 = 3000.0;
/// At most so many microseconds of the server's CPU for a thing.
const CPU_BAR: f64 = 250.0;
const BODY: &str = r#"{"attributePayload":{"attributes":{"model":"pump"}}}"#;

#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// Connections at once, each kept open
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Things that each connection makes in a round
    #[arg(long, default_value_t = 150)]
    things: usize,
    /// Rounds that count; one before them does not
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Make the registry below this directory, whose disk is measured [default: the system's temporary directory]
    #[arg(long)]
    directory: Option<PathBuf>,
}

/// The result.
#[derive(Debug, Serialize)]
pub(crate) struct Things {
    machine: Machine,
    connections: usize,
    rounds: usize,
    things_a_round: usize,
    rate: Spread,
    cpu_us: Spread,
    p50_us: Spread,
    p99_us: Spread,
    rate_bar: f64,
    cpu_bar_us: f64,
}

/// One round.
struct Figures {
    rate: f64,
    cpu_us: f64,
    latency: Latency,
}

pub(crate) fn run(flags: &Flags) -> Result<Things> {
    let parent = flags.directory.clone().unwrap_or_else(std::env::temp_dir);
    let directory = tempfile::tempdir_in(&parent).context("no directory can be made for the registry")?;
    let machine = Machine::look(Some(directory.path()))?;
    // Not bound to a core: a server has the whole machine, its writer's thread included.
    let (mut process, announced) = under_test::start(directory.path(), 0, None)?;
    let caller = Arc::new(Caller::new(announced)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut rounds = Vec::with_capacity(flags.rounds);
    for number in 0..=flags.rounds {
        let before = process.cpu()?;
        let started = Instant::now();
        let create = move |connection, thing| Call {
            method: "POST",
            target: format!("/things/bench-{number}-{connection}-{thing}"),
            body: Bytes::from_static(BODY.as_bytes()),
        };
        let latencies = runtime.block_on(crowd(&caller, flags.connections, flags.things, create))?;
        let took = started.elapsed();
        let cpu = process.cpu()?.saturating_sub(before);
        let things = count(latencies.len());
        if number > 0 {
            rounds.push(Figures {
                rate: things / took.as_secs_f64(),
                cpu_us: micros(cpu) / things,
                latency: Latency::of(latencies),
            });
        }
    }
    let spread = |figure: fn(&Figures) -> f64| Spread::of(rounds.iter().map(figure));
    Ok(Things {
        machine,
        connections: flags.connections,
        rounds: flags.rounds,
        things_a_round: flags.connections * flags.things,
        rate: spread(|round| round.rate),
        cpu_us: spread(|round| round.cpu_us),
        p50_us: spread(|round| round.latency.p50_us),
        p99_us: spread(|round| round.latency.p99_us),
        rate_bar: RATE_BAR,
        cpu_bar_us: CPU_BAR,
    })
}

impl Report for Things {
    fn text(&self) -> String {
        let mut text = format!(
            "create-thing: CreateThing with one attribute over HTTP, SigV4 checked, durable on SQLite\n\
             \x20 {} connections kept open, {} rounds of {} things\n",
            self.connections, self.rounds, self.things_a_round
        );
        text += &report::machine(&self.machine);
        let mut table = Table::new(&["median (range)", "a second", "server CPU us", "p50 us", "p99 us"]);
        let figures = [&self.rate, &self.cpu_us, &self.p50_us, &self.p99_us];
        let cells = figures
            .into_iter()
            .zip([0, 1, 0, 0])
            .map(|(figure, decimals)| report::spread(figure, decimals));
        table.row(["thingsmith".to_owned()].into_iter().chain(cells));
        text += &format!("\n{}\n", table.text());
        let fsyncs = self.machine.fsync.map_or(0.0, |fsync| fsync.per_second);
        let held = report::bar(self.rate.median >= self.rate_bar);
        let (rate, bar) = (self.rate.median, self.rate_bar);
        text += &format!(
            "  {rate:.0} a second; bar: at least {bar:.0}, {held}; {:.2} for each fsync\n",
            rate / fsyncs
        );
        let held = report::bar(self.cpu_us.median <= self.cpu_bar_us);
        let (cpu, bar) = (self.cpu_us.median, self.cpu_bar_us);
        text + &format!(
            "  {cpu:.0} us of the server's CPU; bar: at most {bar:.0}, {held}\n  Callers share the machine with the server.\n"
        )
    }
}
