//! Lifecycle events: who connects, disconnects, subscribes (guide, "Lifecycle events"). They are always on.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;
use serde_json::{Map, Value, json};
use thingsmith_model::{Realm, Timestamp};

use super::send;
use crate::Deeds;
use crate::connections::Principal;

/// How long after it went a client is forgotten and its version begins anew (guide: about an hour).
const FORGOTTEN: Duration = Duration::from_secs(3600);
/// Clients whose versions are remembered; those that were seen longest ago are forgotten sooner.
const REMEMBERED: usize = 200_000;

/// How often each client has connected.
pub(crate) struct Versions {
    known: Mutex<LruCache<(Realm, String), Version>>,
}

#[derive(Clone, Copy)]
struct Version {
    number: u64,
    /// When its connection ended; none while there is one.
    ended: Option<Timestamp>,
}

impl Default for Versions {
    fn default() -> Self {
        Self {
            // Bounded below: a cache with a bound of its own takes the room for all of them at once.
            known: Mutex::new(LruCache::unbounded()),
        }
    }
}

impl Versions {
    fn next(&self, realm: Realm, client_id: &str, now: Timestamp) -> u64 {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (realm, client_id.to_owned());
        let number = match known.get(&key) {
            Some(Version {
                ended: Some(ended), ..
            }) if now >= ended.plus(FORGOTTEN) => 0,
            Some(version) => version.number + 1,
            None => 0,
        };
        known.put(key, Version { number, ended: None });
        if known.len() > REMEMBERED {
            known.pop_lru();
        }
        number
    }

    fn ended(&self, realm: Realm, client_id: &str, number: u64, now: Timestamp) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(version) = known.get_mut(&(realm, client_id.to_owned()))
            && version.number == number
        {
            version.ended = Some(now);
        }
    }
}

/// One connection, as its events name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    session: String,
    version: u64,
}

impl Lifecycle {
    /// A connection that begins: it has a session identifier and the client's next version.
    pub fn begin(deeds: &Deeds, principal: &Principal) -> Self {
        let now = deeds.clock().now();
        let version = deeds
            .versions()
            .next(principal.realm().realm, principal.client_id(), now);
        Self {
            session: deeds.uuid().to_string(),
            version,
        }
    }

    /// Tells that a client is connected.
    pub async fn connected(&self, deeds: &Deeds, principal: &Principal) {
        let members = || json!({"ipAddress": address(principal), "versionNumber": self.version});
        self.tell(deeds, principal, "presence/connected", "connected", members)
            .await;
    }

    /// Tells that a client may not connect.
    pub async fn connect_failed(deeds: &Deeds, principal: &Principal) {
        let lifecycle = Self {
            session: deeds.uuid().to_string(),
            version: 0,
        };
        let members =
            || json!({"connectFailureReason": "AUTHORIZATION_FAILED", "ipAddress": address(principal)});
        lifecycle
            .tell(
                deeds,
                principal,
                "presence/connect_failed",
                "connect_failed",
                members,
            )
            .await;
    }

    /// Tells that its connection has ended. `reason` is AWS's `disconnectReason`.
    pub async fn disconnected(&self, deeds: &Deeds, principal: &Principal, reason: &str, by_client: bool) {
        let now = deeds.clock().now();
        deeds
            .versions()
            .ended(principal.realm().realm, principal.client_id(), self.version, now);
        self.tell(deeds, principal, "presence/disconnected", "disconnected", || {
            json!({
                "clientInitiatedDisconnect": by_client,
                "disconnectReason": reason,
                "versionNumber": self.version,
            })
        })
        .await;
    }

    /// Tells which filters of one SUBSCRIBE were granted.
    pub async fn subscribed(&self, deeds: &Deeds, principal: &Principal, filters: &[&str]) {
        let members = || json!({"topics": filters});
        self.tell(
            deeds,
            principal,
            "subscriptions/subscribed",
            "subscribed",
            members,
        )
        .await;
    }

    /// Tells which filters of one UNSUBSCRIBE are gone.
    pub async fn unsubscribed(&self, deeds: &Deeds, principal: &Principal, filters: &[&str]) {
        let members = || json!({"topics": filters});
        self.tell(
            deeds,
            principal,
            "subscriptions/unsubscribed",
            "unsubscribed",
            members,
        )
        .await;
    }

    async fn tell(
        &self,
        deeds: &Deeds,
        principal: &Principal,
        topic: &str,
        event_type: &str,
        members: impl FnOnce() -> Value,
    ) {
        let client_id = principal.client_id();
        // Guide: a client id with a wildcard has no events, since its topic could not be one.
        let realm = principal.realm().realm;
        let wanted = deeds.router().has_subscribers(realm) || deeds.rules().has_rules(realm);
        if client_id.contains(['#', '+', '\0']) || !wanted {
            return;
        }
        let mut body = Map::new();
        body.insert("clientId".into(), client_id.into());
        if let Some(thing) = principal.exclusive_thing() {
            body.insert("thingName".into(), thing.into());
        }
        body.insert("timestamp".into(), deeds.clock().now().as_millis().into());
        body.insert("eventType".into(), event_type.into());
        body.insert("sessionIdentifier".into(), self.session.as_str().into());
        body.insert("principalIdentifier".into(), principal.identifier().into());
        if let Value::Object(members) = members() {
            body.extend(members);
        }
        let topic = format!("$aws/events/{topic}/{client_id}");
        send(deeds, principal.realm(), &topic, &Value::Object(body)).await;
    }
}

fn address(principal: &Principal) -> Value {
    principal.source().map_or(Value::Null, Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_counts_connections_until_the_client_is_forgotten() {
        let versions = Versions::default();
        let at = Timestamp::from_seconds;
        let realm = Realm(1);
        assert_eq!(versions.next(realm, "pump", at(0)), 0);
        assert_eq!(versions.next(realm, "pump", at(1)), 1, "a takeover");
        versions.ended(realm, "pump", 0, at(2));
        assert_eq!(versions.next(realm, "pump", at(4_000)), 2, "it never was away");
        versions.ended(realm, "pump", 2, at(4_000));
        assert_eq!(versions.next(realm, "pump", at(7_599)), 3);
        versions.ended(realm, "pump", 3, at(8_000));
        assert_eq!(versions.next(realm, "pump", at(11_600)), 0);
        assert_eq!(versions.next(Realm(2), "pump", at(11_600)), 0);
    }
}
