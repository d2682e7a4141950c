//! Where things stand in the repository.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The work tree that this program was built from.
pub(crate) struct Repository {
    root: PathBuf,
}

impl Repository {
    /// Finds the work tree through the manifest folder that cargo hands to what it runs.
    pub(crate) fn find() -> Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest
            .ancestors()
            .nth(2)
            .with_context(|| format!("{} is not inside a work tree", manifest.display()))?;
        Ok(Self {
            root: root.to_path_buf(),
        })
    }

    /// The top folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// AWS's service models, trimmed.
    pub(crate) fn aws_models(&self) -> PathBuf {
        self.root.join("testdata/aws-models")
    }

    /// The Python environment that holds the client SDKs; git ignores it.
    pub(crate) fn venv(&self) -> PathBuf {
        self.root.join(".tests/venv")
    }

    /// Samples of AWS, what they need of Python, and what is built of them.
    pub(crate) fn samples(&self) -> PathBuf {
        self.root().join(".tests/samples")
    }

    /// The folder that holds the JavaScript clients; git ignores it.
    pub(crate) fn node(&self) -> PathBuf {
        self.root.join(".tests/node")
    }
}
