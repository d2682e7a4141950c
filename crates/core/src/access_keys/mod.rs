//! Access keys. Today there is one in the store, the administrator's; others are listed in the configuration.

pub mod rows;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thingsmith_model::{Account, Secret};
use thingsmith_ports::{Batch, Random};

use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// An access key with its secret.
#[derive(Debug, Clone)]
pub struct AccessKey {
    /// 20 characters, beginning with `AKIA`.
    pub access_key_id: String,
    /// The account it belongs to.
    pub account: Account,
    /// 40 characters.
    pub secret: Secret<String>,
}

impl AccessKey {
    /// Makes a new key.
    pub fn generate(account: Account, random: &dyn Random) -> Self {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let mut id = [0; 16];
        random.fill(&mut id);
        let id: String = id
            .iter()
            .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
            .collect();
        let mut secret = [0; 30];
        random.fill(&mut secret);
        Self {
            access_key_id: format!("AKIA{id}"),
            account,
            secret: Secret::new(STANDARD.encode(secret)),
        }
    }
}

/// The administrator's key, who may do all; `None` before the first start has made it.
///
/// # Errors
/// When the store fails or the seal key is not the one that sealed the secret.
pub async fn administrator(deeds: &Deeds) -> Result<Option<AccessKey>, Fault> {
    let Some(sealed) = rows::administrator(deeds.store()).await? else {
        return Ok(None);
    };
    let secret = deeds
        .world()
        .seal
        .open(&sealed.access_key_id, &sealed.sealed_secret)
        .map_err(Fault::internal)?;
    Ok(Some(AccessKey {
        account: sealed.account.parse()?,
        secret: Secret::new(String::from_utf8(secret.to_vec()).map_err(Fault::internal)?),
        access_key_id: sealed.access_key_id,
    }))
}

/// Keeps the administrator's key, unless there is one; gives back the one that is kept.
///
/// # Errors
/// As [`administrator`].
pub async fn keep_administrator(deeds: &Deeds, key: &AccessKey) -> Result<AccessKey, Fault> {
    let sealed = rows::Sealed {
        access_key_id: key.access_key_id.clone(),
        account: key.account.to_string(),
        sealed_secret: deeds
            .world()
            .seal
            .seal(&key.access_key_id, key.secret.expose_secret().as_bytes())
            .map_err(Fault::internal)?,
    };
    let tries = Tries::default();
    loop {
        let outcome = keep_once(deeds, &sealed).await;
        if let Some(kept) = tries.settle(outcome).await? {
            return Ok(kept);
        }
    }
}

/// Whether this node's key or another's was kept makes no difference, so that a commit that was not answered is none
/// either: the next try finds what is there.
async fn keep_once(deeds: &Deeds, sealed: &rows::Sealed) -> Result<AccessKey, Attempt> {
    if let Some(kept) = administrator(deeds).await? {
        return Ok(kept);
    }
    let mut batch = Batch::new();
    rows::insert_administrator(&mut batch, sealed);
    deeds.commit(batch).await?;
    let kept = administrator(deeds).await?;
    Ok(kept.ok_or_else(|| Fault::internal("the administrator's key vanished"))?)
}
