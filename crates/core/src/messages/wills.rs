//! Last wills: the message of a client whose connection ends without its leave.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use thingsmith_model::{Realm, Timestamp};
use thingsmith_mqtt::{Message, Qos};

use super::{publish, refusal};
use crate::connections::{Answer, Principal};
use crate::rules::Origin;
use crate::{Deeds, Fault};

/// A will and whose it is.
pub struct Will {
    /// Who is to have published it.
    pub principal: Principal,
    /// Where its connection came from.
    pub peer: SocketAddr,
    /// The message, with its retain flag.
    pub message: Message,
    /// With which quality of service.
    pub qos: Qos,
}

/// What became of a will.
pub enum Executed {
    /// It was published.
    Published,
    /// Its client may not publish it.
    Denied {
        /// Who.
        principal: Box<Principal>,
        /// The action that it lacks.
        action: &'static str,
        /// Why.
        answer: Answer,
    },
}

impl Will {
    /// Publishes it, if its client may still do so.
    ///
    /// # Errors
    /// When the store fails, or the message is not to be retained any more.
    pub async fn execute(mut self, deeds: &Deeds) -> Result<Executed, Fault> {
        if let Some((action, answer)) = refusal(&mut self.principal, &self.message).await? {
            let principal = Box::new(self.principal);
            return Ok(Executed::Denied {
                principal,
                action,
                answer,
            });
        }
        self.principal.enrich(&mut self.message);
        let realm = self.principal.realm().realm;
        let origin = Origin::Device {
            principal: &self.principal,
            subscriber: None,
        };
        publish(deeds, realm, self.message, self.qos, origin).await?;
        Ok(Executed::Published)
    }
}

/// By realm and client id, when each is due.
type ByClient = HashMap<(Realm, Arc<str>), (Timestamp, Will)>;

/// The wills that wait for their delay to be over (MQTT 5, 3.1.3.2.2). They are of this node and end with it.
#[derive(Default)]
pub struct PendingWills {
    waiting: Mutex<ByClient>,
}

impl PendingWills {
    /// Lets a will wait from `now` on. One of the same client id that waits already is given back: its session is over.
    pub fn wait(&self, will: Will, now: Timestamp, delay: Duration) -> Option<Will> {
        let key = (will.principal.realm().realm, will.principal.client_id().into());
        let former = self.waiting().insert(key, (now.plus(delay), will));
        former.map(|(_, will)| will)
    }

    /// Takes out the will of a client that is back.
    pub fn take(&self, realm: Realm, client_id: &str) -> Option<Will> {
        self.waiting()
            .remove(&(realm, Arc::from(client_id)))
            .map(|(_, will)| will)
    }

    /// Takes out the wills whose delay is over.
    pub fn take_due(&self, now: Timestamp) -> Vec<Will> {
        let mut waiting = self.waiting();
        let due: Vec<_> = waiting
            .iter()
            .filter(|(_, (at, _))| *at <= now)
            .map(|(key, _)| key.clone())
            .collect();
        due.iter()
            .filter_map(|key| waiting.remove(key))
            .map(|(_, will)| will)
            .collect()
    }

    /// Takes out all of them: the node ends.
    pub fn take_all(&self) -> Vec<Will> {
        self.waiting().drain().map(|(_, (_, will))| will).collect()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting().is_empty()
    }

    fn waiting(&self) -> MutexGuard<'_, ByClient> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
