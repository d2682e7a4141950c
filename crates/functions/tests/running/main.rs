//! Functions that are run, with real processes and real sockets.

mod answers;
mod bounds;
mod confinement;
mod death;
mod failures;
mod logs;
mod outbound;
mod processes;
mod python;
mod stage;
