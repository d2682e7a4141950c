//! Functions that are run, with real processes and real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot be set up fails, and one that cannot be run says so"
)]

mod answers;
mod bounds;
mod confinement;
mod death;
mod failures;
mod layers;
mod logs;
mod outbound;
mod processes;
mod python;
mod stage;
