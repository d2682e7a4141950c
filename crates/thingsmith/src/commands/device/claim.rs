//! The certificate with which a device comes: a claim's, or its maker's.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use zeroize::Zeroizing;

/// A certificate and its key, as PEM.
pub(super) struct Pair {
    pub(super) certificate: String,
    pub(super) key: Zeroizing<String>,
}

impl Pair {
    pub(super) fn read(certificate: &Path, key: &Path) -> Result<Self> {
        Ok(Self {
            certificate: text(certificate)?.to_string(),
            key: text(key)?,
        })
    }

    /// Reads what CreateProvisioningClaim answered, as the AWS CLI prints it.
    pub(super) fn of_trusted_user(path: &PathBuf) -> Result<Self> {
        let answer: Answer = serde_json::from_str(&text(path)?).with_context(|| {
            format!(
                "{} is not what `aws iot create-provisioning-claim` prints",
                path.display()
            )
        })?;
        Ok(Self {
            certificate: answer.certificate_pem,
            key: Zeroizing::new(answer.key_pair.private_key),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    certificate_pem: String,
    key_pair: KeyPair,
}

#[derive(Deserialize)]
struct KeyPair {
    #[serde(rename = "PrivateKey")]
    private_key: String,
}

fn text(path: &Path) -> Result<Zeroizing<String>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(Zeroizing::new(text))
}
