//! The commands, a file each.

mod claim;
mod demo;
mod device;
mod env;
mod import;
mod serve;
mod why;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Settings;
use crate::say;

/// The exit code for a wrong command line or configuration (sysexits.h, EX_USAGE), given before a port is bound.
pub const USAGE: u8 = 64;

/// Thingsmith speaks AWS IoT Core's device-provisioning interfaces: point the AWS CLI, an AWS SDK or a device at it.
#[derive(Debug, Parser)]
#[command(name = "thingsmith", version, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(Box<Settings>),
    /// Print shell commands that point AWS clients at a running server: eval "$(thingsmith env)"
    Env(env::Flags),
    /// Say what the running server refused to a client, a certificate, a thing or an address, and what decided. Exits with
    /// 1 when nothing is known and with 2 when no server can be asked
    Why(why::Flags),
    /// Be a device: provision yourself, connect, publish, rotate
    Device(Box<device::Flags>),
    /// Register a file of devices: upload it, start the task, show how far it is and where its reports are
    Import(Box<import::Flags>),
    /// Guard fleet provisioning by claim: which serial numbers may be registered, how many devices carry a claim
    /// certificate, and which claims are used more often than that
    Claim(claim::Flags),
    /// Show the ways of provisioning live, against a server of their own that is gone afterwards
    Demo,
}

impl Arguments {
    /// Runs the command.
    pub fn run(self) -> ExitCode {
        let done = match self.command {
            Command::Serve(settings) => serve::run(&settings),
            Command::Env(flags) => env::run(&flags),
            Command::Why(flags) => Ok(why::run(&flags)),
            Command::Device(flags) => device::run(&flags),
            Command::Import(flags) => import::run(&flags),
            Command::Claim(flags) => Ok(claim::run(&flags)),
            Command::Demo => demo::run(),
        };
        done.unwrap_or_else(|error| {
            say::complain(format!("thingsmith: {error:#}"));
            ExitCode::FAILURE
        })
    }

    /// The settings, if the command is `serve`.
    pub fn serve_settings(self) -> Option<Settings> {
        match self.command {
            Command::Serve(settings) => Some(*settings),
            Command::Env(_)
            | Command::Why(_)
            | Command::Device(_)
            | Command::Import(_)
            | Command::Claim(_)
            | Command::Demo => None,
        }
    }
}
