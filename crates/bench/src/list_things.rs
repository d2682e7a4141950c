//! `bench list-things`: pages of ListThings in a large registry, beside the same pages read from the store.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use clap::Args;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;

use crate::caller::{Call, Caller};
use crate::machine::Machine;
use crate::report::{self, Report, Table};
use crate::statistics::{Latency, count, micros};
use crate::under_test;

/// At most so many microseconds for a page.
const BAR: f64 = 5000.0;

#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// Things in the registry
    #[arg(long, default_value_t = 1_000_000)]
    things: usize,
    /// Things on a page
    #[arg(long, default_value_t = 250)]
    page: usize,
    /// Pages that are read, one after the other
    #[arg(long, default_value_t = 2000)]
    pages: usize,
    /// Make the registry below this directory [default: the system's temporary directory]
    #[arg(long)]
    directory: Option<PathBuf>,
}

/// The result.
#[derive(Debug, Serialize)]
pub(crate) struct Pages {
    machine: Machine,
    things: usize,
    page: usize,
    pages: usize,
    /// Of a page, from request to answer.
    latency: Latency,
    /// Of the smallest answer, GET /health, over the same connection: what HTTP alone costs here.
    health: Latency,
    cpu_us: f64,
    bytes_a_page: f64,
    bar_us: f64,
}

pub(crate) fn run(flags: &Flags) -> Result<Pages> {
    let parent = flags.directory.clone().unwrap_or_else(std::env::temp_dir);
    let directory = tempfile::tempdir_in(&parent).context("no directory can be made for the registry")?;
    let machine = Machine::look(None)?;
    let (mut process, announced) = under_test::start_with_things(directory.path(), flags.things)?;
    let caller = Arc::new(Caller::new(announced)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let before = process.cpu()?;
    let (latencies, bytes) = runtime.block_on(walk(&caller, flags))?;
    let cpu = process.cpu()?.saturating_sub(before);
    let health = runtime.block_on(health(&caller))?;
    let pages = count(latencies.len());
    Ok(Pages {
        machine,
        things: flags.things,
        page: flags.page,
        pages: latencies.len(),
        latency: Latency::of(latencies),
        health: Latency::of(health),
        cpu_us: micros(cpu) / pages,
        bytes_a_page: count(bytes) / pages,
        bar_us: BAR,
    })
}

/// Reads page after page, from the first again after the last.
async fn walk(caller: &Caller, flags: &Flags) -> Result<(Vec<Duration>, usize)> {
    let mut connection = caller.connect().await?;
    let (mut latencies, mut bytes, mut token) = (Vec::with_capacity(flags.pages), 0, None);
    while latencies.len() < flags.pages {
        let call = Call {
            method: "GET",
            target: target(flags.page, token.as_deref()),
            body: Bytes::new(),
        };
        let started = Instant::now();
        let answer = caller.must(&mut connection, &call).await?;
        latencies.push(started.elapsed());
        bytes += answer.len();
        let answer: Value = serde_json::from_slice(&answer)?;
        token = answer["nextToken"].as_str().map(str::to_owned);
    }
    Ok((latencies, bytes))
}

async fn health(caller: &Caller) -> Result<Vec<Duration>> {
    let mut connection = caller.connect().await?;
    let mut latencies = Vec::new();
    for _ in 0..1000 {
        let call = Call {
            method: "GET",
            target: "/health".into(),
            body: Bytes::new(),
        };
        let started = Instant::now();
        caller.must(&mut connection, &call).await?;
        latencies.push(started.elapsed());
    }
    Ok(latencies)
}

fn target(page: usize, token: Option<&str>) -> String {
    let token = token.map(|token| format!("&nextToken={}", utf8_percent_encode(token, NON_ALPHANUMERIC)));
    format!("/things?maxResults={page}{}", token.unwrap_or_default())
}

impl Report for Pages {
    fn text(&self) -> String {
        let mut text = format!(
            "list-things: pages of {} of {} things over HTTP, SigV4 checked, SQLite; {} pages one after the other\n",
            self.page, self.things, self.pages
        );
        text += &report::machine(&self.machine);
        let mut table = Table::new(&["", "p50 us", "p99 us"]);
        for (name, latency) in [("GET /health", &self.health), ("a page", &self.latency)] {
            table.row([
                name.to_owned(),
                format!("{:.0}", latency.p50_us),
                format!("{:.0}", latency.p99_us),
            ]);
        }
        text += &format!("\n{}\n", table.text());
        text + &format!(
            "  p99 {:.0} us; bar: at most {:.0}, {}; {:.0} us of the server's CPU and {:.0} bytes a page\n",
            self.latency.p99_us,
            self.bar_us,
            report::bar(self.latency.p99_us <= self.bar_us),
            self.cpu_us,
            self.bytes_a_page
        )
    }
}
