//! What a node knows of functions: those of the configuration, and what it read of the others lately.
//!
//! What was read is believed for a second, so that a function that is called often costs a read a second, and a change
//! bites within a second on every node; on the node that makes it at once.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use lru::LruCache;
use thingsmith_model::{Realm, Secret, Timestamp};
use thingsmith_policy::TrustPolicy;
use thingsmith_ports::{FunctionKind, Runnable};

use super::events::Events;
use super::supplies::{NoSupplies, OfFunction};
use super::{Configured, Function, arn, environment_of, rows};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// How long what was read is believed.
const BELIEVED: Duration = Duration::from_secs(1);
/// Functions remembered at once.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1024).expect("it is not zero");

/// What a node knows of functions.
pub(crate) struct Known {
    configured: OnceLock<Vec<Configured>>,
    seen: Mutex<Seen>,
    /// Calls that nobody waits for.
    pub(super) events: Events,
}

struct Seen {
    /// Counts how often everything was forgotten, so that what was read before is not remembered after.
    generation: u64,
    callable: LruCache<(Realm, String), (Timestamp, Arc<Callable>)>,
    /// The ARNs of functions that were called here, by number.
    called: LruCache<i64, String>,
}

/// A function as it can be called.
pub(super) struct Callable {
    pub(super) runnable: Arc<Runnable>,
    /// Whom its policy permits; nothing for one of the configuration, which has none.
    pub(super) permits: Option<Vec<TrustPolicy>>,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            configured: OnceLock::new(),
            seen: Mutex::new(Seen {
                generation: 0,
                callable: LruCache::new(REMEMBERED),
                called: LruCache::new(REMEMBERED),
            }),
            events: Events::default(),
        }
    }
}

impl Known {
    /// Says which functions the configuration has. Only the first time counts.
    pub(crate) fn configure(&self, functions: Vec<Configured>) {
        let _ = self.configured.set(functions);
    }

    /// The function of the configuration with this name.
    pub(crate) fn configured(&self, realm: &RealmRecord, name: &str) -> Option<&Configured> {
        let mut all = self.configured.get().into_iter().flatten();
        all.find(|it| it.name == name && it.account == realm.account && it.region == realm.region)
    }

    /// Forgets what was read.
    pub(crate) fn forget(&self) {
        let mut seen = self.seen();
        seen.generation += 1;
        seen.callable.clear();
    }

    /// The ARN of a function that was called here.
    pub(crate) fn called(&self, number: i64) -> Option<String> {
        self.seen().called.get(&number).cloned()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The function of this name; nothing if there is none.
pub(super) async fn find(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &str,
) -> Result<Option<Arc<Callable>>, Fault> {
    let known = deeds.known_functions();
    if let Some(configured) = known.configured(realm, name) {
        return Ok(Some(Arc::new(of_configuration(realm, configured))));
    }
    let now = deeds.clock().now();
    let generation = {
        let mut seen = known.seen();
        match seen.callable.get(&(realm.realm, name.to_owned())) {
            // A clock that was turned back makes it old as well.
            Some((read_at, callable)) if *read_at <= now && now < read_at.plus(BELIEVED) => {
                return Ok(Some(Arc::clone(callable)));
            }
            _ => seen.generation,
        }
    };
    let Some(function) = rows::find(deeds.store(), realm.realm, name).await? else {
        return Ok(None);
    };
    let permissions = rows::permissions(deeds.store(), realm.realm, function.number).await?;
    // Each was read before it was kept; one that no longer reads must let nobody in.
    let permits = permissions.iter().filter_map(|it| it.trust().ok()).collect();
    let callable = Arc::new(Callable {
        permits: Some(permits),
        runnable: Arc::new(runnable(deeds, realm, &function)?),
    });
    let mut seen = known.seen();
    seen.called.put(function.number, callable.runnable.arn.clone());
    if seen.generation == generation {
        let entry = (now, Arc::clone(&callable));
        seen.callable.put((realm.realm, function.name), entry);
    }
    Ok(Some(callable))
}

fn of_configuration(realm: &RealmRecord, configured: &Configured) -> Callable {
    Callable {
        permits: None,
        runnable: Arc::new(Runnable {
            arn: arn(realm, &configured.name),
            name: configured.name.clone(),
            revision: "configured".to_owned(),
            kind: configured.kind.clone(),
            timeout: configured.timeout,
            supplies: Arc::new(NoSupplies),
        }),
    }
}

fn runnable(deeds: &Deeds, realm: &RealmRecord, function: &Function) -> Result<Runnable, Fault> {
    let environment: Vec<(String, Secret<String>)> = environment_of(deeds, function)?.into_iter().collect();
    Ok(Runnable {
        arn: function.arn(realm),
        name: function.name.clone(),
        revision: function.revision.clone(),
        kind: FunctionKind::Local {
            runtime: function.runtime.clone(),
            handler: function.handler.clone(),
            memory_mib: u32::try_from(function.memory_mib).unwrap_or(u32::MAX),
            environment,
        },
        timeout: Duration::from_secs(u64::try_from(function.timeout_seconds).unwrap_or_default()),
        supplies: Arc::new(OfFunction::new(deeds.world(), realm.realm, function)),
    })
}
