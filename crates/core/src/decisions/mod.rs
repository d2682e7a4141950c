//! Decision records: why somebody was refused.
//!
//! The wire tells a device nothing, so what was asked and what decided is kept here for whoever runs the server. The
//! records stand in memory, in a bounded ring; what strangers cause has a ring of its own, so that it pushes out nothing
//! that concerns a registered device. They hold no payloads, no tokens and no secrets, and of the values that policies
//! see only those of [`VARIABLES`](crate::connections::Principal::variables).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use thingsmith_model::{CertificateId, Realm, Timestamp};
use thingsmith_policy::Verdict;

use crate::acting;
use crate::connections::{Answer, Principal};
use crate::realms::RealmRecord;

/// Records kept of connections whose realm is known.
const KEPT: usize = 4096;
/// Records kept of others.
const KEPT_OF_STRANGERS: usize = 1024;
/// Most characters of a text in a record; what strangers send has no other bound.
const TEXT: usize = 300;
/// Most characters of a reason, which may quote a refusal of the registry.
const REASON: usize = 800;

/// How far somebody came that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Before a word: too many handshakes under way.
    Accept,
    /// TLS, up to the verdict over the certificate.
    Handshake,
    /// A certificate that nobody registered: the CA certificate that signed it.
    Authority,
    /// A certificate registered just in time: until somebody activates it.
    Registration,
    /// A device provisioned by a template just in time.
    Provisioning,
    /// A device that asks for a certificate of its own by a claim, or registers with it.
    FleetProvisioning,
    /// The first bytes after it: which protocol, and whether it may be spoken so.
    Protocol,
    /// The signature of a request, such as the one that begins a WebSocket.
    Signature,
    /// MQTT CONNECT.
    Connect,
    /// An MQTT PUBLISH.
    Publish,
    /// An MQTT SUBSCRIBE.
    Subscribe,
    /// A last will, when it was to be published.
    Will,
    /// The delivery of a message.
    Receive,
    /// Something changed, and it was asked anew whether a connection may stay.
    Stay,
    /// A message published over HTTPS.
    Https,
    /// A call of the AWS API.
    Api,
}

impl Stage {
    /// Every stage.
    pub const ALL: &'static [Self] = &[
        Self::Accept,
        Self::Handshake,
        Self::Authority,
        Self::Registration,
        Self::Provisioning,
        Self::FleetProvisioning,
        Self::Protocol,
        Self::Signature,
        Self::Connect,
        Self::Publish,
        Self::Subscribe,
        Self::Will,
        Self::Receive,
        Self::Stay,
        Self::Https,
        Self::Api,
    ];

    /// Its name, as in the records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Handshake => "handshake",
            Self::Authority => "authority",
            Self::Registration => "registration",
            Self::Provisioning => "provisioning",
            Self::FleetProvisioning => "fleet_provisioning",
            Self::Protocol => "protocol",
            Self::Signature => "signature",
            Self::Connect => "connect",
            Self::Publish => "publish",
            Self::Subscribe => "subscribe",
            Self::Will => "will",
            Self::Receive => "receive",
            Self::Stay => "stay",
            Self::Https => "https",
            Self::Api => "api",
        }
    }
}

/// A refusal and what decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// When, in milliseconds since the epoch.
    pub timestamp: i64,
    /// How far it came.
    pub stage: Stage,
    /// Why it was refused.
    pub reason: String,
    /// The realm, by its number.
    #[serde(skip)]
    pub realm: Option<Realm>,
    /// The account, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The region, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Who asked: an address and a port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// The server name that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// The client id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_id: Option<String>,
    /// The registered CA certificate that signed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_certificate_id: Option<String>,
    /// The certificate that was to become the device's own, where the one it connected with is a claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_certificate_id: Option<String>,
    /// The step of provisioning at which it failed: `template`, `parameters`, `role` or `resources`, and by a claim also
    /// `payload`, `limits`, `certificate`, `token` or `admission`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_step: Option<&'static str>,
    /// The thing it acts as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thing: Option<String>,
    /// Who signed, for the API or the gateway: the principal's ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// The access key that it signed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// The action asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// On what: a topic, a filter, a client id, an ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The statement that decided, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// What policies saw.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<(&'static str, String)>,
}

