//! The Python environment with the AWS CLI and the SDKs, made anew when what it is made from changes.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{command, output, run};
use crate::repository::Repository;

/// Makes `.tests/venv` from `tests/clients/requirements.txt`, unless it stands as it should.
pub(crate) fn make(repository: &Repository) -> Result<()> {
    let requirements = repository.root().join("tests/clients/requirements.txt");
    let wanted = fs::read_to_string(&requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let python = output(Command::new("python3").arg("--version"))?;
    let wanted = format!("{python}{wanted}");
    let venv = repository.venv();
    if is_made_from(&venv, &wanted) {
        return Ok(());
    }
    println!("making {} from {}", venv.display(), requirements.display());
    if venv.exists() {
        fs::remove_dir_all(&venv).with_context(|| format!("cannot remove {}", venv.display()))?;
    }
    run(command("python3", repository.root())
        .args(["-m", "venv"])
        .arg(&venv))?;
    let install = || {
        let mut pip = command(venv.join("bin/python"), repository.root());
        run(pip
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-input",
                "--disable-pip-version-check",
                "--requirement",
            ])
            .arg(&requirements))
    };
    install()
        .or_else(|_| install())
        .context("cannot install the client SDKs")?;
    // Written last, so that an installation that was cut off is made anew.
    fs::write(venv.join(STAMP), wanted).context("cannot finish the Python environment")
}

fn is_made_from(venv: &Path, wanted: &str) -> bool {
    // `exists` follows the link to the system's Python, which an upgrade may have broken.
    venv.join("bin/python").exists() && fs::read_to_string(venv.join(STAMP)).is_ok_and(|made| made == wanted)
}

/// What the environment was made from: Python's version, then the text of the requirements.
const STAMP: &str = "made-from.txt";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_counts_only_when_finished_and_made_from_the_same() {
        let venv = std::env::temp_dir().join(format!("xtask-venv-{}", std::process::id()));
        fs::create_dir_all(venv.join("bin")).unwrap();
        assert!(!is_made_from(&venv, "a"));
        fs::write(venv.join("bin/python"), "").unwrap();
        assert!(!is_made_from(&venv, "a"));
        fs::write(venv.join(STAMP), "a").unwrap();
        assert!(is_made_from(&venv, "a"));
        assert!(!is_made_from(&venv, "b"));
        fs::remove_dir_all(&venv).unwrap();
    }
}
