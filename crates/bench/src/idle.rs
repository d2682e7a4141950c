//! `bench idle`: what an idle TLS connection with one subscription keeps of the server's memory. The devices are in
//! this process, the server in another.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;

use crate::connect::{Held, Load};
use crate::fleet::Fleet;
use crate::machine::{self, Machine};
use crate::report::{self, Report, Table};
use crate::statistics::count;
use crate::under_test;

/// At most so many bytes for a connection.
const BAR: f64 = 16.0 * 1024.0;
/// Connections before the first look: caches and threads are not a connection's.
const FIRST: usize = 200;

#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// Connections
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
    /// Connections being made at once
    #[arg(long, default_value_t = 32)]
    concurrent: usize,
    /// Make the registry below this directory [default: the system's temporary directory]
    #[arg(long)]
    directory: Option<PathBuf>,
}

/// The result.
#[derive(Debug, Serialize)]
pub(crate) struct Idle {
    machine: Machine,
    connections: usize,
    resident_before: u64,
    resident_after: u64,
    bytes_a_connection: f64,
    bar: f64,
}

pub(crate) fn run(flags: &Flags) -> Result<Idle> {
    machine::raise_file_limit()?;
    let parent = flags.directory.clone().unwrap_or_else(std::env::temp_dir);
    let directory = tempfile::tempdir_in(&parent).context("no directory can be made for the registry")?;
    let machine = Machine::look(None)?;
    let all = flags.connections + FIRST;
    let (process, announced) = under_test::start(directory.path(), all, None)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let load = Load::new(&Fleet::read(directory.path())?, all, flags.concurrent)?;
    let hold = |range| runtime.block_on(load.hold(announced.mqtt_port, range));
    let settle = || std::thread::sleep(Duration::from_secs(2));
    let first: Vec<Held> = hold(0..FIRST)?;
    settle();
    let resident_before = process.resident()?;
    let rest: Vec<Held> = hold(FIRST..all)?;
    settle();
    let resident_after = process.resident()?;
    ensure!(first.len() + rest.len() == all, "not every device connected");
    let kept = resident_after.saturating_sub(resident_before) / 1024;
    Ok(Idle {
        machine,
        connections: flags.connections,
        resident_before,
        resident_after,
        bytes_a_connection: f64::from(u32::try_from(kept).unwrap_or(u32::MAX)) * 1024.0
            / count(flags.connections),
        bar: BAR,
    })
}

impl Report for Idle {
    fn text(&self) -> String {
        let mut text = format!(
            "idle: {} TLS 1.3 connections with one subscription each, nothing sent for two seconds; SQLite\n",
            self.connections
        );
        text += &report::machine(&self.machine);
        let mut table = Table::new(&["server's resident memory", "KiB"]);
        table.row([
            format!("{FIRST} connections"),
            (self.resident_before / 1024).to_string(),
        ]);
        table.row([
            format!("{} connections", FIRST + self.connections),
            (self.resident_after / 1024).to_string(),
        ]);
        text += &format!("\n{}\n", table.text());
        text + &format!(
            "  {:.0} bytes a connection; bar: at most {:.0}, {}\n",
            self.bytes_a_connection,
            self.bar,
            report::bar(self.bytes_a_connection <= self.bar)
        )
    }
}
