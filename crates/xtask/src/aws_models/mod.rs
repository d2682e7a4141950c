//! `cargo xtask aws-models refresh`: AWS's published service models, reduced to names, types, constraints and HTTP
//! bindings.
//!
//! botocore ships the models; the reduced files stand in `testdata/aws-models/` in botocore's own schema, so that a
//! reader who knows one knows the other. Documentation is AWS's text and stays out of this tree.

mod trim;
mod write;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::repository::Repository;

/// botocore's name for each service whose model the server carries.
const SERVICES: [&str; 5] = ["iam", "iot", "iot-data", "lambda", "sts"];

/// Writes `testdata/aws-models/SERVICE.json` for each service, from the botocore package folder given or else from
/// the tests' Python environment.
pub(crate) fn refresh(repository: &Repository, botocore: Option<&Path>) -> Result<()> {
    let botocore = match botocore {
        Some(folder) => folder.to_path_buf(),
        None => installed_botocore(&repository.venv())?,
    };
    let target = repository.aws_models();
    fs::create_dir_all(&target).with_context(|| format!("cannot make {}", target.display()))?;
    for service in SERVICES {
        let source = model_file(&botocore, service)?;
        let model = serde_json::from_slice(&read_model(&source)?)
            .with_context(|| format!("{} is not JSON", source.display()))?;
        let text = trim::trim(&model)
            .and_then(|trimmed| write::write(&trimmed))
            .with_context(|| format!("cannot trim {}", source.display()))?;
        let path = target.join(format!("{service}.json"));
        fs::write(&path, &text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{} bytes  {}", text.len(), path.display());
    }
    Ok(())
}

/// Finds the botocore package inside a virtual environment, whatever Python version that has.
fn installed_botocore(venv: &Path) -> Result<PathBuf> {
    subfolders(&venv.join("lib"))
        .unwrap_or_default()
        .into_iter()
        .map(|python| python.join("site-packages/botocore"))
        .find(|folder| folder.is_dir())
        .with_context(|| {
            format!(
                "no botocore in {}: run `cargo xtask setup` or give --botocore",
                venv.display()
            )
        })
}

/// The newest API version's `service-2.json` of a service, compressed or not.
fn model_file(botocore: &Path, service: &str) -> Result<PathBuf> {
    let versions = subfolders(&botocore.join("data").join(service))?;
    let newest = versions
        .iter()
        .max()
        .with_context(|| format!("{} has no version of {service}", botocore.display()))?;
    ["service-2.json.gz", "service-2.json"]
        .iter()
        .map(|name| newest.join(name))
        .find(|path| path.is_file())
        .with_context(|| format!("no service-2.json in {}", newest.display()))
}

fn read_model(path: &Path) -> Result<Vec<u8>> {
    if path.extension() != Some(OsStr::new("gz")) {
        return fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    }
    // Every Debian has gzip; a crate for one file a year would be built on every run.
    let output = Command::new("gzip")
        .args([OsStr::new("-dc"), path.as_os_str()])
        .output()
        .context("cannot run gzip")?;
    ensure!(
        output.status.success(),
        "gzip could not read {}: {}",
        path.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output.stdout)
}

fn subfolders(folder: &Path) -> Result<Vec<PathBuf>> {
    let Ok(entries) = fs::read_dir(folder) else {
        bail!("cannot read the folder {}", folder.display());
    };
    Ok(entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_models_in_the_tree_hold_nothing_that_trimming_would_remove() {
        let repository = Repository::find().unwrap();
        for service in SERVICES {
            let path = repository.aws_models().join(format!("{service}.json"));
            let text = fs::read_to_string(&path).unwrap();
            let model = serde_json::from_str(&text).unwrap();
            let again = write::write(&trim::trim(&model).unwrap()).unwrap();
            assert_eq!(
                again,
                text,
                "{} was not written by aws-models refresh",
                path.display()
            );
            assert!(
                !text.contains("documentation"),
                "{} holds documentation",
                path.display()
            );
        }
    }
}
