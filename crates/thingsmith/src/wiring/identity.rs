//! Whose server it is, and whose keys it knows.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use thingsmith_api::auth::{AccessKeys, ConfiguredKey, UnknownKeys};
use thingsmith_core::access_keys::{self, AccessKey};
use thingsmith_core::{Deeds, settings};
use thingsmith_model::Account;

use super::StartError;
use crate::config::{File, Settings};
use crate::files;

/// The server's account: the one that the store remembers, or on its first start the one that is given.
pub(super) async fn account(settings: &Settings, deeds: &Deeds) -> Result<Account, StartError> {
    let unreadable = "the server's account cannot be read";
    let remembered = settings::account(deeds.store()).await.context(unreadable)?;
    let first = match (remembered, &settings.account) {
        (Some(account), None) => return Ok(account),
        (None, Some(given)) => given.clone(),
        (None, None) if settings.dev => Account::development(),
        (None, None) => {
            return Err(StartError::Configuration(anyhow!(
                "the first start needs --account and the 12 digits of an AWS account, yours or any other \
                 (or --dev, for a server that lets anybody on this machine in)"
            )));
        }
        (Some(account), Some(given)) if account == *given => return Ok(account),
        (Some(account), Some(given)) => {
            return Err(StartError::Configuration(anyhow!(
                "--account {given}: this server was first started for account {account}"
            )));
        }
    };
    let kept = settings::remember_account(deeds.store(), &first)
        .await
        .context(unreadable)?;
    if kept == first {
        return Ok(kept);
    }
    Err(StartError::Configuration(anyhow!(
        "--account {first}: another node was first started for account {kept}"
    )))
}

/// The administrator's key, and once more if it was made just now. A development server has none: it takes any key.
pub(super) async fn administrator(
    settings: &Settings,
    deeds: &Deeds,
    account: &Account,
) -> Result<(Option<AccessKey>, Option<AccessKey>), StartError> {
    let kept = access_keys::administrator(deeds)
        .await
        .context("the administrator's key cannot be read")?;
    if kept.is_some() || settings.dev {
        return Ok((kept, None));
    }
    let path = settings.data_dir.join("credentials");
    let key = AccessKey::generate(account.clone(), deeds.random());
    // The file first: a key that the store has and nobody knows would lock everybody out.
    files::write_credentials(&path, &key)?;
    let kept = access_keys::keep_administrator(deeds, &key)
        .await
        .context("the administrator's key cannot be kept")?;
    if kept.access_key_id != key.access_key_id {
        // Another node was first.
        files::write_credentials(&path, &kept)?;
        return Ok((Some(kept), None));
    }
    Ok((Some(kept.clone()), Some(kept)))
}

pub(super) fn configured_keys(file: &File, account: &Account) -> Result<Vec<ConfiguredKey>, StartError> {
    let keys = file
        .access_keys
        .iter()
        .map(|key| key.read(account))
        .collect::<Result<Vec<_>>>();
    keys.map_err(StartError::Configuration)
}

/// The keys that callers of the API and clients of the gateway sign with.
pub(super) fn access_keys(
    settings: &Settings,
    account: &Account,
    administrator: Option<AccessKey>,
    configured: Vec<ConfiguredKey>,
) -> Result<Arc<AccessKeys>, StartError> {
    let unknown = if settings.dev {
        UnknownKeys::Administrator(account.clone())
    } else {
        UnknownKeys::Refused
    };
    let keys = AccessKeys::new(administrator, configured, unknown);
    keys.map(Arc::new)
        .map_err(|cause| StartError::Configuration(anyhow!(cause)))
}
