//! A connected principal and what its policies let it do.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use thingsmith_model::{CertificateId, CertificateStatus, PolicyName, Timestamp};
use thingsmith_mqtt::{Message, TopicName, UserProperties};
use thingsmith_policy::{
    AlternativeName, CertificateAttribute, CertificateFacts, ConnectAttributes, IotContext, NameFacts,
    Request, ThingFacts, Verdict, evaluate,
};
use thingsmith_ports::StoreError;
use thingsmith_x509::Certificate;

use super::permitted::{Permitted, TopicAction};
use super::rows::{self, ConnectedThing, Grounds};
use super::signatory::Standing;
use super::{Admission, Signatory, Watch, propagation};
use crate::callers::Caller;
use crate::outbox::Change;
use crate::policies::AttachedDocument;
use crate::realms::RealmRecord;
use crate::{Deeds, provisioning_claims};

/// How old what is known of a principal may be when it decides while changes are not announced. While they are, it holds
/// until one concerns it.
const FRESH: Duration = Duration::from_secs(1);

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

/// What a principal's knowledge is read by.
#[derive(Clone)]
enum Who {
    /// A registered certificate, by its number.
    Registered(i64),
    /// A claim that a trusted user was given.
    Claim { number: i64, id: CertificateId },
    /// Somebody who signed.
    Signatory(Signatory),
}

/// What the store says of a principal.
struct Known {
    read_at: Timestamp,
    active: bool,
    /// Whose IAM policies decide, in place of documents; none of a certificate.
    caller: Option<Arc<Caller>>,
    /// When it is over with it, and its connection.
    expires_at: Option<Timestamp>,
    /// From when on it may ask for nothing more.
    ends_at: Option<Timestamp>,
    /// The objects that all this was read from, but for the certificate.
    read_from: Vec<Change>,
    documents: Vec<AttachedDocument>,
    /// The thing that the certificate is attached to exclusively, or that of the client's name when it is attached to it.
    thing: Option<ThingFacts>,
    /// Whether the certificate is attached to the thing exclusively.
    exclusive: bool,
    /// What the thing's type adds to each of its messages.
    propagated: UserProperties,
}

/// The answer to what a principal wants to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Whether it may.
    pub allowed: bool,
    /// The statement of a certificate's policy that decided; none when no statement spoke of it or the certificate is not
    /// active any more.
    pub decided_by: Option<DecidingStatement>,
    /// Whether a statement denied it: also one of an IAM policy, which is not named.
    pub denied_explicitly: bool,
    /// Whether the certificate is still active, or the access key still good.
    pub active: bool,
}

