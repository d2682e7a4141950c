//! `bench register`: durable registrations of a device, beside the disk's fsync.
//!
//! A registration is one guarded batch, as every way of provisioning ends in: a certificate, a thing, the one attached
//! to the other, and two policies that were there before.

mod device;
mod proof;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;
use thingsmith::{RsaKeyPool, SystemClock, SystemRandom};
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::{Deeds, SealKey, World};
use thingsmith_model::Account;
use thingsmith_ports::{NoFunctions, NoObjects, NoWeb, Store};
use thingsmith_store_postgres::PostgresStore;
use thingsmith_store_sqlite::SqliteStore;
use tokio::task::JoinSet;

use crate::machine::{self, Machine};
use crate::report::{self, Report, Table};
use crate::statistics::{Latency, Spread, count, micros};
pub(crate) use device::Devices;
use device::Registered;

/// At least so many durable registrations a second on SQLite.
const BAR: f64 = 3000.0;

#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// Clients at once
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// Seconds of a round
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Rounds that count
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Make the registry below this directory, whose disk is measured [default: the system's temporary directory]
    #[arg(long)]
    directory: Option<PathBuf>,
    /// Also measure a PostgreSQL server, in a schema of its own
    #[arg(long, env = "THINGSMITH_TEST_POSTGRES", hide_env_values = true)]
    postgres: Option<String>,
}

/// The result.
#[derive(Debug, Serialize)]
pub(crate) struct Registrations {
    machine: Machine,
    clients: usize,
    engines: Vec<Engine>,
    bar: f64,
}

/// One engine.
#[derive(Debug, Serialize)]
struct Engine {
    name: &'static str,
    /// One client that waits each time.
    alone: Figures,
    rounds: Vec<Figures>,
    rate: Spread,
    cpu_us: Spread,
    p50_us: Spread,
    p99_us: Spread,
    /// Bytes that this process had written for each registration, its log included.
    bytes_written: Option<f64>,
    /// The database's size for each registration, once closed.
    bytes_kept: Option<f64>,
    /// Acknowledged in all.
    acknowledged: usize,
    /// Of those, found whole once the store was opened again.
    found: usize,
}

/// One round.
#[derive(Debug, Serialize)]
struct Figures {
    rate: f64,
    cpu_us: f64,
    latency: Latency,
}

/// Where a registry is kept.
enum Place {
    Sqlite(PathBuf),
    Postgres(Box<thingsmith_store_postgres::Config>),
}

pub(crate) fn run(flags: &Flags) -> Result<Registrations> {
    let parent = flags.directory.clone().unwrap_or_else(std::env::temp_dir);
    let directory = tempfile::tempdir_in(&parent).context("no directory can be made for the registry")?;
    let machine = Machine::look(Some(directory.path()))?;
    let runtime = tokio::runtime::Runtime::new().context("the runtime cannot start")?;
    let mut engines = vec![runtime.block_on(measure(flags, Place::Sqlite(directory.path().to_owned())))?];
    if let Some(address) = &flags.postgres {
        engines.push(runtime.block_on(async {
            let mut config = thingsmith_store_postgres::Config::parse(address)?;
            config.schema = Some(format!(
                "bench_{}_{}",
                std::process::id(),
                machine::cpu().as_nanos()
            ));
            PostgresStore::create_schema(&config).await?;
            measure(flags, Place::Postgres(Box::new(config))).await
        })?);
    }
    Ok(Registrations {
        machine,
        clients: flags.clients,
        engines,
        bar: BAR,
    })
}

