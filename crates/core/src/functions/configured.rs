//! Functions of the operator's configuration.

use std::time::Duration;

use thingsmith_model::{Account, Region};
use thingsmith_ports::FunctionKind;

/// A function that the operator's configuration has. It can be called like any other and is changed there alone. It has no
/// policy: the operator has put it there for every service of its realm.
#[derive(Debug, Clone)]
pub struct Configured {
    /// The account that it is of.
    pub account: Account,
    /// The region that it is of.
    pub region: Region,
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub kind: FunctionKind,
    /// How long a call may take.
    pub timeout: Duration,
}