/// A statement of an attached policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecidingStatement {
    /// The policy.
    pub policy: PolicyName,
    /// Its version.
    pub version: i64,
    /// The statement in it, counted from 0.
    pub statement: usize,
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

    /// May it connect under its client id?
    ///
    /// # Errors
    /// When the store fails.
    pub async fn may_connect(&mut self) -> Result<Answer, StoreError> {
        let resource = arn(&self.realm, "client", &self.connect.client_id);
        self.ask("iot:Connect", &resource).await
    }

    /// May it publish on this topic?
    ///
    /// # Errors
    /// When the store fails.
    pub async fn may_publish(&mut self, topic: &str) -> Result<Answer, StoreError> {
        self.ask_on_topic(TopicAction::Publish, topic).await
    }

    /// May a message of its be retained on this topic? That it may be published is another question.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn may_retain_publish(&mut self, topic: &str) -> Result<Answer, StoreError> {
        self.ask_on_topic(TopicAction::RetainPublish, topic).await
    }

    /// May it subscribe with this filter, as it was sent?
    ///
    /// # Errors
    /// When the store fails.
    pub async fn may_subscribe(&mut self, filter: &str) -> Result<Answer, StoreError> {
        let resource = arn(&self.realm, "topicfilter", filter);
        self.ask("iot:Subscribe", &resource).await
    }

    /// May it receive a message on this topic?
    ///
    /// # Errors
    /// When the store fails.
    pub async fn may_receive(&mut self, topic: &str) -> Result<Answer, StoreError> {
        self.ask_on_topic(TopicAction::Receive, topic).await
    }

    /// Whether it certainly may do this now, which is found out without waiting for anybody. If not, the answer and its
    /// reasons are to be asked for: it may still be a yes.
    pub fn certainly_may(&mut self, action: TopicAction, topic: &TopicName) -> bool {
        let now = self.deeds.clock().now();
        if self.is_out_of_date(now, self.watch.count()) || !self.is_in_force(action.as_str(), now) {
            return false;
        }
        if self.permitted.has(action, topic) {
            return true;
        }
        let resource = arn(&self.realm, "topic", topic.as_str());
        let allowed = self.decide(action.as_str(), &resource, now).allowed;
        // IAM policies may ask what time it is.
        if allowed && !matches!(self.who, Who::Signatory(_)) {
            self.permitted.remember(action, topic);
        }
        allowed
    }

    async fn ask_on_topic(&mut self, action: TopicAction, topic: &str) -> Result<Answer, StoreError> {
        let resource = arn(&self.realm, "topic", topic);
        self.ask(action.as_str(), &resource).await
    }

    async fn ask(&mut self, action: &str, resource: &str) -> Result<Answer, StoreError> {
        let now = self.deeds.clock().now();
        let changes = self.watch.count();
        if self.is_out_of_date(now, changes) {
            let moment = self.deeds.watches().moment();
            self.known = read(&self.deeds, &self.realm, &self.who, &self.connect.client_id).await?;
            self.permitted.forget();
            self.read_up_to = changes;
            self.watch_what_is_known(moment);
        }
        Ok(self.decide(action, resource, now))
    }

    /// Whether what is known is to be read anew after so many changes that concern it.
    fn is_out_of_date(&self, now: Timestamp, changes: u64) -> bool {
        let aged = now >= self.known.read_at.plus(FRESH) && !self.deeds.watches().is_live(now);
        aged || changes != self.read_up_to
    }

    /// Whether policies are asked at all.
    fn is_in_force(&self, action: &str, now: Timestamp) -> bool {
        // Whoever asked with a claim in time still hears the answer.
        let is_over = action != "iot:Receive" && self.known.ends_at.is_some_and(|ends_at| now >= ends_at);
        let expired = self.known.expires_at.is_some_and(|expires_at| expires_at <= now);
        self.known.active && !is_over && !expired
    }

    fn decide(&self, action: &str, resource: &str, now: Timestamp) -> Answer {
        if !self.is_in_force(action, now) {
            return Answer {
                allowed: false,
                decided_by: None,
                denied_explicitly: false,
                active: false,
            };
        }
        let connecting = action == "iot:Connect";
        let client_id = Some(self.client_id()).filter(|id| !id.is_empty());
        // Guide, "Thing policy variables": they are of connections over MQTT only.
        let thing = self.known.thing.as_ref().filter(|_| client_id.is_some());
        let context = IotContext {
            client_id,
            source_ip: self.source.as_deref(),
            domain_name: self.connect.server_name.as_deref(),
            thing,
            // Guide: whether the certificate or the Cognito identity is attached; others never are.
            is_attached: client_id
                .filter(|_| self.certificate.is_some())
                .map(|_| thing.is_some()),
            certificate: self.certificate.as_ref(),
            connect_attributes: connecting.then_some(ConnectAttributes {
                persistent_connect: self.connect.persistent,
                last_will: self.will_topic.is_some(),
            }),
            last_will_topic: if connecting {
                self.will_topic.as_deref()
            } else {
                None
            },
            others: &[],
        };
        if let (Who::Signatory(signatory), Some(caller)) = (&self.who, &self.known.caller) {
            let source = self.connect.source.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
            let context = signatory.context(caller, source, now, context);
            let verdict = caller.verdict(&context, action, resource);
            return Answer {
                allowed: verdict == Verdict::Allowed,
                decided_by: None,
                denied_explicitly: verdict == Verdict::ExplicitDeny,
                active: true,
            };
        }
        let documents = self
            .known
            .documents
            .iter()
            .map(|attached| attached.document.as_ref());
        let decision = evaluate(
            documents,
            &Request {
                action,
                resource,
                variables: &context,
            },
        );
        let decided_by = decision.decided_by.map(|by| {
            let attached = &self.known.documents[by.document];
            DecidingStatement {
                policy: attached.name.clone(),
                version: attached.version,
                statement: by.statement,
            }
        });
        Answer {
            allowed: decision.verdict == Verdict::Allowed,
            decided_by,
            denied_explicitly: decision.verdict == Verdict::ExplicitDeny,
            active: true,
        }
    }
}

/// Readings before what is attached counts as damaged. A second one is rare already.
const READINGS: usize = 4;

/// Whether what was seen of a certificate as its first thing also decides for it under this client id: it has no thing,
/// that is the one, or it is attached to it exclusively.
fn decides_for(grounds: &Grounds, client_id: &str) -> bool {
    grounds
        .thing
        .as_ref()
        .is_none_or(|thing| thing.exclusive || thing.name == client_id)
}

/// Reads what decides for a principal.
async fn read(deeds: &Deeds, realm: &RealmRecord, who: &Who, client_id: &str) -> Result<Known, StoreError> {
    let certificate = match who {
        Who::Registered(number) => *number,
        Who::Claim { id, .. } => return read_claim(deeds, realm, id).await,
        Who::Signatory(signatory) => return read_signatory(deeds, signatory).await,
    };
    for _ in 0..READINGS {
        if let Some(known) = read_once(deeds, realm, certificate, client_id).await? {
            return Ok(known);
        }
    }
    Err(StoreError::other("a document of an attached policy is not there"))
}

/// The thing that a certificate connects as under a client id, and the documents that decide for it, whether it is active
/// or not.
pub(crate) async fn rights(
    deeds: &Deeds,
    realm: &RealmRecord,
    certificate: i64,
    client_id: &str,
) -> Result<(Option<ThingFacts>, Vec<AttachedDocument>), StoreError> {
    let known = read(deeds, realm, &Who::Registered(certificate), client_id).await?;
    Ok((known.thing, known.documents))
}

