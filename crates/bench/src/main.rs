//! `bench`: the server beside its physical limits, in one run.
//!
//! A figure without its limit beside it says nothing on a shared machine, so each program measures both in turns and
//! prints the ratio. CPU time is what counts: the wall clock also measures the neighbours. Nothing is asserted here.

mod bare;
mod bulk;
mod caller;
mod claim;
mod connect;
mod create_thing;
mod exchange;
mod fleet;
mod idle;
mod issue;
mod jitp;
mod keys;
mod list_things;
mod machine;
mod process;
mod register;
mod report;
mod statistics;
mod storm;
mod under_test;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Measures Thingsmith beside what this machine allows.
#[derive(Debug, Parser)]
#[command(name = "bench", version, arg_required_else_help = true)]
struct Arguments {
    /// Print one JSON object instead of a table
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Devices that connect: mutual TLS, CONNECT, policy, CONNACK, beside a server that only shakes hands
    Connect(connect::Flags),
    /// Devices that provision themselves just in time, beside two handshakes, an issuer's check and a registration
    Jitp(jitp::Flags),
    /// Devices that come by a claim, beside two handshakes, a CSR's check, a signature and two durable writes
    Claim(claim::Flags),
    /// Durable registrations of a device, beside the disk's fsync
    Register(register::Flags),
    /// A file of lines with CSRs, beside the check of each, a signature and a durable registration
    Bulk(bulk::Flags),
    /// CreateThing over HTTP with signed requests, beside the disk's fsync
    CreateThing(create_thing::Flags),
    /// CreateCertificateFromCsr over HTTP, beside the check of a CSR, a signature and a durable write
    Issue(issue::Flags),
    /// CreateKeysAndCertificate until no key is left, beside what a key costs
    Keys(keys::Flags),
    /// Pages of ListThings among a million things
    ListThings(list_things::Flags),
    /// What an idle TLS connection keeps of the server's memory
    Idle(idle::Flags),
    /// Messages from one device to another, beside a server that only passes bytes on
    Deliver(exchange::Flags),
    /// Messages from one device to a thousand, beside a server that only passes bytes on
    FanOut(exchange::FanOutFlags),
    /// Ten thousand devices that lose their connections and come back at once
    Storm(storm::Flags),
    /// The server that is measured, in a process of its own
    #[command(hide = true)]
    UnderTest(under_test::Flags),
    /// The server that only shakes hands, in a process of its own
    #[command(hide = true)]
    Bare(bare::Flags),
}

fn main() -> Result<()> {
    let Arguments { json, command } = Arguments::parse();
    match command {
        Command::Connect(flags) => report::print(&connect::run(&flags)?, json),
        Command::Jitp(flags) => report::print(&jitp::run(&flags)?, json),
        Command::Claim(flags) => report::print(&claim::run(&flags)?, json),
        Command::Register(flags) => report::print(&register::run(&flags)?, json),
        Command::Bulk(flags) => report::print(&bulk::run(&flags)?, json),
        Command::CreateThing(flags) => report::print(&create_thing::run(&flags)?, json),
        Command::Issue(flags) => report::print(&issue::run(&flags)?, json),
        Command::Keys(flags) => report::print(&keys::run(&flags)?, json),
        Command::ListThings(flags) => report::print(&list_things::run(&flags)?, json),
        Command::Idle(flags) => report::print(&idle::run(&flags)?, json),
        Command::Deliver(flags) => report::print(&exchange::deliver(&flags)?, json),
        Command::FanOut(flags) => report::print(&exchange::fan_out(&flags)?, json),
        Command::Storm(flags) => report::print(&storm::run(&flags)?, json),
        Command::UnderTest(flags) => under_test::run(&flags),
        Command::Bare(flags) => bare::run(&flags),
    }
}
