//! `bench claim`: what a device costs the server that comes by a claim with a CSR, registers and connects again, beside what
//! must be done for it at least: two handshakes, the check of its request, a signature and two durable writes.

pub(crate) mod batch;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;
use thingsmith_agent::{
    AgentError, Client, Creation, DeviceKey, Format, Identity, Options, Parameters, Provisioning,
};
use thingsmith_model::Account;
use tokio::task::JoinSet;

use crate::bare::{self, Verify};
use crate::issue::Limit;
use crate::machine::{self, Machine};
use crate::process::Process;
use crate::register;
use crate::report::{self, Report, Table};
use crate::statistics::{Spread, count, micros};
use crate::under_test;

/// At most so many times the CPU of the sum.
const BAR: f64 = 1.5;

#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// Devices in one round
    #[arg(long, default_value_t = 200)]
    devices: usize,
    /// Devices under way at once
    #[arg(long, default_value_t = 32)]
    concurrent: usize,
    /// Rounds that count; one before them does not
    #[arg(long, default_value_t = 9)]
    rounds: usize,
}

/// The result.
#[derive(Debug, Serialize)]
pub(crate) struct Claimed {
    machine: Machine,
    devices_a_round: usize,
    concurrent: usize,
    rounds: Vec<Figures>,
    ratio: Spread,
    bar: f64,
}

/// CPU of one device in one round, in microseconds, and devices a second.
#[derive(Debug, Clone, Serialize)]
struct Figures {
    bare: f64,
    check: f64,
    sign: f64,
    certificate_write: f64,
    registration: f64,
    device: f64,
    rate: f64,
}

impl Figures {
    fn least(&self) -> f64 {
        2.0 * self.bare + self.check + self.sign + self.certificate_write + self.registration
    }
}

/// The devices: what they share, and who is next.
struct Batch {
    claim: Identity,
    roots_pem: String,
    next: AtomicUsize,
}

