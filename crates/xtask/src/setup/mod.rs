//! `cargo xtask setup`: what the tests need and a bare Debian machine with Rust does not have. It changes nothing
//! when everything is there.

mod node;
mod packages;
mod samples;
mod venv;

use anyhow::Result;

use crate::repository::Repository;

/// Installs missing system packages, fetches AWS's samples where the network has them, and makes the Python and JavaScript environments of the client SDKs.
pub(crate) fn setup(repository: &Repository) -> Result<()> {
    packages::install_missing()?;
    venv::make(repository)?;
    node::make(repository)?;
    samples::make(repository);
    Ok(())
}
