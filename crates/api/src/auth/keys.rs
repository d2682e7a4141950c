//! The access keys that a server knows.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use sha2::{Digest, Sha256};
use thingsmith_core::access_keys::AccessKey;
use thingsmith_model::{Account, Secret};
use thingsmith_policy::Document;
use thingsmith_sigv4::{Credential, SigningKey};
use thiserror::Error;

use super::{Caller, Permission};

/// The access keys that a server knows, and what it makes of others.
pub struct AccessKeys {
    known: HashMap<String, Known>,
    unknown: UnknownKeys,
    signing: Mutex<LruCache<Credential, SigningKey>>,
}

struct Known {
    secret: Secret<String>,
    caller: Arc<Caller>,
}

/// What a server makes of a key that it does not know.
#[derive(Debug, Clone)]
pub enum UnknownKeys {
    /// It refuses the request.
    Refused,
    /// A development server takes it for the administrator's, unverified: of the account that it names where it is
    /// twelve digits, else of this one.
    Administrator(Account),
}

/// A key from the configuration.
#[derive(Debug, Clone)]
pub struct ConfiguredKey {
    /// The access key id.
    pub access_key_id: String,
    /// Its secret.
    pub secret: Secret<String>,
    /// The account that it belongs to.
    pub account: Account,
    /// The name of its user.
    pub name: String,
    /// What it may do: IAM policies. Without any it may do nothing.
    pub policies: Vec<Document>,
}

/// Why keys cannot be used together.
#[derive(Debug, Error)]
pub enum KeysError {
    /// Two keys have the same id.
    #[error("the access key {0} is given twice")]
    Twice(String),
}

/// Signing keys remembered. One key of a caller makes one for each day, region and service.
const SIGNING_KEYS: NonZeroUsize = NonZeroUsize::new(1024).expect("it is not zero");

impl AccessKeys {
    /// The administrator's key, where there is one, and those of the configuration.
    ///
    /// # Errors
    /// [`KeysError::Twice`]
    pub fn new(
        administrator: Option<AccessKey>,
        configured: Vec<ConfiguredKey>,
        unknown: UnknownKeys,
    ) -> Result<Self, KeysError> {
        let administrator = administrator.map(|key| {
            let caller = Caller::administrator(&key.access_key_id, key.account);
            (key.secret, caller)
        });
        let configured = configured.into_iter().map(|key| {
            let caller = Caller {
                arn: format!("arn:aws:iam::{}:user/{}", key.account, key.name),
                user_id: user_id(&key.account, &key.name),
                user_name: Some(key.name),
                permission: Permission::Policies(key.policies.into()),
                account: key.account,
                access_key_id: key.access_key_id,
            };
            (key.secret, caller)
        });
        let mut known = HashMap::new();
        for (secret, caller) in administrator.into_iter().chain(configured) {
            let id = caller.access_key_id.clone();
            let caller = Arc::new(caller);
            if known.insert(id.clone(), Known { secret, caller }).is_some() {
                return Err(KeysError::Twice(id));
            }
        }
        Ok(Self {
            known,
            unknown,
            signing: Mutex::new(LruCache::new(SIGNING_KEYS)),
        })
    }

    /// Whom a credential claims to be, and whether that is to be proved.
    pub(super) fn find(&self, access_key_id: &str) -> Option<Found> {
        if let Some(known) = self.known.get(access_key_id) {
            return Some(Found {
                caller: Arc::clone(&known.caller),
                proof: true,
            });
        }
        match &self.unknown {
            UnknownKeys::Refused => None,
            UnknownKeys::Administrator(default) => {
                let account = access_key_id.parse().unwrap_or_else(|_| default.clone());
                let caller = Arc::new(Caller::administrator(access_key_id, account));
                Some(Found { caller, proof: false })
            }
        }
    }

    /// The key that a known credential must have signed with.
    pub(super) fn signing_key(&self, credential: &Credential) -> Option<SigningKey> {
        let remembered = self
            .signing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(credential)
            .cloned();
        remembered.or_else(|| {
            let known = self.known.get(&credential.access_key_id)?;
            Some(SigningKey::derive(
                known.secret.expose_secret(),
                &credential.scope,
            ))
        })
    }

    /// Remembers a key that verified. What strangers make up is not remembered, so that they displace nothing.
    pub(super) fn remember(&self, credential: &Credential, key: SigningKey) {
        let mut signing = self.signing.lock().unwrap_or_else(PoisonError::into_inner);
        if !signing.contains(credential) {
            signing.put(credential.clone(), key);
        }
    }
}

/// Whom a credential claims to be.
pub(super) struct Found {
    pub(super) caller: Arc<Caller>,
    /// Whether the signature must verify.
    pub(super) proof: bool,
}

/// An id in the form of IAM's, the same at every start: `AIDA` and 16 characters.
fn user_id(account: &Account, name: &str) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digest = Sha256::digest(format!("{account}/{name}"));
    let id: String = digest
        .iter()
        .take(16)
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect();
    format!("AIDA{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str) -> ConfiguredKey {
        ConfiguredKey {
            access_key_id: id.into(),
            secret: Secret::new("secret".into()),
            account: Account::development(),
            name: "line-1".into(),
            policies: Vec::new(),
        }
    }

    #[test]
    fn a_key_is_given_once() {
        let twice = AccessKeys::new(None, vec![key("AKIA1"), key("AKIA1")], UnknownKeys::Refused);
        assert!(matches!(twice, Err(KeysError::Twice(id)) if id == "AKIA1"));
    }

    #[test]
    fn an_unknown_key_is_nobody_or_an_administrator_unproved() {
        let strict = AccessKeys::new(None, vec![key("AKIA1")], UnknownKeys::Refused).unwrap();
        assert!(strict.find("AKIA2").is_none());
        assert!(strict.find("AKIA1").unwrap().proof);

        let development = UnknownKeys::Administrator(Account::development());
        let lenient = AccessKeys::new(None, vec![key("AKIA1")], development).unwrap();
        assert!(lenient.find("AKIA1").unwrap().proof);
        let found = lenient.find("test").unwrap();
        assert!(!found.proof);
        assert_eq!(found.caller.arn, "arn:aws:iam::000000000000:root");
        assert_eq!(
            lenient.find("123456789012").unwrap().caller.account.as_str(),
            "123456789012"
        );
    }

    #[test]
    fn a_user_has_one_id() {
        let account = Account::development();
        let id = user_id(&account, "line-1");
        assert_eq!(id.len(), 20);
        assert!(id.starts_with("AIDA"));
        assert_eq!(id, user_id(&account, "line-1"));
        assert_ne!(id, user_id(&account, "line-2"));
    }
}
