//! Functions that are run, with real processes.

mod answers;
mod stage;
