//! `bench storm`: a fleet that loses all its connections and comes back at once, each device from an address of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::bare::{self, Verify};
use crate::connect::{Conversation, Held, Load};
use crate::fleet::Fleet;
use crate::machine::{self, Machine};
use crate::report::{self, Report, Table};
use crate::statistics::{Latency, count, micros};
use crate::under_test;

/// Handshakes with the bare server, for the limit.
const BARE: usize = 1000;

#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// Devices
    #[arg(long, default_value_t = 10_000)]
    devices: usize,
    /// Make the registry below this directory [default: the system's temporary directory]
    #[arg(long)]
    directory: Option<PathBuf>,
}

/// The result.
#[derive(Debug, Serialize)]
pub(crate) struct Storm {
    machine: Machine,
    devices: usize,
    refused: usize,
    seconds: f64,
    cpu_us: f64,
    bare_cpu_us: f64,
    latency: Latency,
}

pub(crate) fn run(flags: &Flags) -> Result<Storm> {
    machine::raise_file_limit()?;
    let parent = flags.directory.clone().unwrap_or_else(std::env::temp_dir);
    let directory = tempfile::tempdir_in(&parent).context("no directory can be made for the registry")?;
    let machine = Machine::look(None)?;
    let cores = machine::cores();
    let server_core = (cores.len() > 1).then(|| cores[0]);
    let (mut process, ours) = under_test::start(directory.path(), flags.devices, server_core)?;
    let (mut limit, bare) = bare::start(directory.path(), Verify::Signature, server_core)?;
    if let Some(core) = cores.get(1) {
        machine::pin(*core)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let fleet = Fleet::read(directory.path())?;
    let handshakes = Load::new(&fleet, BARE, 32)?;
    let before = limit.cpu()?;
    runtime.block_on(handshakes.round(bare.port, Conversation::Handshake))?;
    let bare_cpu = limit.cpu()?.saturating_sub(before);

    let load = Arc::new(Load::new(&fleet, flags.devices, 64)?);
    let held = runtime.block_on(load.hold(ours.mqtt_port, 0..flags.devices))?;
    ensure!(held.len() == flags.devices, "not every device connected");
    // The power comes back.
    drop(held);
    let before = process.cpu()?;
    let started = Instant::now();
    let back = runtime.block_on(come_back(&load, ours.mqtt_port, flags.devices))?;
    let took = started.elapsed();
    let cpu = process.cpu()?.saturating_sub(before);
    Ok(Storm {
        machine,
        devices: flags.devices,
        refused: back.refused,
        seconds: took.as_secs_f64(),
        cpu_us: micros(cpu) / count(flags.devices),
        bare_cpu_us: micros(bare_cpu) / count(BARE),
        latency: Latency::of(back.latencies),
    })
}

struct Back {
    /// Kept until all are there.
    _held: Vec<Held>,
    latencies: Vec<Duration>,
    refused: usize,
}

/// Has all devices connect at once; one that is refused does not try again.
async fn come_back(load: &Arc<Load>, port: u16, devices: usize) -> Result<Back> {
    let started = Instant::now();
    let mut under_way = JoinSet::new();
    for device in 0..devices {
        let load = Arc::clone(load);
        under_way.spawn(async move { (load.connect_from_home(port, device).await, started.elapsed()) });
    }
    let (mut held, mut latencies, mut refused) = (Vec::new(), Vec::new(), 0);
    while let Some(done) = under_way.join_next().await {
        match done? {
            (Ok(connection), took) => {
                held.push(connection);
                latencies.push(took);
            }
            (Err(_), _) => refused += 1,
        }
    }
    Ok(Back {
        _held: held,
        latencies,
        refused,
    })
}

impl Report for Storm {
    fn text(&self) -> String {
        let mut text = format!(
            "storm: {} devices lose their connections and come back at once, each from its own address; SQLite\n",
            self.devices
        );
        text += &report::machine(&self.machine);
        let mut table = Table::new(&["", "CPU us a device"]);
        table.row([
            "bare handshake, signature only".to_owned(),
            format!("{:.0}", self.bare_cpu_us),
        ]);
        table.row([
            "thingsmith: the old connection's end, TLS, CONNECT, SUBSCRIBE".to_owned(),
            format!("{:.0}", self.cpu_us),
        ]);
        text += &format!("\n{}\n", table.text());
        text += &format!(
            "  all there after {:.1} s, on one core; half of them after {:.1} s\n",
            self.seconds,
            self.latency.p50_us / 1e6
        );
        text + &format!(
            "  refused: {}; bar: none, {}\n",
            self.refused,
            report::bar(self.refused == 0)
        )
    }
}
