//! `bench keys`: CreateKeysAndCertificate until the pool of RSA keys is empty, beside what a key costs to make.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use bytes::Bytes;
use clap::Args;
use hyper::StatusCode;
use serde::Serialize;

use crate::caller::{Call, Caller};
use crate::machine::{self, Machine};
use crate::report::{self, Report, Table};
use crate::statistics::{Latency, count, micros};
use crate::under_test;

/// At most so many microseconds at the 99th percentile, while there are keys.
const BAR: f64 = 5000.0;
/// Keys made here to see what one costs.
const MADE: usize = 16;
/// Calls after which a pool that never ends is given up.
const MOST: usize = 4096;

#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// Times that the pool is emptied
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds given to the server to fill its pool before each
    #[arg(long, default_value_t = 20)]
    fill_seconds: u64,
    /// Make the registry below this directory [default: the system's temporary directory]
    #[arg(long)]
    directory: Option<PathBuf>,
}

/// The result.
#[derive(Debug, Serialize)]
pub(crate) struct Keys {
    machine: Machine,
    rounds: usize,
    /// Keys handed out until the first refusal, in all rounds.
    handed_out: usize,
    latency: Latency,
    refusal: String,
    /// CPU of an RSA-2048 key made alone.
    key_cpu_us: f64,
    bar_us: f64,
}

pub(crate) fn run(flags: &Flags) -> Result<Keys> {
    let parent = flags.directory.clone().unwrap_or_else(std::env::temp_dir);
    let directory = tempfile::tempdir_in(&parent).context("no directory can be made for the registry")?;
    let machine = Machine::look(Some(directory.path()))?;
    let before = machine::cpu();
    for _ in 0..MADE {
        KeyPair::generate(KeySize::Rsa2048)?;
    }
    let key_cpu_us = micros(machine::cpu().saturating_sub(before)) / count(MADE);
    let (_process, announced) = under_test::start(directory.path(), 0, None)?;
    let caller = Arc::new(Caller::new(announced)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (mut latencies, mut refusal) = (Vec::new(), String::new());
    for _ in 0..flags.rounds {
        std::thread::sleep(Duration::from_secs(flags.fill_seconds));
        refusal = runtime.block_on(empty(&caller, &mut latencies))?;
    }
    Ok(Keys {
        machine,
        rounds: flags.rounds,
        handed_out: latencies.len(),
        latency: Latency::of(latencies),
        refusal,
        key_cpu_us,
        bar_us: BAR,
    })
}

/// Asks until there is no key left; gives back how that is said.
async fn empty(caller: &Caller, latencies: &mut Vec<Duration>) -> Result<String> {
    let mut connection = caller.connect().await?;
    let call = Call {
        method: "POST",
        target: "/keys-and-certificate?setAsActive=true".into(),
        body: Bytes::new(),
    };
    for _ in 0..MOST {
        let started = Instant::now();
        let (status, body) = caller.ask(&mut connection, &call).await?;
        if status != StatusCode::OK {
            let said = String::from_utf8_lossy(&body).into_owned();
            ensure!(status == StatusCode::BAD_REQUEST, "{status} {said}");
            return Ok(said);
        }
        latencies.push(started.elapsed());
    }
    Ok("never refused".into())
}

impl Report for Keys {
    fn text(&self) -> String {
        let mut text = format!(
            "keys: CreateKeysAndCertificate over HTTP, SigV4 checked, durable on SQLite, until no key is left; {} rounds\n",
            self.rounds
        );
        text += &report::machine(&self.machine);
        let mut table = Table::new(&["", "p50 us", "p99 us"]);
        table.row([
            format!("{} keys handed out", self.handed_out),
            format!("{:.0}", self.latency.p50_us),
            format!("{:.0}", self.latency.p99_us),
        ]);
        text += &format!("\n{}\n", table.text());
        text + &format!(
            "  p99 {:.0} us; bar: at most {:.0}, {}; a key made alone costs {:.0} us of CPU\n  then: {}\n",
            self.latency.p99_us,
            self.bar_us,
            report::bar(self.latency.p99_us <= self.bar_us),
            self.key_cpu_us,
            self.refusal
        )
    }
}