pub(crate) fn run(flags: &Flags) -> Result<Claimed> {
    let machine = Machine::look(None)?;
    let directory = tempfile::tempdir().context("no temporary directory can be made")?;
    let cores = machine::cores();
    let server_core = (cores.len() > 1).then(|| cores[0]);
    let (mut ours, announced) = under_test::start_with_claim(directory.path(), server_core)?;
    let (mut bare, bare_announced) = bare::start(directory.path(), Verify::Signature, server_core)?;
    if let Some(core) = cores.get(1) {
        machine::pin(*core)?;
    }
    let roots = directory.path().join("data/ca.pem");
    let batch = Arc::new(Batch {
        claim: batch::read(directory.path())?,
        roots_pem: std::fs::read_to_string(roots).context("the roots cannot be read")?,
        next: AtomicUsize::new(0),
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let registry = tempfile::tempdir().context("no temporary directory can be made")?;
    let limit = runtime.block_on(Limit::new(registry.path().join("limit")))?;
    let (deeds, realm, registered) = runtime.block_on(async {
        let deeds = register::open_sqlite(registry.path()).await?;
        let realm = deeds
            .realm(&Account::development(), &"us-east-1".parse()?)
            .await?;
        let devices = register::Devices::new(&deeds, &realm).await?;
        anyhow::Ok((deeds, realm, Arc::new(devices)))
    })?;
    let mut rounds = Vec::with_capacity(flags.rounds);
    for number in 0..=flags.rounds {
        let (check, sign) = (limit.check()?, limit.sign()?);
        let figures = runtime.block_on(async {
            let (bare_port, port) = (bare_announced.port, announced.mqtt_port);
            let (bare, _) = round(&mut bare, &batch, flags, bare_port, Way::Handshake).await?;
            let (device, rate) = round(&mut ours, &batch, flags, port, Way::Provision).await?;
            let registration =
                register::cpu_of(&deeds, &realm, &registered, flags.concurrent, flags.devices).await?;
            anyhow::Ok(Figures {
                bare,
                check,
                sign,
                certificate_write: limit.write(flags.concurrent).await?,
                registration,
                device,
                rate,
            })
        })?;
        // The first round fills caches and starts threads.
        if number > 0 {
            rounds.push(figures);
        }
    }
    Ok(Claimed {
        machine,
        devices_a_round: flags.devices,
        concurrent: flags.concurrent,
        ratio: Spread::of(rounds.iter().map(|round| round.device / round.least())),
        rounds,
        bar: BAR,
    })
}

/// What a device does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Shakes hands with a server that then closes.
    Handshake,
    /// Comes by its identity and connects with it.
    Provision,
}

/// The server's CPU of one device, in microseconds, and how many devices a second there were.
async fn round(
    process: &mut Process,
    batch: &Arc<Batch>,
    flags: &Flags,
    port: u16,
    way: Way,
) -> Result<(f64, f64)> {
    let (before, started) = (process.cpu()?, Instant::now());
    let mut tasks = JoinSet::new();
    for first in 0..flags.concurrent {
        let (batch, step, devices) = (Arc::clone(batch), flags.concurrent, flags.devices);
        tasks.spawn(async move {
            for _ in (first..devices).step_by(step) {
                match way {
                    Way::Handshake => batch.shake_hands(port).await?,
                    Way::Provision => batch.provision(port).await?,
                }
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let took = started.elapsed();
    // What the last connections leave to be done belongs to them.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let cpu = process.cpu()?.saturating_sub(before);
    let devices = count(flags.devices);
    Ok((micros(cpu) / devices, devices / took.as_secs_f64()))
}

impl Batch {
    async fn connect(&self, port: u16, identity: &Identity, client_id: &str) -> Result<Client, AgentError> {
        Client::connect(&Options {
            host: "127.0.0.1",
            port,
            server_name: "localhost",
            roots_pem: &self.roots_pem,
            identity,
            client_id,
            patience: Duration::from_secs(30),
        })
        .await
    }

    async fn shake_hands(&self, port: u16) -> Result<()> {
        let outcome = self.connect(port, &self.claim, "bare").await;
        ensure!(
            matches!(outcome, Err(AgentError::Closed)),
            "the bare server did not close in peace: {:?}",
            outcome.err()
        );
        Ok(())
    }

    async fn provision(&self, port: u16) -> Result<()> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let serial = format!("claimed-{number:06}");
        let key = DeviceKey::generate()?;
        let csr = key.signing_request(&serial)?;
        let mut client = self
            .connect(port, &self.claim, &format!("claim-{number}"))
            .await
            .context("the claim cannot connect")?;
        let mut provisioning =
            Provisioning::open(&mut client, Format::Json, batch::TEMPLATE, Creation::FromCsr).await?;
        let created = provisioning.create_certificate_from_csr(&csr).await?;
        let parameters = Parameters::from([("SerialNumber".to_owned(), serial.clone())]);
        provisioning
            .register_thing(&created.ownership_token, &parameters)
            .await?;
        client.disconnect().await?;
        let identity = Identity::from_pem(&created.certificate_pem, &key.to_pem())?;
        let client = self
            .connect(port, &identity, &serial)
            .await
            .context("the device cannot connect")?;
        client.disconnect().await?;
        Ok(())
    }
}

impl Report for Claimed {
    fn text(&self) -> String {
        let mut text = format!(
            "claim: TLS 1.3 with P-256 certificates, CSR and RegisterThing in JSON over MQTT 3.1.1, template with a thing and \
             two policies; SQLite\n\x20 {} rounds of {} devices, {} under way at once\n",
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
        row("check of a CSR", |round| round.check);
        row("signature", |round| round.sign);
        row("durable write of a certificate", |round| round.certificate_write);
        row("one durable registration", |round| round.registration);
        row("2 bare + check + signature + 2 writes", Figures::least);
        row("thingsmith, a device", |round| round.device);
        text += &format!("\n{}\n", table.text());
        text += &format!(
            "  a device over the sum: {}   bar: at most {:.1}, {}\n",
            report::spread(&self.ratio, 2),
            self.bar,
            report::bar(self.ratio.median <= self.bar)
        );
        let rate = Spread::of(self.rounds.iter().map(|round| round.rate));
        text += &format!("  devices a second: {}\n", report::spread(&rate, 0));
        text + "  CPU is user and system time of the server's process; the writes' is that of a process with the store.\n"
    }
}
