//! Whose an access key is, and what its holder may do.
//!
//! What was looked up is believed for a second: a caller in steady state costs a read a second and none for each request,
//! and a change bites within a second on every node; on the node that makes it at once.

mod caller;
mod claim;
mod facts;
mod keys;
mod lookup;

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest;
use lru::LruCache;
use thingsmith_model::{Account, Secret, Timestamp};
use thingsmith_policy::Document;

pub use caller::{Caller, Permission};
pub use claim::{Claim, ClaimError, ProvenHead, claim, prove_link};
pub use facts::RequestFacts;
pub use keys::{AccessKeys, ConfiguredKey, KeysError, UnknownKeys};
pub(crate) use lookup::documents;

use crate::{Deeds, Fault};

/// How long what was looked up is believed.
const BELIEVED: Duration = Duration::from_secs(1);
/// Callers remembered at once.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not zero");

/// Roles of services remembered at once.
const REMEMBERED_ROLES: NonZeroUsize = NonZeroUsize::new(1000).expect("it is not zero");

/// Who signs with an access key.
#[derive(Debug)]
pub struct Identity {
    /// Its account.
    pub account: Account,
    /// Its ARN: a user's or a session's.
    pub arn: String,
    /// IAM's id of it; a session's is its role's with its name.
    pub user_id: String,
    /// The user's name; a session has none.
    pub user_name: Option<String>,
    /// The ARN of the session's role; a user has none.
    pub role_arn: Option<String>,
    /// Whether it is a session of the service's own, which reaches what customers do not.
    pub own: bool,
    /// What the key signs with.
    pub secret: Secret<String>,
    /// The policies of the user or role.
    pub documents: Arc<[Arc<Document>]>,
    /// The policies that narrow a session, where it was given any: it may do what both permit.
    pub narrowing: Option<Arc<[Arc<Document>]>>,
    /// When a session was made.
    pub issued_at: Option<Timestamp>,
    /// When a session ends.
    pub expires_at: Option<Timestamp>,
    /// What policies can ask of a session besides.
    pub variables: Vec<(String, String)>,
    /// The user or role and the managed policies that this was read from, by their numbers.
    pub read_from: Vec<i64>,
}

/// What was found of an access key.
#[derive(Debug, Clone)]
pub enum Lookup {
    /// No such key is known.
    Unknown,
    /// The key is known and may not be used: it is switched off, or its token is not its own.
    Unusable,
    /// The session has ended.
    Expired,
    /// This is who signs with it.
    Found(Arc<Identity>),
}

/// The callers that this node has seen lately.
pub(crate) struct Callers {
    seen: Mutex<Seen>,
}

struct Seen {
    /// Counted up by each change, so that what was read before one is not remembered after it.
    generation: u64,
    identities: LruCache<String, Entry>,
    /// The roles that services assumed, by account, service and ARN.
    roles: LruCache<RoleKey, (Timestamp, Arc<ServiceRole>)>,
}

/// Who assumes a role: the account, the service and the role's ARN.
pub(crate) type RoleKey = (Account, String, String);

/// A role that a service may assume.
#[derive(Debug)]
pub(crate) struct ServiceRole {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) documents: Arc<[Arc<Document>]>,
}

struct Entry {
    read_at: Timestamp,
    /// The SHA-256 of the session's token.
    token: Option<[u8; 32]>,
    identity: Arc<Identity>,
}

impl Default for Callers {
    fn default() -> Self {
        Self {
            seen: Mutex::new(Seen {
                generation: 0,
                identities: LruCache::new(REMEMBERED),
                roles: LruCache::new(REMEMBERED_ROLES),
            }),
        }
    }
}

impl Callers {
    /// Forgets everybody: something changed that may concern any of them.
    pub(crate) fn forget(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.generation += 1;
        seen.identities.clear();
        seen.roles.clear();
    }

    /// What was read lately of a role that a service assumes; else what to remember it with.
    pub(crate) fn recall_role(&self, key: &RoleKey, now: Timestamp) -> Result<Arc<ServiceRole>, u64> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = seen.generation;
        match seen.roles.get(key) {
            Some((read_at, role)) if *read_at <= now && now < read_at.plus(BELIEVED) => Ok(Arc::clone(role)),
            _ => Err(generation),
        }
    }

    /// Remembers a role as it was read at a time, unless something changed since.
    pub(crate) fn remember_role(
        &self,
        key: RoleKey,
        at: Timestamp,
        role: &Arc<ServiceRole>,
        generation: u64,
    ) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.generation == generation {
            seen.roles.put(key, (at, Arc::clone(role)));
        }
    }

    fn generation(&self) -> u64 {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .generation
    }

    fn recall(&self, access_key_id: &str, token: Option<&[u8; 32]>, now: Timestamp) -> Option<Arc<Identity>> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.identities.get(access_key_id) {
            // A clock that was turned back makes it old as well.
            Some(entry)
                if entry.read_at <= now && now < entry.read_at.plus(BELIEVED) && entry.bears(token) =>
            {
                Some(Arc::clone(&entry.identity))
            }
            _ => None,
        }
    }

    fn remember(&self, access_key_id: &str, entry: Entry, generation: u64) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.generation == generation {
            seen.identities.put(access_key_id.to_owned(), entry);
        }
    }
}

impl Entry {
    fn bears(&self, token: Option<&[u8; 32]>) -> bool {
        match (&self.token, token) {
            (None, None) => true,
            (Some(own), Some(given)) => aws_lc_rs::constant_time::verify_slices_are_equal(own, given).is_ok(),
            _ => false,
        }
    }
}

/// Whose an access key is, given the session token that came with it.
///
/// # Errors
/// When the store fails, or a secret was sealed with another seal key.
pub async fn find(deeds: &Deeds, access_key_id: &str, token: Option<&str>) -> Result<Lookup, Fault> {
    let now = deeds.clock().now();
    let recalled = deeds
        .callers()
        .recall(access_key_id, token.map(sha256).as_ref(), now);
    match recalled {
        Some(identity) => Ok(Lookup::Found(identity).at(now)),
        None => look_up(deeds, access_key_id, token).await,
    }
}

/// As [`find`], by what the store says now.
///
/// # Errors
/// As [`find`].
pub(crate) async fn look_up(
    deeds: &Deeds,
    access_key_id: &str,
    token: Option<&str>,
) -> Result<Lookup, Fault> {
    let now = deeds.clock().now();
    let generation = deeds.callers().generation();
    let found = match token {
        Some(token) => lookup::session(deeds, access_key_id, token).await?,
        None => lookup::user(deeds, access_key_id).await?,
    };
    if let Lookup::Found(identity) = &found {
        let entry = Entry {
            read_at: now,
            token: token.map(sha256),
            identity: Arc::clone(identity),
        };
        deeds.callers().remember(access_key_id, entry, generation);
    }
    Ok(found.at(now))
}

impl Lookup {
    fn at(self, now: Timestamp) -> Self {
        match self {
            Self::Found(identity) if identity.expires_at.is_some_and(|end| end <= now) => Self::Expired,
            found => found,
        }
    }
}

fn sha256(token: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    bytes
}
