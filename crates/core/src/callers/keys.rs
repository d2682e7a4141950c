//! The access keys that a server knows.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest;
use lru::LruCache;
use thingsmith_model::{Account, Secret, Timestamp};
use thingsmith_policy::Document;
use thingsmith_sigv4::{Credential, SigningKey};
use thiserror::Error;

use super::{Caller, ClaimError, Identity, Lookup, Permission};
use crate::Deeds;
use crate::access_keys::AccessKey;

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
                role_arn: None,
                own: false,
                issued_at: None,
                variables: Vec::new(),
                permission: Permission::Policies {
                    documents: key.policies.into_iter().map(Arc::new).collect(),
                    narrowing: None,
                },
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

    /// Whom a credential claims to be, and by what that is to be proved. The configuration is asked first, then the
    /// registry, and only then what to make of a key that nobody knows.
    ///
    /// # Errors
    /// A key that is nobody's or may not be used, and a session that has ended.
    pub(super) async fn find(
        &self,
        deeds: &Deeds,
        access_key_id: &str,
        session_token: Option<&str>,
    ) -> Result<Found, ClaimError> {
        if let Some(found) = self.configured(access_key_id, session_token)? {
            return Ok(found);
        }
        let found = super::find(deeds, access_key_id, session_token).await?;
        self.judge(access_key_id, found)
    }

    /// As [`Self::find`], by what the registry says now: for whoever waits to hear of changes from here on.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub(crate) async fn find_anew(
        &self,
        deeds: &Deeds,
        access_key_id: &str,
        session_token: Option<&str>,
    ) -> Result<Found, ClaimError> {
        if let Some(found) = self.configured(access_key_id, session_token)? {
            return Ok(found);
        }
        let found = super::look_up(deeds, access_key_id, session_token).await?;
        self.judge(access_key_id, found)
    }

    fn configured(
        &self,
        access_key_id: &str,
        session_token: Option<&str>,
    ) -> Result<Option<Found>, ClaimError> {
        match (self.known.get(access_key_id), session_token) {
            // It is no session's: a token beside it belongs to somebody else's key.
            (Some(_), Some(_)) => Err(ClaimError::UnknownKey),
            (Some(known), None) => Ok(Some(Found {
                caller: Arc::clone(&known.caller),
                proof: Some(Proof::Configured),
            })),
            (None, _) => Ok(None),
        }
    }

    fn judge(&self, access_key_id: &str, found: Lookup) -> Result<Found, ClaimError> {
        match found {
            Lookup::Found(identity) => Ok(Found {
                caller: Arc::new(Caller::known(access_key_id, &identity)),
                proof: Some(Proof::Registered(identity)),
            }),
            Lookup::Expired => Err(ClaimError::ExpiredToken),
            Lookup::Unusable => Err(ClaimError::UnknownKey),
            Lookup::Unknown => match self.stranger(access_key_id) {
                Some(caller) => Ok(Found {
                    caller: Arc::new(caller),
                    proof: None,
                }),
                None => Err(ClaimError::UnknownKey),
            },
        }
    }

    /// What is made of a key that nobody knows.
    fn stranger(&self, access_key_id: &str) -> Option<Caller> {
        match &self.unknown {
            UnknownKeys::Refused => None,
            UnknownKeys::Administrator(default) => {
                let account = access_key_id.parse().unwrap_or_else(|_| default.clone());
                Some(Caller::administrator(access_key_id, account))
            }
        }
    }

    /// The secret by which a link of Signature Version 2 must have been signed.
    pub(super) fn secret<'a>(&'a self, access_key_id: &str, proof: &'a Proof) -> Option<&'a str> {
        Some(match proof {
            Proof::Configured => self.known.get(access_key_id)?.secret.expose_secret(),
            Proof::Registered(identity) => identity.secret.expose_secret(),
        })
    }

    /// The key that a credential must have signed with.
    pub(super) fn signing_key(&self, credential: &Credential, proof: &Proof) -> Option<SigningKey> {
        let remembered = self
            .signing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(credential)
            .cloned();
        remembered.or_else(|| {
            let secret = match proof {
                Proof::Configured => &self.known.get(&credential.access_key_id)?.secret,
                Proof::Registered(identity) => &identity.secret,
            };
            Some(SigningKey::derive(secret.expose_secret(), &credential.scope))
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
pub(crate) struct Found {
    pub(crate) caller: Arc<Caller>,
    /// Whose secret the signature must be made with; none where it proves nothing.
    pub(crate) proof: Option<Proof>,
}

impl Found {
    /// The user or role and the managed policies that this was read from, by their numbers.
    pub(crate) fn read_from(&self) -> &[i64] {
        match &self.proof {
            Some(Proof::Registered(identity)) => &identity.read_from,
            Some(Proof::Configured) | None => &[],
        }
    }

    /// When its session ends.
    pub(crate) fn expires_at(&self) -> Option<Timestamp> {
        match &self.proof {
            Some(Proof::Registered(identity)) => identity.expires_at,
            Some(Proof::Configured) | None => None,
        }
    }
}

/// Where the secret is that a signature must be made with.
pub(crate) enum Proof {
    /// In the configuration, or it is the administrator's.
    Configured,
    /// In the registry.
    Registered(Arc<Identity>),
}

/// An id in the form of IAM's, the same at every start: `AIDA` and 16 characters.
fn user_id(account: &Account, name: &str) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digest = digest::digest(&digest::SHA256, format!("{account}/{name}").as_bytes());
    let id: String = digest
        .as_ref()
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
        assert!(strict.stranger("AKIA2").is_none());

        let development = UnknownKeys::Administrator(Account::development());
        let lenient = AccessKeys::new(None, vec![key("AKIA1")], development).unwrap();
        let found = lenient.stranger("test").unwrap();
        assert_eq!(found.arn, "arn:aws:iam::000000000000:root");
        assert_eq!(
            lenient.stranger("123456789012").unwrap().account.as_str(),
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
