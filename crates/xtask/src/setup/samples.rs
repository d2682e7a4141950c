//! AWS's samples of just-in-time provisioning, just-in-time registration and bulk registration, which the tests run as they are.
//! They are not ours to copy, so that they are fetched; without them the tests that need them say so and are skipped.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process::{command, run};
use crate::repository::Repository;

/// What is fetched, in which state of it.
const FETCHED: [(&str, &str, &str); 2] = [
    (
        "deep-dive",
        "https://github.com/aws-samples/aws-iot-core-device-provisioning-deep-dive.git",
        "0832ae1c99536e5d3d8d5123edac41e9dbf05b2a",
    ),
    // Of the release that the samples' requirements name: later ones lack the program that the samples run.
    (
        "sdk",
        "https://github.com/aws/aws-iot-device-sdk-python-v2.git",
        "1a4c1ed8f62b72bf0a4a60da5ad1068bbdb104f1",
    ),
];
/// What the sample's layer has; its own archive is of an interpreter that is no more.
const LAYER: [&str; 2] = ["pyOpenSSL==23.2.0", "cryptography==41.0.3"];
const REQUIREMENTS: [&str; 2] = ["iot_client", "cert_signing_service"];

/// Makes `.tests/samples`, or says why it is not there.
pub(crate) fn make(repository: &Repository) {
    let folder = repository.samples();
    if let Err(reason) = fetch(&folder).and_then(|()| build(repository, &folder)) {
        println!("AWS's samples are not run: {reason:#}");
    }
}

fn fetch(folder: &Path) -> Result<()> {
    for (name, url, commit) in FETCHED {
        let target = folder.join(name);
        if is_at(&target, commit) {
            continue;
        }
        println!("fetching {url}");
        if target.exists() {
            fs::remove_dir_all(&target).with_context(|| format!("cannot remove {}", target.display()))?;
        }
        fs::create_dir_all(&target).with_context(|| format!("cannot make {}", target.display()))?;
        run(command("git", &target).args(["init", "--quiet"]))?;
        run(command("git", &target).args(["fetch", "--quiet", "--depth", "1", url, commit]))?;
        run(command("git", &target).args(["checkout", "--quiet", "--force", "FETCH_HEAD"]))?;
    }
    Ok(())
}

/// Makes the environment of the devices, and the layer of the function.
fn build(repository: &Repository, folder: &Path) -> Result<()> {
    let (devices, layer) = (folder.join("devices"), folder.join("layer.zip"));
    if !devices.join(READY).exists() {
        run(command("python3", folder)
            .args(["-m", "venv", "--clear"])
            .arg(&devices))?;
        let mut pip = command(devices.join("bin/python"), folder);
        pip.args(PIP_INSTALL);
        for part in REQUIREMENTS {
            let file = format!("deep-dive/just-in-time-registration/{part}/requirements.txt");
            pip.arg("--requirement").arg(folder.join(file));
        }
        run(&mut pip)?;
        fs::write(devices.join(READY), "").context("cannot finish the devices' environment")?;
    }
    if !layer.exists() {
        let python = repository.venv().join("bin/python");
        let content = folder.join("layer");
        let mut pip = command(&python, folder);
        run(pip
            .args(PIP_INSTALL)
            .arg("--target")
            .arg(content.join("python"))
            .args(LAYER))?;
        let mut zip = command(&python, &content);
        run(zip.args(["-m", "zipfile", "-c"]).arg(&layer).arg("python"))?;
    }
    ensure!(layer.exists(), "there is no {}", layer.display());
    Ok(())
}

fn is_at(target: &Path, commit: &str) -> bool {
    let mut git = Command::new("git");
    git.arg("-C").arg(target).args(["rev-parse", "HEAD"]);
    target.join(".git").exists()
        && git
            .output()
            .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim() == commit)
}

const PIP_INSTALL: [&str; 6] = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--no-input",
    "--disable-pip-version-check",
];
const READY: &str = "ready.txt";
