//! The JavaScript clients, made anew when what they are made from changes.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{command, output, run};
use crate::repository::Repository;

/// Makes `.tests/node` from `tests/clients/node/`, unless it stands as it should.
pub(crate) fn make(repository: &Repository) -> Result<()> {
    let source = repository.root().join("tests/clients/node");
    let read = |file: &str| {
        let path = source.join(file);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let node = output(Command::new("node").arg("--version"))?;
    let wanted = format!("{node}{}{}", read(MANIFEST)?, read(LOCK)?);
    let target = repository.node();
    if is_made_from(&target, &wanted) {
        return Ok(());
    }
    println!("making {} from {}", target.display(), source.display());
    if target.exists() {
        fs::remove_dir_all(&target).with_context(|| format!("cannot remove {}", target.display()))?;
    }
    fs::create_dir_all(&target).with_context(|| format!("cannot make {}", target.display()))?;
    for file in [MANIFEST, LOCK] {
        fs::copy(source.join(file), target.join(file)).with_context(|| format!("cannot copy {file}"))?;
    }
    // The SDK's native part comes inside its package; its script would only build it anew where it is missing.
    let install = || {
        run(command("npm", &target).args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ]))
    };
    install()
        .or_else(|_| install())
        .context("cannot install the JavaScript clients")?;
    // Written last, so that an installation that was cut off is made anew.
    fs::write(target.join(STAMP), wanted).context("cannot finish the JavaScript clients")
}

fn is_made_from(target: &Path, wanted: &str) -> bool {
    fs::read_to_string(target.join(STAMP)).is_ok_and(|made| made == wanted)
}

const MANIFEST: &str = "package.json";
const LOCK: &str = "package-lock.json";
/// What the clients were made from: Node's version, then the texts of manifest and lock.
const STAMP: &str = "made-from.txt";