async fn read_signatory(deeds: &Deeds, signatory: &Signatory) -> Result<Known, StoreError> {
    let read_at = deeds.clock().now();
    let nothing = Known::nothing(read_at);
    Ok(match signatory.read(deeds).await? {
        None => nothing,
        Some(Standing {
            caller,
            expires_at,
            read_from,
        }) => Known {
            active: true,
            caller: Some(caller),
            expires_at,
            read_from,
            ..nothing
        },
    })
}

/// Reads what a claim that a trusted user was given may do: it has no thing and no policies of the registry.
async fn read_claim(deeds: &Deeds, realm: &RealmRecord, id: &CertificateId) -> Result<Known, StoreError> {
    let read_at = deeds.clock().now();
    let found = provisioning_claims::rows::find(deeds.store(), realm.realm, id).await?;
    let Some((claim, template)) = found else {
        return Ok(Known::nothing(read_at));
    };
    Ok(Known {
        active: true,
        ends_at: Some(claim.expires_at),
        read_from: vec![Change::ProvisioningTemplate(claim.template)],
        documents: vec![provisioning_claims::rights(realm, &claim, &template)?],
        ..Known::nothing(read_at)
    })
}

/// Reads once; nothing if a document was gone when its turn came.
async fn read_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    certificate: i64,
    client_id: &str,
) -> Result<Option<Known>, StoreError> {
    let read_at = deeds.clock().now();
    let grounds = rows::grounds(deeds.store(), realm.realm, certificate, client_id).await?;
    Known::new(deeds, realm, read_at, grounds, client_id).await
}

impl Known {
    /// What is known of whoever is not there.
    fn nothing(read_at: Timestamp) -> Self {
        Self {
            read_at,
            active: false,
            caller: None,
            expires_at: None,
            ends_at: None,
            read_from: Vec::new(),
            documents: Vec::new(),
            thing: None,
            exclusive: false,
            propagated: UserProperties::new(),
        }
    }

    /// What decides on these grounds; nothing if a document was gone when its turn came.
    async fn new(
        deeds: &Deeds,
        realm: &RealmRecord,
        read_at: Timestamp,
        grounds: Option<Grounds>,
        client_id: &str,
    ) -> Result<Option<Self>, StoreError> {
        // The same certificate registered anew has another number, and is another registration.
        let Some(grounds) = grounds else {
            return Ok(Some(Self::nothing(read_at)));
        };
        let policies = grounds
            .policies
            .iter()
            .map(|policy| Change::Policy(policy.number));
        let groups = grounds.groups.iter().copied().map(Change::ThingGroup);
        let thing = grounds.thing.iter().map(|thing| Change::Thing(thing.number));
        let thing_type = grounds.thing.iter().filter_map(|thing| thing.thing_type.as_ref());
        let thing_type = thing_type.map(|found| Change::ThingType(found.number));
        let read_from = policies.chain(groups).chain(thing).chain(thing_type).collect();
        let documents = deeds
            .documents()
            .parsed(deeds, realm.realm, grounds.policies)
            .await?;
        let Some(documents) = documents else {
            return Ok(None);
        };
        Ok(Some(Self {
            read_at,
            active: grounds.status == CertificateStatus::Active,
            caller: None,
            expires_at: None,
            ends_at: None,
            read_from,
            documents,
            exclusive: grounds.thing.as_ref().is_some_and(|thing| thing.exclusive),
            propagated: propagation::user_properties(grounds.thing.as_ref(), client_id),
            // Thing variables have values only for the certificate's own thing (guide, "Thing policy variables").
            thing: grounds.thing.map(thing_facts),
        }))
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

/// A thing in the words of policies.
fn thing_facts(thing: ConnectedThing) -> ThingFacts {
    ThingFacts {
        name: thing.name,
        thing_type: thing.thing_type.map(|found| found.name),
        attributes: thing.attributes.into_iter().collect(),
    }
}

/// A certificate in the words of policies.
pub(crate) fn certificate_facts(certificate: &Certificate) -> CertificateFacts {
    CertificateFacts {
        id: certificate.id().to_string(),
        serial_number: Some(certificate.serial_number()),
        subject: name_facts(certificate.subject(), certificate.subject_alternative_names()),
        issuer: name_facts(certificate.issuer(), certificate.issuer_alternative_names()),
    }
}

fn name_facts(name: &thingsmith_x509::Name, alternatives: &[thingsmith_x509::AlternativeName]) -> NameFacts {
    let attribute = |text: &str| {
        CertificateAttribute::ALL
            .iter()
            .copied()
            .find(|known| known.as_str() == text)
    };
    let alternative = |text: &str| {
        AlternativeName::ALL
            .iter()
            .copied()
            .find(|known| known.as_str() == text)
    };
    NameFacts {
        attributes: name
            .attributes()
            .iter()
            .filter_map(|found| Some((attribute(found.kind.aws_name()?)?, found.value.clone())))
            .collect(),
        alternative_names: alternatives
            .iter()
            .filter_map(|found| Some((alternative(found.aws_name())?, found.value())))
            .collect(),
    }
}