async fn measure(flags: &Flags, place: Place) -> Result<Engine> {
    let deeds = place.open().await?;
    let realm = deeds
        .realm(&Account::development(), &"us-east-1".parse()?)
        .await?;
    let devices = Arc::new(Devices::new(&deeds, &realm).await?);
    let mut acknowledged = Vec::new();
    let duration = Duration::from_secs(flags.seconds);
    let alone = round(&deeds, &realm, &devices, 1, duration, &mut acknowledged).await?;
    let (written, before) = (machine::bytes_written(), acknowledged.len());
    let mut rounds = Vec::with_capacity(flags.rounds);
    for _ in 0..flags.rounds {
        rounds.push(
            round(
                &deeds,
                &realm,
                &devices,
                flags.clients,
                duration,
                &mut acknowledged,
            )
            .await?,
        );
    }
    let embedded = matches!(place, Place::Sqlite(_));
    let bytes_written = machine::bytes_written().zip(written).filter(|_| embedded);
    let many = count(acknowledged.len() - before);
    drop(deeds);
    let kept = place.bytes_kept();
    let found = proof::count_whole(place.open().await?.as_ref(), &realm, &devices, &acknowledged).await?;
    let spread = |figure: fn(&Figures) -> f64| Spread::of(rounds.iter().map(figure));
    Ok(Engine {
        name: if embedded { "SQLite" } else { "PostgreSQL" },
        alone,
        rate: spread(|round| round.rate),
        cpu_us: spread(|round| round.cpu_us),
        p50_us: spread(|round| round.latency.p50_us),
        p99_us: spread(|round| round.latency.p99_us),
        bytes_written: bytes_written.map(|(after, before)| bytes(after - before) / many),
        bytes_kept: kept.map(|kept| bytes(kept) / count(acknowledged.len())),
        acknowledged: acknowledged.len(),
        found,
        rounds,
    })
}

/// Has so many clients register one device after the other for a while.
async fn round(
    deeds: &Arc<Deeds>,
    realm: &Arc<RealmRecord>,
    devices: &Arc<Devices>,
    clients: usize,
    duration: Duration,
    acknowledged: &mut Vec<Registered>,
) -> Result<Figures> {
    let (started, cpu) = (Instant::now(), machine::cpu());
    let mut tasks = JoinSet::new();
    for _ in 0..clients {
        let (deeds, realm, devices) = (Arc::clone(deeds), Arc::clone(realm), Arc::clone(devices));
        tasks.spawn(async move {
            let mut done = Vec::new();
            while started.elapsed() < duration {
                let before = Instant::now();
                let registered = devices.register(&deeds, realm.realm).await?;
                done.push((registered, before.elapsed()));
            }
            anyhow::Ok(done)
        });
    }
    let mut latencies = Vec::new();
    while let Some(done) = tasks.join_next().await {
        for (registered, took) in done?? {
            acknowledged.push(registered);
            latencies.push(took);
        }
    }
    let (took, cpu) = (started.elapsed(), machine::cpu().saturating_sub(cpu));
    let registrations = count(latencies.len());
    Ok(Figures {
        rate: registrations / took.as_secs_f64(),
        cpu_us: micros(cpu) / registrations,
        latency: Latency::of(latencies),
    })
}

/// A registry on SQLite in a directory.
pub(crate) async fn open_sqlite(directory: &Path) -> Result<Arc<Deeds>> {
    Place::Sqlite(directory.to_owned()).open().await
}

