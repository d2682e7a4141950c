//! `cargo xtask arrows`: the rules of the repository that no compiler checks. Which crate may use which; no runtime
//! in a word crate; SQL only where rows are; no unsafe code.

mod crates;
mod layers;
mod lints;
mod sql;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use self::crates::Workspace;
use self::layers::Layer;
use crate::process::{cargo, output};
use crate::repository::Repository;

/// Checks every rule and tells all that is wrong.
pub(crate) fn check(repository: &Repository) -> Result<()> {
    let workspace = Workspace::read(&metadata(repository)?)?;
    let mut wrong = layers::check(&workspace);
    wrong.extend(layers::check_runtime(&workspace));
    wrong.extend(lints::check_workspace(&read(
        &repository.root().join("Cargo.toml"),
    )?));
    for package in &workspace.packages {
        wrong.extend(lints::check_package(&package.name, &read(&package.manifest)?));
    }
    for file in rust_files(&repository.root().join("crates/core/src"))? {
        wrong.extend(sql::check(&file, &read(&file)?));
    }
    if !wrong.is_empty() {
        bail!("{} rules are broken:\n  {}", wrong.len(), wrong.join("\n  "));
    }
    println!("{} crates follow the layers", workspace.packages.len());
    Ok(())
}

/// The packages of word crates and the core, whose tests need nothing but themselves.
pub(crate) fn pure_packages(repository: &Repository) -> Result<Vec<String>> {
    let workspace = Workspace::read(&metadata(repository)?)?;
    let names = workspace.packages.into_iter().map(|package| package.name);
    Ok(names
        .filter(|name| matches!(layers::layer(name), Some(Layer::Words | Layer::Core)))
        .collect())
}

/// What cargo knows of the workspace and everything it depends on.
pub(crate) fn metadata(repository: &Repository) -> Result<Value> {
    let text = output(cargo(repository.root()).args(["metadata", "--format-version", "1", "--quiet"]))?;
    serde_json::from_str(&text).context("cargo metadata printed no JSON")
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Every Rust file under a folder, sorted; none where the folder is not there yet.
fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let path = entry?.path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(extension) if extension == "rs" => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    Ok(files)
}
