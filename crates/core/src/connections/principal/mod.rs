//! A connected principal and what its policies let it do.

mod answer;
mod facts;
mod known;

use std::net::IpAddr;
use std::sync::Arc;

use thingsmith_model::{CertificateId, Timestamp};
use thingsmith_mqtt::Message;
use thingsmith_policy::CertificateFacts;
use thingsmith_ports::StoreError;

pub use answer::{Answer, DecidingStatement};
pub(crate) use facts::certificate_facts;
pub(crate) use known::rights;
use known::{FRESH, Known, Who, decides_for, read, read_signatory};

use super::permitted::{Permitted, TopicAction};
use super::{Admission, Signatory, Watch, propagation};
use crate::Deeds;
use crate::callers::Caller;
use crate::outbox::Change;
use crate::realms::RealmRecord;

/// What a CONNECT says that policies ask for.
#[derive(Debug, Clone, Default)]
pub struct ConnectFacts {
    /// The client id; empty over HTTPS, which has none.
    pub client_id: String,
    /// The address it comes from.
    pub source: Option<IpAddr>,
    /// The server name it asked for.
    pub server_name: Option<String>,
    /// It asks for a session that outlives the connection.
    pub persistent: bool,
    /// The topic of its will.
    pub will_topic: Option<String>,
}

/// How somebody who connects proved who it is.
#[derive(Clone)]
pub enum Proof {
    /// With a certificate.
    Certificate(Admission),
    /// With the signature of an access key.
    Signature(Signatory),
}

/// Somebody who connected, with a certificate or with the signature of an access key.
pub struct Principal {
    deeds: Arc<Deeds>,
    realm: Arc<RealmRecord>,
    who: Who,
    certificate_id: Option<CertificateId>,
    certificate: Option<CertificateFacts>,
    connect: ConnectFacts,
    source: Option<String>,
    will_topic: Option<String>,
    known: Known,
    /// What was permitted by what is known.
    permitted: Permitted,
    watch: Watch,
    /// Announced changes that what is known takes into account.
    read_up_to: u64,
    /// Announced changes after which it was asked anew whether the principal may stay.
    considered_up_to: u64,
}