/// The CPU of one registration, in microseconds, where so many clients register so many devices in all.
pub(crate) async fn cpu_of(
    deeds: &Arc<Deeds>,
    realm: &Arc<RealmRecord>,
    devices: &Arc<Devices>,
    clients: usize,
    registrations: usize,
) -> Result<f64> {
    let before = machine::cpu();
    let mut tasks = JoinSet::new();
    for client in 0..clients {
        let (deeds, realm, devices) = (Arc::clone(deeds), Arc::clone(realm), Arc::clone(devices));
        tasks.spawn(async move {
            for _ in (client..registrations).step_by(clients) {
                devices.register(&deeds, realm.realm).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(micros(machine::cpu().saturating_sub(before)) / count(registrations))
}

impl Place {
    async fn open(&self) -> Result<Arc<Deeds>> {
        let (store, messages): (Arc<dyn Store>, Arc<dyn Store>) = match self {
            Self::Sqlite(directory) => {
                let config = thingsmith_store_sqlite::Config::new(directory);
                let store = SqliteStore::open(&config)?;
                let messages = store.open_beside(&config.messages())?;
                (Arc::new(store), Arc::new(messages))
            }
            Self::Postgres(config) => (
                Arc::new(PostgresStore::open(config.as_ref().clone()).await?),
                Arc::new(PostgresStore::open_beside(config.messages(), "messages").await?),
            ),
        };
        let world = World {
            store,
            messages,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            rsa_keys: Arc::new(RsaKeyPool::unfilled()),
            functions: Arc::new(NoFunctions),
            web: Arc::new(NoWeb),
            objects: Arc::new(NoObjects),
            // The registry ends with the run, and so do its secrets.
            seal: SealKey::new(&mut [7; 32]),
        };
        Ok(Arc::new(
            Deeds::open(world)
                .await
                .context("the registry cannot be opened")?,
        ))
    }

    /// The size of the database, where it is a file.
    fn bytes_kept(&self) -> Option<u64> {
        let Self::Sqlite(directory) = self else {
            return None;
        };
        let size = |name: &str| {
            std::fs::metadata(directory.join(name))
                .map(|file| file.len())
                .ok()
        };
        // A log that was not yet carried over counts as well.
        size("registry.sqlite").map(|kept| kept + size("registry.sqlite-wal").unwrap_or_default())
    }
}

fn bytes(number: u64) -> f64 {
    // Kibibytes fit in 32 bits: no run writes 4 TiB.
    f64::from(u32::try_from(number / 1024).unwrap_or(u32::MAX)) * 1024.0
}

impl Report for Registrations {
    fn text(&self) -> String {
        let mut text = String::from(
            "register: certificate, thing, certificate to thing, two policies; one durable batch each\n",
        );
        text += &report::machine(&self.machine);
        let mut table = Table::new(&["median (range)", "a second", "CPU us", "p50 us", "p99 us"]);
        for engine in &self.engines {
            let Figures {
                rate,
                cpu_us,
                latency,
            } = &engine.alone;
            table.row([
                format!("{}, 1 client", engine.name),
                format!("{rate:.0}"),
                format!("{cpu_us:.1}"),
                format!("{:.0}", latency.p50_us),
                format!("{:.0}", latency.p99_us),
            ]);
            let figures = [&engine.rate, &engine.cpu_us, &engine.p50_us, &engine.p99_us];
            let cells = figures
                .into_iter()
                .zip([0, 1, 0, 0])
                .map(|(figure, decimals)| report::spread(figure, decimals));
            let name = format!("{}, {} clients", engine.name, self.clients);
            table.row([name].into_iter().chain(cells));
        }
        text += &format!("\n{}\n", table.text());
        let fsyncs = self.machine.fsync.map_or(0.0, |fsync| fsync.per_second);
        for engine in &self.engines {
            let name = engine.name;
            if name == "SQLite" {
                text += &format!(
                    "  {name}: {:.0} a second; bar: at least {:.0}, {}\n  {name}: one client gets {:.2} registrations \
                     for each fsync that the disk allows, {} clients {:.2}\n",
                    engine.rate.median,
                    self.bar,
                    report::bar(engine.rate.median >= self.bar),
                    engine.alone.rate / fsyncs,
                    self.clients,
                    engine.rate.median / fsyncs
                );
            }
            if let (Some(written), Some(kept)) = (engine.bytes_written, engine.bytes_kept) {
                text += &format!("  {name}: {written:.0} bytes written and {kept:.0} kept for each device\n");
            }
            text += &format!(
                "  {name}: {} acknowledged, {} found whole after the store was opened again\n",
                engine.acknowledged, engine.found
            );
        }
        text + "  CPU is user and system time of this process, clients and store together.\n"
    }
}
