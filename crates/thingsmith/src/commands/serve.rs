//! `thingsmith serve`: runs the server until it is told to stop.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::USAGE;
use crate::config::Settings;
use crate::say;
use crate::wiring::{Server, StartError};

/// How long a stopping server may take.
const DRAIN: Duration = Duration::from_secs(9);

pub(super) fn run(settings: &Settings) -> Result<ExitCode> {
    let filter = EnvFilter::try_from_env("THINGSMITH_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colours)
        .with_writer(std::io::stderr)
        .init();
    raise_descriptor_limit();
    let runtime = tokio::runtime::Runtime::new().context("the runtime cannot start")?;
    runtime.block_on(serve(settings))
}

/// Each connection takes a descriptor, and many systems give a program only 1,024 unless it asks for more.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(cause) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%cause, current = limit.current, "the limit of open files stays as it is");
    }
}

async fn serve(settings: &Settings) -> Result<ExitCode> {
    // Signals count from the first moment: a server that is told to stop while it starts stops.
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be received")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be received")?;
    let server = match Server::start(settings).await {
        Ok(server) => server,
        Err(StartError::Configuration(cause)) => {
            say::complain(format!("thingsmith: {cause:#}"));
            return Ok(ExitCode::from(USAGE));
        }
        Err(StartError::Failed(cause)) => return Err(cause),
    };
    greet(settings, &server);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: no new connections, requests under way are answered");
    if tokio::time::timeout(DRAIN, server.stop()).await.is_err() {
        tracing::warn!("some connections did not end in time and are cut");
    }
    Ok(ExitCode::SUCCESS)
}

fn greet(settings: &Settings, server: &Server) {
    let endpoints = server.endpoints();
    let mode = if settings.dev {
        ", development: any access key is let in"
    } else {
        ""
    };
    say::line(format!(
        "Thingsmith {} for account {} in {}{mode}",
        env!("CARGO_PKG_VERSION"),
        endpoints.account,
        endpoints.region
    ));
    say::line(format!("  AWS API  {}", endpoints.api));
    say::line(format!("  MQTT     {}", endpoints.mqtt));
    say::line(format!("  HTTPS    {}", endpoints.https));
    say::line(format!("  metrics  {}/metrics", endpoints.admin));
    say::line(format!("  data     {}", settings.data_dir.display()));
    if let Some(key) = server.new_administrator() {
        say::line("The administrator's access key, shown this once and kept in the file credentials there:");
        say::line(format!("  aws_access_key_id      {}", key.access_key_id));
        say::line(format!("  aws_secret_access_key  {}", key.secret.expose_secret()));
    }
    let place = match settings.data_dir.to_string_lossy() {
        path if path == "./thingsmith-data" => String::new(),
        path => format!(" --data-dir {path}"),
    };
    say::line(format!("In another shell: eval \"$(thingsmith env{place})\""));
}
