//! The server that is measured: the very one that `thingsmith serve` starts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::{Args, Parser};
use serde::{Deserialize, Serialize};
use thingsmith::commands::Arguments;
use thingsmith::{RsaKeyPoolSize, Server};
use thingsmith_core::Deeds;
use thingsmith_core::policies::create_policy;

use crate::claim::batch;
use crate::fleet::{self, Fleet};
use crate::jitp::factory;
use crate::machine;
use crate::process::{Process, answer};

#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// Keep everything in this directory
    #[arg(long)]
    directory: PathBuf,
    /// Provision so many devices first
    #[arg(long, default_value_t = 0)]
    devices: usize,
    /// Let the devices talk to each other
    #[arg(long)]
    rooms: bool,
    /// Make so many things first
    #[arg(long, default_value_t = 0)]
    things: usize,
    /// Register the CA certificate of this file, with a template for its devices
    #[arg(long)]
    factory: Option<PathBuf>,
    /// Make a template for fleet provisioning, and a claim whose certificate and key go into the directory
    #[arg(long)]
    claim: bool,
    /// Use this core only
    #[arg(long)]
    core: Option<usize>,
}

/// Where the server is reached, and by whom.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Announcement {
    pub(crate) mqtt_port: u16,
    pub(crate) api: String,
    pub(crate) region: String,
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
}

/// Starts the server in a process of its own, with so many devices.
pub(crate) fn start(
    directory: &Path,
    devices: usize,
    core: Option<usize>,
) -> Result<(Process, Announcement)> {
    Process::start("under-test", directory, ["--devices", &devices.to_string()], core)
}

/// Starts the server in a process of its own, with so many devices that may talk to each other.
pub(crate) fn start_with_rooms(
    directory: &Path,
    devices: usize,
    core: Option<usize>,
) -> Result<(Process, Announcement)> {
    let devices = devices.to_string();
    Process::start("under-test", directory, ["--rooms", "--devices", &devices], core)
}

/// Starts the server in a process of its own, with so many things and no device.
pub(crate) fn start_with_things(directory: &Path, things: usize) -> Result<(Process, Announcement)> {
    Process::start("under-test", directory, ["--things", &things.to_string()], None)
}

/// Starts the server in a process of its own, with the CA certificate of a factory whose devices provision themselves.
pub(crate) fn start_with_factory(
    directory: &Path,
    factory: &Path,
    core: Option<usize>,
) -> Result<(Process, Announcement)> {
    let factory = factory.to_str().context("the directory's name is no text")?;
    Process::start("under-test", directory, ["--factory", factory], core)
}

/// Starts the server in a process of its own, with a claim by which devices provision themselves.
pub(crate) fn start_with_claim(directory: &Path, core: Option<usize>) -> Result<(Process, Announcement)> {
    Process::start("under-test", directory, ["--claim"], core)
}

pub(crate) fn run(flags: &Flags) -> Result<()> {
    // Before the runtime counts its cores and starts its threads.
    flags.core.map(machine::pin).transpose()?;
    let runtime = tokio::runtime::Runtime::new().context("the runtime cannot start")?;
    runtime.block_on(serve(flags))
}

async fn serve(flags: &Flags) -> Result<()> {
    let data = flags.directory.join("data");
    let words = [
        "--account",
        "123456789012",
        "--api",
        "127.0.0.1:0",
        "--mqtt",
        "127.0.0.1:0",
        "--https",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
        "--data-dir",
    ];
    let arguments = ["thingsmith", "serve"]
        .into_iter()
        .chain(words)
        .map(Into::into)
        .chain([data.into_os_string()]);
    // Making RSA keys for nobody takes seconds of CPU after the start, which are not the devices'.
    let config = flags.directory.join("config.toml");
    std::fs::write(&config, "[issuing]\nrsa_key_pool = 0\n").context("the configuration cannot be kept")?;
    let config = flags
        .factory
        .is_some()
        .then(|| ["--config".into(), config.into_os_string()]);
    let arguments = arguments.chain(config.into_iter().flatten());
    let settings = Arguments::try_parse_from(arguments)?
        .serve_settings()
        .context("serve has settings")?;
    let server = Server::start(&settings)
        .await
        .map_err(|cause| anyhow!("the server does not start: {cause}"))?;
    let endpoints = server.endpoints();
    let realm = server
        .deeds()
        .realm(&endpoints.account, &endpoints.region)
        .await?;
    fleet::make_things(server.deeds(), &realm, flags.things).await?;
    let policy = match flags.rooms {
        true => fleet::rooms_policy(&realm),
        false => fleet::device_policy(&realm),
    };
    Fleet::provision(server.deeds(), &realm, flags.devices, &policy)
        .await?
        .write(&flags.directory)?;
    if let Some(path) = &flags.factory {
        let pem = std::fs::read_to_string(path).context("the factory's certificate cannot be read")?;
        let second = "bench-second".parse()?;
        create_policy(server.deeds(), &realm, second, &fleet::device_policy(&realm)).await?;
        factory::register(server.deeds(), &realm, pem).await?;
    }
    if flags.claim {
        batch::make(server.deeds(), &realm, &flags.directory).await?;
    }
    let key = server
        .new_administrator()
        .context("a first start makes the administrator's key")?;
    let (_, mqtt_port) = endpoints
        .mqtt
        .rsplit_once(':')
        .context("the endpoint has no port")?;
    if flags.factory.is_none() {
        supply_of_keys(server.deeds()).await;
    }
    let announcement = Announcement {
        mqtt_port: mqtt_port.parse()?,
        api: endpoints.api.clone(),
        region: endpoints.region.to_string(),
        access_key_id: key.access_key_id.clone(),
        secret_access_key: key.secret.expose_secret().clone(),
    };
    tokio::task::spawn_blocking(move || answer(&announcement)).await??;
    server.stop().await;
    Ok(())
}

/// Waits until the server has filled its supply of RSA keys: the seconds of CPU that each start spends on them, whenever
/// the processor is idle, belong to no connection and to no request.
async fn supply_of_keys(deeds: &Deeds) {
    while deeds.rsa_keys().ready() < RsaKeyPoolSize::default().keys {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
