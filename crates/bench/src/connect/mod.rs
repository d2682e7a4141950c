//! `bench connect`: what a device's connection costs the server, beside a server that only shakes hands.

mod load;

use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;

use crate::bare::{self, Verify};
use crate::fleet::Fleet;
use crate::machine::{self, Machine};
use crate::process::Process;
use crate::report::{self, Report, Table};
use crate::statistics::{Latency, Spread, count, micros};
use crate::under_test;
use load::Round;
pub(crate) use load::{Conversation, Held, Load};

/// At most so many times the CPU of a bare handshake.
const BAR: f64 = 1.3;

#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// Devices that are provisioned and connect in turns
    #[arg(long, default_value_t = 200)]
    devices: usize,
    /// Connections under way at once
    #[arg(long, default_value_t = 32)]
    concurrent: usize,
    /// Connections to each server in one round
    #[arg(long, default_value_t = 250)]
    connections: usize,
    /// Rounds that count; one before them does not. Many short ones: a neighbour's burst then spoils few of them
    #[arg(long, default_value_t = 31)]
    rounds: usize,
}

/// The result.
#[derive(Debug, Serialize)]
pub(crate) struct Connections {
    machine: Machine,
    devices: usize,
    concurrent: usize,
    connections_a_round: usize,
    rounds: Vec<[Figures; 3]>,
    servers: [Summary; 3],
    /// The server's CPU over that of the bare one that checks the signature only, round by round.
    ratio: Spread,
    /// The same over the bare one that also checks the chain.
    ratio_to_chain: Spread,
    /// The ratio of the least that each used in any round, which neighbours disturbed least.
    ratio_of_minima: f64,
    bar: f64,
}

/// One server in one round.
#[derive(Debug, Clone, Serialize)]
struct Figures {
    cpu_us: f64,
    rate: f64,
    latency: Latency,
}

/// One server in all rounds.
#[derive(Debug, Serialize)]
struct Summary {
    name: &'static str,
    cpu_us: Spread,
    rate: Spread,
    p50_us: Spread,
    p99_us: Spread,
}

const NAMES: [&str; 3] = ["bare, signature only", "bare, signature and chain", "thingsmith"];

/// A server with what is said to it.
struct Subject {
    process: Process,
    port: u16,
    conversation: Conversation,
}

pub(crate) fn run(flags: &Flags) -> Result<Connections> {
    let machine = Machine::look(None)?;
    let directory = tempfile::tempdir().context("no temporary directory can be made")?;
    // The servers on one core, the devices on another: with one core only there is nothing to separate.
    let cores = machine::cores();
    let server_core = (cores.len() > 1).then(|| cores[0]);
    let (process, announced) = under_test::start(directory.path(), flags.devices, server_core)?;
    let ours = Subject {
        process,
        port: announced.mqtt_port,
        conversation: Conversation::Mqtt,
    };
    let bare = |verify| -> Result<Subject> {
        let (process, announced) = bare::start(directory.path(), verify, server_core)?;
        Ok(Subject {
            process,
            port: announced.port,
            conversation: Conversation::Handshake,
        })
    };
    let mut subjects = [bare(Verify::Signature)?, bare(Verify::Chain)?, ours];
    if let Some(core) = cores.get(1) {
        machine::pin(*core)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let load = Load::new(
        &Fleet::read(directory.path())?,
        flags.connections,
        flags.concurrent,
    )?;
    let mut rounds = Vec::with_capacity(flags.rounds);
    for number in 0..=flags.rounds {
        let mut figures = Vec::with_capacity(subjects.len());
        for subject in &mut subjects {
            figures.push(runtime.block_on(measure(subject, &load))?);
        }
        // The first round fills caches and starts threads.
        if number > 0
            && let Ok(figures) = figures.try_into()
        {
            rounds.push(figures);
        }
    }
    Ok(Connections::new(machine, flags, rounds))
}

async fn measure(subject: &mut Subject, load: &Load) -> Result<Figures> {
    let before = subject.process.cpu()?;
    let Round { took, latencies } = load.round(subject.port, subject.conversation).await?;
    // What the last connections leave to be done belongs to them.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let cpu = subject.process.cpu()?.saturating_sub(before);
    let connections = count(latencies.len());
    Ok(Figures {
        cpu_us: micros(cpu) / connections,
        rate: connections / took.as_secs_f64(),
        latency: Latency::of(latencies),
    })
}

impl Connections {
    fn new(machine: Machine, flags: &Flags, rounds: Vec<[Figures; 3]>) -> Self {
        let spread = |server: usize, figure: fn(&Figures) -> f64| {
            Spread::of(rounds.iter().map(|round| figure(&round[server])))
        };
        let servers = [0, 1, 2].map(|server| Summary {
            name: NAMES[server],
            cpu_us: spread(server, |figures| figures.cpu_us),
            rate: spread(server, |figures| figures.rate),
            p50_us: spread(server, |figures| figures.latency.p50_us),
            p99_us: spread(server, |figures| figures.latency.p99_us),
        });
        let ratio = |bare: usize| Spread::of(rounds.iter().map(|round| round[2].cpu_us / round[bare].cpu_us));
        Self {
            machine,
            devices: flags.devices,
            concurrent: flags.concurrent,
            connections_a_round: flags.connections,
            ratio: ratio(0),
            ratio_to_chain: ratio(1),
            ratio_of_minima: servers[2].cpu_us.minimum / servers[0].cpu_us.minimum,
            bar: BAR,
            servers,
            rounds,
        }
    }
}

impl Report for Connections {
    fn text(&self) -> String {
        let mut text = format!(
            "connect: TLS 1.3 with P-256 certificates on both sides, CONNECT, policy, CONNACK; SQLite\n\
             \x20 {} devices, {} connections under way at once, {} rounds of {} connections to each server in turns\n",
            self.devices,
            self.concurrent,
            self.rounds.len(),
            self.connections_a_round
        );
        text += &report::machine(&self.machine);
        let mut all = Table::new(&["median (range)", "CPU us", "a second", "p50 us", "p99 us"]);
        for server in &self.servers {
            let figures = [&server.cpu_us, &server.rate, &server.p50_us, &server.p99_us];
            let decimals = [1, 0, 0, 0];
            let cells = figures
                .into_iter()
                .zip(decimals)
                .map(|(figure, decimals)| report::spread(figure, decimals));
            all.row([server.name.to_owned()].into_iter().chain(cells));
        }
        text += &format!("\n{}\n", all.text());
        text += &format!(
            "  CPU over bare, signature only:        {}   bar: at most {:.1}, {}\n",
            report::spread(&self.ratio, 2),
            self.bar,
            report::bar(self.ratio.median <= self.bar)
        );
        text += &format!(
            "  the least of all rounds over it:      {:.2}\n",
            self.ratio_of_minima
        );
        text += &format!(
            "  CPU over bare, signature and chain:   {}\n",
            report::spread(&self.ratio_to_chain, 2)
        );
        text + "  CPU is user and system time of the server's process; rate and latency are those of one core, and of\n  \
                devices that share the machine with the server and with whatever else runs on it.\n"
    }
}
