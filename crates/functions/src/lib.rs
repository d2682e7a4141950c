//! Runs customers' code, apart from the server: what AWS calls Lambda functions.
//!
//! A function is a zip file whose handler runs in processes of this machine behind Lambda's Runtime API (`local`), a URL
//! that events are posted to, or a function of another endpoint that speaks Lambda's Invoke (`outbound`). What a function
//! does to itself, be it that it throws, hangs, exits, forks or floods its log, is its caller's outcome and nobody else's
//! trouble. Who may call which function, and what functions there are, is not decided here.

mod config;
mod failure;
mod local;
mod outbound;
mod runner;

pub use config::{CodeLimits, Config, Isolation, LocalConfig, LogLimits, ProcessLimits, Runtime};
pub use runner::{Runner, StartError};

/// Most bytes of an event and of an answer, as AWS has it for calls that wait.
const MOST_BYTES: usize = 6 * 1024 * 1024;