impl Principal {
    /// Looks up what decides for somebody who was admitted and now says who it is, unless the admission has just seen
    /// it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn new(
        deeds: Arc<Deeds>,
        proof: &mut Proof,
        connect: ConnectFacts,
    ) -> Result<Self, StoreError> {
        match proof {
            Proof::Certificate(admission) => Self::certified(deeds, admission, connect).await,
            Proof::Signature(signatory) => Self::signed(deeds, signatory.clone(), connect).await,
        }
    }

    async fn certified(
        deeds: Arc<Deeds>,
        admission: &mut Admission,
        connect: ConnectFacts,
    ) -> Result<Self, StoreError> {
        let now = deeds.clock().now();
        let who = match (admission.is_claim, admission.number, admission.certificate.id()) {
            (true, number, id) => Who::Claim { number, id },
            (false, number, _) => Who::Registered(number),
        };
        let seen = admission.seen.take();
        let mut moment = deeds.watches().moment();
        let known = match seen.filter(|seen| decides_for(&seen.grounds, &connect.client_id)) {
            Some(seen) if now < seen.at.plus(FRESH) => {
                moment = seen.moment;
                let grounds = Some(seen.grounds);
                Known::new(&deeds, &admission.realm, seen.at, grounds, &connect.client_id).await?
            }
            _ => None,
        };
        let known = match known {
            Some(known) => known,
            None => read(&deeds, &admission.realm, &who, &connect.client_id).await?,
        };
        let principal = Self::with(deeds, &admission.realm, who, known, connect);
        Ok(Self {
            certificate_id: Some(admission.certificate.id()),
            certificate: Some(certificate_facts(&admission.certificate)),
            ..principal
        }
        .watching(moment))
    }

    async fn signed(
        deeds: Arc<Deeds>,
        signatory: Signatory,
        connect: ConnectFacts,
    ) -> Result<Self, StoreError> {
        let moment = deeds.watches().moment();
        let known = read_signatory(&deeds, &signatory).await?;
        let realm = Arc::clone(signatory.realm());
        let principal = Self::with(deeds, &realm, Who::Signatory(signatory), known, connect);
        Ok(principal.watching(moment))
    }

    fn with(
        deeds: Arc<Deeds>,
        realm: &Arc<RealmRecord>,
        who: Who,
        known: Known,
        connect: ConnectFacts,
    ) -> Self {
        let watch = deeds.watches().watch();
        Self {
            realm: Arc::clone(realm),
            who,
            certificate_id: None,
            certificate: None,
            source: connect.source.map(|address| address.to_canonical().to_string()),
            will_topic: connect
                .will_topic
                .as_deref()
                .map(|topic| arn(realm, "topic", topic)),
            connect,
            known,
            permitted: Permitted::default(),
            watch,
            read_up_to: 0,
            considered_up_to: 0,
            deeds,
        }
    }

    fn watching(mut self, moment: u64) -> Self {
        self.watch_what_is_known(moment);
        self
    }

    fn watch_what_is_known(&mut self, moment: u64) {
        let objects = self.concerned_by().collect();
        self.watch.set(objects, moment);
        let over = [self.known.expires_at, self.ends_at()]
            .into_iter()
            .flatten()
            .min();
        self.watch.set_deadline(over);
    }

    /// When the connection is over whatever policies say.
    fn ends_at(&self) -> Option<Timestamp> {
        match &self.who {
            Who::Signatory(signatory) => Some(signatory.ends_at()),
            Who::Registered(_) | Who::Claim { .. } => None,
        }
    }

    /// Whether the connection has lasted as long as one of its kind may.
    pub fn is_over(&self) -> bool {
        let now = self.deeds.clock().now();
        self.ends_at().is_some_and(|ends_at| ends_at <= now)
    }

    /// Waits until something changed that may have to do with this principal and [`Self::may_stay`] was not asked since.
    /// Nothing is lost when it is dropped.
    pub async fn changed(&self) {
        self.watch.beyond(self.considered_up_to).await;
    }

    /// May it stay connected as it is: still connect, and still subscribe with these filters? Answers with the first
    /// refusal, its action and its resource.
    ///
    /// # Errors
    /// When the store fails. Then it counts as not asked.
    pub async fn may_stay<'f>(
        &mut self,
        filters: impl Iterator<Item = &'f str>,
    ) -> Result<Option<(&'static str, String, Answer)>, StoreError> {
        let changes = self.watch.count();
        let answer = self.may_connect().await?;
        if !answer.allowed {
            return Ok(Some(("iot:Connect", self.client_id().to_owned(), answer)));
        }
        for filter in filters {
            let answer = self.may_subscribe(filter).await?;
            if !answer.allowed {
                return Ok(Some(("iot:Subscribe", filter.to_owned(), answer)));
            }
        }
        self.considered_up_to = changes;
        Ok(None)
    }

    /// The realm it acts in.
    pub fn realm(&self) -> &Arc<RealmRecord> {
        &self.realm
    }

    /// The certificate it connected with; none of somebody who signed.
    pub fn certificate_id(&self) -> Option<CertificateId> {
        self.certificate_id
    }

    /// Who signed, if it connected so.
    pub fn caller(&self) -> Option<&Caller> {
        match &self.who {
            Who::Signatory(signatory) => Some(signatory.caller()),
            Who::Registered(_) | Who::Claim { .. } => None,
        }
    }

    /// AWS's `principalIdentifier`: the certificate's id, or IAM's id of who signed.
    pub fn identifier(&self) -> String {
        match (&self.certificate_id, self.caller()) {
            (Some(id), _) => id.to_string(),
            (None, Some(caller)) => caller.user_id.clone(),
            (None, None) => String::new(),
        }
    }

    /// The number of that certificate's registration.
    pub(crate) fn certificate_number(&self) -> Option<i64> {
        match self.who {
            Who::Registered(number) | Who::Claim { number, .. } => Some(number),
            Who::Signatory(_) => None,
        }
    }

    /// The server name it asked for.
    pub fn server_name(&self) -> Option<&str> {
        self.connect.server_name.as_deref()
    }

    /// Whether its certificate is a claim that a trusted user was given, which may do nothing but provision.
    pub fn is_provisioning_claim(&self) -> bool {
        matches!(self.who, Who::Claim { .. })
    }

    /// The address it comes from.
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// The thing it acts as.
    pub fn thing_name(&self) -> Option<&str> {
        self.known.thing.as_ref().map(|thing| thing.name.as_str())
    }

    /// The thing to which its certificate is attached exclusively.
    pub fn exclusive_thing(&self) -> Option<&str> {
        self.thing_name().filter(|_| self.known.exclusive)
    }

    /// Adds to a message of its, which it may publish, what the type of its thing says. It goes by what was known when it
    /// was asked whether it may.
    pub fn enrich(&self, message: &mut Message) {
        propagation::add(&self.known.propagated, message);
    }

    /// What policies see of it that may stand in a record for the operator: nothing that is secret anywhere, and nothing
    /// of what it sends.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let client_id = Some(self.client_id()).filter(|id| !id.is_empty());
        // As in `decide`: over HTTPS there is no thing.
        let thing = self.known.thing.as_ref().filter(|_| client_id.is_some());
        let values = [
            ("iot:ClientId", client_id),
            ("aws:SourceIp", self.source()),
            ("iot:DomainName", self.server_name()),
            (
                "iot:Connection.Thing.ThingName",
                thing.map(|thing| thing.name.as_str()),
            ),
            (
                "iot:Connection.Thing.ThingTypeName",
                thing.and_then(|thing| thing.thing_type.as_deref()),
            ),
            (
                "iot:Connection.Thing.IsAttached",
                client_id.map(|_| if thing.is_some() { "true" } else { "false" }),
            ),
        ];
        values
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?.to_owned())))
            .collect()
    }

    /// Its client id; empty over HTTPS.
    pub fn client_id(&self) -> &str {
        &self.connect.client_id
    }

    /// The changes that make what is known of it out of date.
    pub fn concerned_by(&self) -> impl Iterator<Item = Change> {
        let certificate = self.certificate_number().map(Change::Certificate);
        certificate
            .into_iter()
            .chain(self.known.read_from.iter().copied())
    }
}

fn arn(realm: &RealmRecord, kind: &str, name: &str) -> String {
    let parts = [
        "arn:aws:iot:",
        realm.region.as_str(),
        ":",
        realm.account.as_str(),
        ":",
        kind,
        "/",
        name,
    ];
    parts.concat()
}
