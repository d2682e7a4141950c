//! Thingsmith: a self-hosted server that speaks AWS IoT Core's device-provisioning interfaces.

use std::process::ExitCode;

use clap::Parser;
use thingsmith::commands::{Arguments, USAGE};

fn main() -> ExitCode {
    match Arguments::try_parse() {
        Ok(arguments) => arguments.run(),
        Err(said) => {
            // A closed pipe is nobody's fault.
            drop(said.print());
            if said.use_stderr() {
                ExitCode::from(USAGE)
            } else {
                ExitCode::SUCCESS
            }
        }
    }
}
