//! Thingsmith: a self-hosted server that speaks AWS IoT Core's device-provisioning interfaces.

use std::process::ExitCode;

use clap::Parser;
use thingsmith::commands::Arguments;

fn main() -> ExitCode {
    Arguments::parse().run()
}
