//! The workspace as `cargo metadata` tells it.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

/// The crates of the workspace, and who uses whom.
pub(crate) struct Workspace {
    pub(crate) packages: Vec<Package>,
    /// Every package of the dependency graph, by cargo's id: its name, and what its library uses.
    pub(crate) graph: BTreeMap<String, Node>,
}

/// One crate of the workspace.
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) manifest: PathBuf,
    /// Names of what it uses, other than only in tests.
    pub(crate) uses: Vec<String>,
    /// Names of what only its tests use.
    pub(crate) tests_use: Vec<String>,
}

/// A package of the graph.
pub(crate) struct Node {
    pub(crate) name: String,
    /// Ids of its normal dependencies: neither tests nor build scripts.
    pub(crate) uses: Vec<String>,
}

impl Workspace {
    /// Reads the JSON of `cargo metadata --format-version 1`.
    pub(crate) fn read(metadata: &Value) -> Result<Self> {
        let all = array(metadata, "packages")?;
        let members = array(metadata, "workspace_members")?;
        let packages = all
            .iter()
            .filter(|package| members.contains(&package["id"]))
            .map(|package| {
                let names = |tests: bool| -> Result<Vec<String>> {
                    let dependencies = array(package, "dependencies")?.iter();
                    dependencies
                        .filter(|dependency| (dependency["kind"] == "dev") == tests)
                        .map(|dependency| text(dependency, "name"))
                        .collect()
                };
                Ok(Package {
                    id: text(package, "id")?,
                    name: text(package, "name")?,
                    manifest: text(package, "manifest_path")?.into(),
                    uses: names(false)?,
                    tests_use: names(true)?,
                })
            })
            .collect::<Result<_>>()?;

        let names = all
            .iter()
            .map(|package| Ok((text(package, "id")?, text(package, "name")?)))
            .collect::<Result<HashMap<_, _>>>()?;
        let graph = array(&metadata["resolve"], "nodes")?
            .iter()
            .map(|node| {
                let id = text(node, "id")?;
                let normal = |used: &&Value| {
                    used["dep_kinds"]
                        .as_array()
                        .is_some_and(|it| it.iter().any(is_normal))
                };
                let uses = array(node, "deps")?.iter().filter(normal);
                let uses = uses.map(|used| text(used, "pkg")).collect::<Result<_>>()?;
                let name = names
                    .get(&id)
                    .with_context(|| format!("cargo metadata has no package {id}"))?;
                Ok((
                    id,
                    Node {
                        name: name.clone(),
                        uses,
                    },
                ))
            })
            .collect::<Result<_>>()?;
        Ok(Self { packages, graph })
    }
}

fn is_normal(kind: &Value) -> bool {
    kind["kind"].is_null()
}

fn array<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    value[key]
        .as_array()
        .with_context(|| format!("cargo metadata has no list `{key}`"))
}

fn text(value: &Value, key: &str) -> Result<String> {
    let text = value[key]
        .as_str()
        .with_context(|| format!("cargo metadata has no text `{key}`"))?;
    Ok(text.to_owned())
}
