//! `bench jitp`: what a device costs the server that provisions itself, beside what must be done for it at least: two
//! handshakes, the check of its issuer's signature, and one durable registration.

pub(crate) mod factory;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;
use thingsmith_agent::Authority;
use thingsmith_model::Account;
use thingsmith_x509::{Certificate, verify_signed_by};

use crate::bare::{self, Verify};
use crate::connect::{Conversation, Load};
use crate::fleet::Fleet;
use crate::machine::{self, Machine};
use crate::process::Process;
use crate::register;
use crate::report::{self, Report, Table};
use crate::statistics::{Spread, count, micros};
use crate::under_test;

/// At most so many times the CPU of the sum.
const BAR: f64 = 1.5;
/// At most so many times the CPU of a bare handshake for a stranger.
const STRANGERS_BAR: f64 = 1.2;

#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// Devices in one round
    #[arg(long, default_value_t = 200)]
    devices: usize,
    /// Connections under way at once
    #[arg(long, default_value_t = 32)]
    concurrent: usize,
    /// Rounds that count; one before them does not
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Devices that arrive at once, at the end
    #[arg(long, default_value_t = 1000)]
    crowd: usize,
}

/// The result.
#[derive(Debug, Serialize)]
pub(crate) struct Provisioning {
    machine: Machine,
    devices_a_round: usize,
    concurrent: usize,
    rounds: Vec<Figures>,
    ratio: Spread,
    strangers_ratio: Spread,
    bar: f64,
    strangers_bar: f64,
    crowd: Crowd,
}

/// CPU of one device, or of one stranger, in one round; microseconds.
#[derive(Debug, Clone, Serialize)]
struct Figures {
    bare: f64,
    issuer_check: f64,
    registration: f64,
    first_connection: f64,
    second_connection: f64,
    stranger: f64,
}

/// Many that arrive at once.
#[derive(Debug, Serialize)]
struct Crowd {
    devices: usize,
    seconds: f64,
    /// Connections that it took, at least two each.
    connections: usize,
    cpu_us: f64,
}

impl Figures {
    fn least(&self) -> f64 {
        2.0 * self.bare + self.issuer_check + self.registration
    }

    fn ours(&self) -> f64 {
        self.first_connection + self.second_connection
    }
}