impl Decision {
    /// A refusal of which nothing more is known.
    pub fn new(stage: Stage, reason: impl Into<String>) -> Self {
        Self {
            timestamp: 0,
            stage,
            reason: reason.into(),
            realm: None,
            account: None,
            region: None,
            peer: None,
            server_name: None,
            client_id: None,
            certificate_id: None,
            ca_certificate_id: None,
            device_certificate_id: None,
            template_step: None,
            thing: None,
            caller: None,
            access_key_id: None,
            action: None,
            resource: None,
            statement: None,
            variables: Vec::new(),
        }
    }

    /// The same with the realm it happened in.
    #[must_use]
    pub fn in_realm(mut self, realm: &RealmRecord) -> Self {
        self.realm = Some(realm.realm);
        self.account = Some(realm.account.to_string());
        self.region = Some(realm.region.to_string());
        self
    }

    /// The same with who asked.
    #[must_use]
    pub fn from_peer(mut self, peer: SocketAddr) -> Self {
        self.peer = Some(peer.to_string());
        self
    }

    /// The same with the server name that was asked for.
    #[must_use]
    pub fn to_server(mut self, server_name: Option<&str>) -> Self {
        self.server_name = server_name.map(str::to_owned);
        self
    }

    /// The same with the certificate that was shown.
    #[must_use]
    pub fn with_certificate(mut self, id: CertificateId) -> Self {
        self.certificate_id = Some(id.to_string());
        self
    }

    /// The same with what was asked for.
    #[must_use]
    pub fn about(mut self, action: &str, resource: &str) -> Self {
        self.action = Some(action.to_owned());
        self.resource = Some(resource.to_owned());
        self
    }

    /// That a principal may not do what it wants.
    pub fn denied(
        stage: Stage,
        principal: &Principal,
        peer: SocketAddr,
        action: &str,
        resource: &str,
        answer: &Answer,
    ) -> Self {
        let statement = answer.decided_by.as_ref().map(|by| {
            format!(
                "statement {} of policy {} version {}",
                by.statement, by.policy, by.version
            )
        });
        let reason = match (principal.caller(), &statement, answer.active) {
            (Some(_), _, false) => "the access key is not good any more, or its session has ended".to_owned(),
            (None, _, false) => "the certificate is not active any more".to_owned(),
            (Some(caller), _, true) => acting::refusal(
                &caller.arn,
                action,
                resource,
                match answer.denied_explicitly {
                    true => Verdict::ExplicitDeny,
                    false => Verdict::ImplicitDeny,
                },
            ),
            (None, Some(statement), true) => format!("denied by {statement}"),
            (None, None, true) => "no statement of an attached policy allows it".to_owned(),
        };
        let client_id = Some(principal.client_id()).filter(|id| !id.is_empty());
        Self {
            client_id: client_id.map(str::to_owned),
            thing: principal.thing_name().map(str::to_owned),
            statement,
            variables: principal.variables(),
            certificate_id: principal.certificate_id().map(|id| id.to_string()),
            caller: principal.caller().map(|caller| caller.arn.clone()),
            access_key_id: principal.caller().map(|caller| caller.access_key_id.clone()),
            ..Self::new(stage, reason)
                .in_realm(principal.realm())
                .from_peer(peer)
                .to_server(principal.server_name())
                .about(action, resource)
        }
    }

    /// Whether this is about a client id, a certificate id, a thing, an access key, its holder's ARN or an address.
    pub fn concerns(&self, whom: &str) -> bool {
        let is = |text: &Option<String>| text.as_deref() == Some(whom);
        let from = self.peer.as_deref().is_some_and(|peer| {
            let address = peer.parse::<SocketAddr>().map(|peer| peer.ip());
            peer == whom || address.is_ok_and(|address| whom.parse() == Ok(address))
        });
        let certificate = is(&self.certificate_id) || is(&self.device_certificate_id);
        let caller = is(&self.caller) || is(&self.access_key_id);
        is(&self.client_id) || certificate || is(&self.thing) || caller || from
    }

    fn bound(&mut self) {
        let cut_to = |text: &mut String, most: usize| {
            if let Some((at, _)) = text.char_indices().nth(most) {
                text.truncate(at);
                text.push('…');
            }
        };
        let cut = |text: &mut String| cut_to(text, TEXT);
        cut_to(&mut self.reason, REASON);
        for text in [
            &mut self.server_name,
            &mut self.client_id,
            &mut self.caller,
            &mut self.access_key_id,
            &mut self.action,
            &mut self.resource,
        ]
        .into_iter()
        .flatten()
        {
            cut(text);
        }
        for (_, value) in &mut self.variables {
            cut(value);
        }
    }
}

