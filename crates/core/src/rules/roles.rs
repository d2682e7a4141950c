//! By whose leave rules act.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thingsmith_model::{Realm, Timestamp};

use crate::acting::ActingRole;
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// How long what a role permits is believed, as it is of callers.
const FRESH: Duration = Duration::from_secs(1);
/// Roles remembered at once.
const REMEMBERED: usize = 1000;
/// The service that acts by the roles of rules.
const SERVICE: &str = "iot.amazonaws.com";

type ByArn = HashMap<(Realm, String), (Timestamp, Arc<ActingRole>)>;

/// What the roles of rules permit, as it was read within the last second.
#[derive(Default)]
pub(super) struct Roles {
    known: Mutex<ByArn>,
}

impl Roles {
    pub(super) fn forget(&self) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The role that an action of a rule names.
    ///
    /// # Errors
    /// `InvalidRequestException` when it is not there or does not trust AWS IoT.
    pub(super) async fn assume(
        &self,
        deeds: &Deeds,
        realm: &RealmRecord,
        role_arn: &str,
    ) -> Result<Arc<ActingRole>, Fault> {
        let now = deeds.clock().now();
        let key = (realm.realm, role_arn.to_owned());
        {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((at, role)) = known.get(&key)
                && now < at.plus(FRESH)
            {
                return Ok(Arc::clone(role));
            }
        }
        let role = ActingRole::assume(deeds, realm, "roleArn", role_arn, SERVICE, SESSION).await?;
        let role = Arc::new(role);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(key, (now, Arc::clone(&role)));
        Ok(role)
    }
}

/// The session's name in refusals.
pub(super) const SESSION: &str = "topic-rule";