pub(crate) fn run(flags: &Flags) -> Result<Provisioning> {
    let machine = Machine::look(None)?;
    let directory = tempfile::tempdir().context("no temporary directory can be made")?;
    let cores = machine::cores();
    let server_core = (cores.len() > 1).then(|| cores[0]);
    let authority = Authority::generate("bench factory")?;
    let stranger = Authority::generate("nobody's factory")?;
    let path = directory.path().join("factory.pem");
    std::fs::write(&path, authority.certificate()).context("the factory's certificate cannot be kept")?;
    let (mut ours, announced) = under_test::start_with_factory(directory.path(), &path, server_core)?;
    let (mut bare, bare_announced) = bare::start(directory.path(), Verify::Signature, server_core)?;
    if let Some(core) = cores.get(1) {
        machine::pin(*core)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let registry = tempfile::tempdir().context("no temporary directory can be made")?;
    let (deeds, realm, registered) = runtime.block_on(async {
        let deeds = register::open_sqlite(registry.path()).await?;
        let realm = deeds
            .realm(&Account::development(), &"us-east-1".parse()?)
            .await?;
        let devices = register::Devices::new(&deeds, &realm).await?;
        anyhow::Ok((deeds, realm, std::sync::Arc::new(devices)))
    })?;
    let fleet = |authority: &Authority, prefix: &str, count: usize| -> Result<Load> {
        let fleet = Fleet {
            devices: factory::devices(authority, prefix, count)?,
            ..Fleet::read(directory.path())?
        };
        Load::new(&fleet, count, flags.concurrent)
    };
    let mut rounds = Vec::with_capacity(flags.rounds);
    for number in 0..=flags.rounds {
        let load = fleet(&authority, &format!("device-{number}"), flags.devices)?;
        let strangers = fleet(&stranger, &format!("stranger-{number}"), flags.devices)?;
        let figures = runtime.block_on(async {
            let (port, bare_port) = (announced.mqtt_port, bare_announced.port);
            let refused = Conversation::Refused;
            let stranger = round(&mut ours, port, &strangers, refused).await?;
            let handshake = round(&mut bare, bare_port, &load, Conversation::Handshake).await?;
            let first_connection = round(&mut ours, port, &load, refused).await?;
            let second_connection = round(&mut ours, port, &load, Conversation::Mqtt).await?;
            let registration =
                register::cpu_of(&deeds, &realm, &registered, flags.concurrent, flags.devices).await?;
            anyhow::Ok(Figures {
                bare: handshake,
                issuer_check: issuer_check(&authority, flags.devices)?,
                registration,
                first_connection,
                second_connection,
                stranger,
            })
        })?;
        // The first round fills caches and starts threads.
        if number > 0 {
            rounds.push(figures);
        }
    }
    let load = fleet(&authority, "crowd", flags.crowd)?;
    let crowd = runtime.block_on(crowd(&mut ours, announced.mqtt_port, &load, flags.crowd))?;
    Ok(Provisioning {
        machine,
        devices_a_round: flags.devices,
        concurrent: flags.concurrent,
        ratio: Spread::of(rounds.iter().map(|round| round.ours() / round.least())),
        strangers_ratio: Spread::of(rounds.iter().map(|round| round.stranger / round.bare)),
        bar: BAR,
        strangers_bar: STRANGERS_BAR,
        rounds,
        crowd,
    })
}

/// The server's CPU of one connection, in microseconds.
async fn round(process: &mut Process, port: u16, load: &Load, conversation: Conversation) -> Result<f64> {
    let before = process.cpu()?;
    let round = load.round(port, conversation).await?;
    // What the last connections leave to be done belongs to them.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let cpu = process.cpu()?.saturating_sub(before);
    Ok(micros(cpu) / count(round.latencies.len()))
}

/// What it costs to read a certificate and verify who signed it, in microseconds.
fn issuer_check(authority: &Authority, times: usize) -> Result<f64> {
    let device = factory::devices(authority, "checked", 1)?;
    let device = device.first().context("there is one")?;
    let issuer = Certificate::from_pem(authority.certificate())?;
    let der = Certificate::from_pem(&device.certificate_pem)?.der().to_vec();
    let before = machine::cpu();
    for _ in 0..times {
        verify_signed_by(&Certificate::from_der(&der)?, &issuer)?;
    }
    Ok(micros(machine::cpu().saturating_sub(before)) / count(times))
}

/// All devices arrive at once, and each tries again until it is let in.
async fn crowd(process: &mut Process, port: u16, load: &Load, devices: usize) -> Result<Crowd> {
    let (started, before) = (Instant::now(), process.cpu()?);
    let connections = load.arrive(port).await?;
    let seconds = started.elapsed().as_secs_f64();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let cpu = process.cpu()?.saturating_sub(before);
    ensure!(
        connections >= 2 * devices,
        "a device came in with its first connection"
    );
    Ok(Crowd {
        devices,
        seconds,
        connections,
        cpu_us: micros(cpu) / count(devices),
    })
}

impl Report for Provisioning {
    fn text(&self) -> String {
        let mut text = format!(
            "jitp: TLS 1.3 with P-256 certificates, template with a thing and two policies; SQLite\n\
             \x20 {} rounds of {} devices, {} connections under way at once\n",
            self.rounds.len(),
            self.devices_a_round,
            self.concurrent
        );
        text += &report::machine(&self.machine);
        let mut table = Table::new(&["median (range)", "CPU us"]);
        let mut row = |name: &str, figure: fn(&Figures) -> f64| {
            let spread = Spread::of(self.rounds.iter().map(figure));
            table.row([name.to_owned(), report::spread(&spread, 1)]);
        };
        row("bare handshake", |round| round.bare);
        row("issuer check", |round| round.issuer_check);
        row("one durable registration", |round| round.registration);
        row("2 bare + check + registration", Figures::least);
        row("thingsmith, first connection", |round| round.first_connection);
        row("thingsmith, second connection", |round| round.second_connection);
        row("thingsmith, a device", Figures::ours);
        row("thingsmith, a stranger", |round| round.stranger);
        text += &format!("\n{}\n", table.text());
        for (what, ratio, bar) in [
            ("a device over the sum:         ", &self.ratio, self.bar),
            (
                "a stranger over bare:          ",
                &self.strangers_ratio,
                self.strangers_bar,
            ),
        ] {
            text += &format!(
                "  {what} {}   bar: at most {bar:.1}, {}\n",
                report::spread(ratio, 2),
                report::bar(ratio.median <= bar)
            );
        }
        let Crowd {
            devices,
            seconds,
            connections,
            cpu_us,
        } = &self.crowd;
        text += &format!(
            "  {devices} at once: all in after {seconds:.2} s and {connections} connections, {cpu_us:.1} us of CPU a device\n"
        );
        text + "  CPU is user and system time of the server's process; the registration's is that of a process with the store.\n"
    }
}
