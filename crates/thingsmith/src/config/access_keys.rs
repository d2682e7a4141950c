//! `[[access_keys]]`: access keys beside the administrator's, each with what it may do.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use thingsmith_api::auth::ConfiguredKey;
use thingsmith_model::{Account, Secret};
use thingsmith_policy::{Document, Language};

use super::secret;

/// An access key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessKeySection {
    /// The access key id: 16 to 128 letters and digits.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: Option<RedactedText>,
    /// Or the file that holds the secret.
    pub secret_access_key_file: Option<PathBuf>,
    /// The account that it belongs to; the server's if not given.
    pub account: Option<Account>,
    /// The name of its user, for answers and logs.
    pub name: String,
    /// An IAM policy: what the key may do.
    pub policy: Option<String>,
    /// Or the file that holds the policy.
    pub policy_file: Option<PathBuf>,
}

/// A text that is not shown.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct RedactedText(String);

impl RedactedText {
    /// The text.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for RedactedText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

impl AccessKeySection {
    /// The key that the section describes.
    ///
    /// # Errors
    /// When something is missing or the policy is none.
    pub fn read(&self, server: &Account) -> Result<ConfiguredKey> {
        let id = &self.access_key_id;
        self.read_parts(server)
            .with_context(|| format!("access_keys: the key {id} cannot be used"))
    }

    fn read_parts(&self, server: &Account) -> Result<ConfiguredKey> {
        let id = &self.access_key_id;
        ensure!(
            (16..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            "access_key_id must have 16 to 128 letters and digits"
        );
        let inline = self.secret_access_key.as_ref().map(|text| &text.0);
        let secret_key = secret(
            "secret_access_key",
            inline,
            self.secret_access_key_file.as_deref(),
        )?;
        ensure!(
            secret_key.len() >= 16,
            "secret_access_key must have at least 16 characters"
        );
        let policy = secret("policy", self.policy.as_ref(), self.policy_file.as_deref())?;
        let document = Document::parse(&policy, Language::Iam).context("policy is not an IAM policy")?;
        Ok(ConfiguredKey {
            access_key_id: id.clone(),
            secret: Secret::new(secret_key),
            account: self.account.clone().unwrap_or_else(|| server.clone()),
            name: self.name.clone(),
            policies: vec![document],
        })
    }
}
