//! Which types of events are turned on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use thingsmith_model::{Realm, Timestamp};
use thingsmith_ports::Batch;
use tracing::warn;

use super::{EventType, rows};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::Tries;
use crate::{Deeds, Fault};

/// The event configurations of a realm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventConfigurations {
    /// Whether each type of event is published; every type is there.
    pub enabled: BTreeMap<EventType, bool>,
    /// When the first was set; none while none ever was.
    pub created_at: Option<Timestamp>,
    /// When one was last set.
    pub modified_at: Option<Timestamp>,
}

/// Turns types of events on and off. Those that are not named stay as they are.
///
/// # Errors
/// When the store fails.
pub async fn update_event_configurations(
    deeds: &Deeds,
    realm: &RealmRecord,
    enabled: &BTreeMap<EventType, bool>,
) -> Result<(), Fault> {
    let tries = Tries::default();
    loop {
        let mut batch = Batch::new();
        for (event_type, enabled) in enabled {
            rows::set(
                &mut batch,
                realm.realm,
                *event_type,
                *enabled,
                deeds.clock().now(),
            );
        }
        let change = Change::Unseen(realm.realm.0);
        let outcome = deeds.commit_change(batch, realm.realm, change, &tries).await;
        let done = tries.settle_change(deeds.store(), outcome).await;
        deeds.event_configurations().forget(realm.realm);
        if done?.is_some() {
            return Ok(());
        }
    }
}

/// Reads which types of events are turned on. All are off by default.
///
/// # Errors
/// When the store fails.
pub async fn describe_event_configurations(
    deeds: &Deeds,
    realm: &RealmRecord,
) -> Result<EventConfigurations, Fault> {
    let set = rows::all(deeds.store(), realm.realm).await?;
    let mut enabled: BTreeMap<_, _> = EventType::ALL.iter().map(|it| (*it, false)).collect();
    enabled.extend(set.iter().map(|it| (it.event_type, it.enabled)));
    Ok(EventConfigurations {
        enabled,
        created_at: set.iter().map(|it| it.created_at).min(),
        modified_at: set.iter().map(|it| it.modified_at).max(),
    })
}

/// What this node knows of the types that are turned on, so that a deed pays no read for an event that nobody wants.
#[derive(Default)]
pub(crate) struct Known {
    realms: Mutex<HashMap<Realm, (Timestamp, BTreeSet<EventType>)>>,
}

/// How old what is known may be. A change on this node is known at once.
const KEEP: Duration = Duration::from_secs(1);

/// Realms known at once.
const REMEMBERED: usize = 10_000;

impl Known {
    /// Whether events of a type are turned on. A store that does not answer turns them off: the change happened, and an
    /// event is not worth failing it.
    pub(crate) async fn enabled(&self, deeds: &Deeds, realm: Realm, event_type: EventType) -> bool {
        let now = deeds.clock().now();
        if let Some((at, enabled)) = self.lock().get(&realm)
            && *at <= now
            && now < at.plus(KEEP)
        {
            return enabled.contains(&event_type);
        }
        let set = match rows::all(deeds.store(), realm).await {
            Ok(set) => set,
            Err(error) => {
                warn!(%error, "event configurations could not be read: an event is lost");
                return false;
            }
        };
        let on = set.iter().filter(|it| it.enabled);
        let enabled: BTreeSet<_> = on.map(|it| it.event_type).collect();
        let wanted = enabled.contains(&event_type);
        let mut realms = self.lock();
        if realms.len() >= REMEMBERED {
            realms.clear();
        }
        realms.insert(realm, (now, enabled));
        wanted
    }

    pub(crate) fn forget(&self, realm: Realm) {
        self.lock().remove(&realm);
    }

    pub(crate) fn forget_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Realm, (Timestamp, BTreeSet<EventType>)>> {
        self.realms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