/// The latest refusals on this node.
#[derive(Default)]
pub struct Decisions {
    rings: Mutex<Rings>,
}

#[derive(Default)]
struct Rings {
    /// Numbers the records, from 1.
    last: u64,
    known: VecDeque<(u64, Arc<Decision>)>,
    strangers: VecDeque<(u64, Arc<Decision>)>,
}

impl Decisions {
    /// Keeps a record. The oldest goes when there is no more room.
    pub fn record(&self, mut decision: Decision, at: Timestamp) {
        decision.timestamp = at.as_millis();
        decision.bound();
        let mut rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        rings.last += 1;
        let number = rings.last;
        let (ring, kept) = match decision.realm {
            Some(_) => (&mut rings.known, KEPT),
            None => (&mut rings.strangers, KEPT_OF_STRANGERS),
        };
        if ring.len() >= kept {
            ring.pop_front();
        }
        ring.push_back((number, Arc::new(decision)));
    }

    /// The records about somebody, oldest first.
    pub fn about(&self, whom: &str) -> Vec<Arc<Decision>> {
        self.select(|_, decision| decision.concerns(whom))
            .into_iter()
            .map(|(_, decision)| decision)
            .collect()
    }

    /// The records of one realm, oldest first.
    pub fn in_realm(&self, realm: Realm) -> Vec<Arc<Decision>> {
        self.select(|_, decision| decision.realm == Some(realm))
            .into_iter()
            .map(|(_, decision)| decision)
            .collect()
    }

    /// Records with a number above `after`, with their numbers, in their order.
    pub fn since(&self, after: u64) -> Vec<(u64, Arc<Decision>)> {
        self.select(|number, _| number > after)
    }

    fn select(&self, wanted: impl Fn(u64, &Decision) -> bool) -> Vec<(u64, Arc<Decision>)> {
        let rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<_> = rings
            .known
            .iter()
            .chain(&rings.strangers)
            .filter(|(number, decision)| wanted(*number, decision))
            .map(|(number, decision)| (*number, Arc::clone(decision)))
            .collect();
        drop(rings);
        found.sort_unstable_by_key(|(number, _)| *number);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(realm: Option<i64>, client_id: &str) -> Decision {
        Decision {
            realm: realm.map(Realm),
            client_id: Some(client_id.into()),
            peer: Some("127.0.0.1:5000".into()),
            ..Decision::new(Stage::Connect, "no")
        }
    }

    const NOW: Timestamp = Timestamp::from_millis(7);

    #[test]
    fn strangers_push_out_nothing_that_concerns_a_device() {
        let decisions = Decisions::default();
        decisions.record(of(Some(1), "pump"), NOW);
        for _ in 0..KEPT_OF_STRANGERS + 10 {
            decisions.record(of(None, "x"), NOW);
        }
        assert_eq!(decisions.about("pump").len(), 1);
        assert_eq!(decisions.about("x").len(), KEPT_OF_STRANGERS);
        assert_eq!(decisions.about("127.0.0.1").len(), KEPT_OF_STRANGERS + 1);
        assert_eq!(decisions.about("127.0.0.2").len(), 0);
    }

    #[test]
    fn records_are_read_within_their_realm_and_in_their_order() {
        let decisions = Decisions::default();
        for (realm, client_id) in [(Some(1), "a"), (None, "b"), (Some(2), "c"), (Some(1), "d")] {
            decisions.record(of(realm, client_id), NOW);
        }
        let ids = |found: Vec<Arc<Decision>>| -> Vec<String> {
            found
                .iter()
                .filter_map(|decision| decision.client_id.clone())
                .collect()
        };
        assert_eq!(ids(decisions.in_realm(Realm(1))), ["a", "d"]);
        let since = decisions.since(1).into_iter();
        assert_eq!(
            ids(since.map(|(_, decision)| decision).collect()),
            ["b", "c", "d"]
        );
    }

    #[test]
    fn what_strangers_send_is_cut() {
        let decisions = Decisions::default();
        decisions.record(of(None, &"é".repeat(10_000)), NOW);
        let (_, kept) = decisions.since(0).pop().unwrap();
        assert_eq!(kept.client_id.as_ref().unwrap().chars().count(), TEXT + 1);
    }
}
