//! Everything that deeds share: made once in the program's `main`.

use std::sync::Arc;

use aws_lc_rs::hmac;
use thingsmith_model::{Account, Realm, Region};
use thingsmith_ports::{
    Batch, Clock, Functions, MigrationError, Objects, Random, Row, RsaKeys, Store, StoreError, Web,
};
use thiserror::Error;
use uuid::Uuid;

use crate::authorities::{Authorities, AuthorityError, SealKey};
use crate::callers::Callers;
use crate::clients::{Clients, Nodes};
use crate::connections::{Flights, Watches};
use crate::decisions::{Decision, Decisions};
use crate::events;
use crate::fleet_provisioning::FleetProvisioning;
use crate::functions::{Configured, Known};
use crate::messages::sessions::{self, Sessions};
use crate::messages::{self, Router};
use crate::metrics::Metrics;
use crate::numbers::Numbers;
use crate::outbox::{self, Change, Mark};
use crate::policies::{Documents, KnownPolicies};
use crate::provisioning_claims::Throttle;
use crate::quotas::{Quota, Quotas};
use crate::realms::{RealmRecord, Realms};
use crate::rules::Rules;
use crate::schema::MIGRATIONS;
use crate::thing_registration_tasks::Runners;
use crate::tries::{Attempt, Tries};
use crate::{Fault, provisioning_templates};

/// What the deeds are given of the world.
pub struct World {
    /// Where the registry is kept.
    pub store: Arc<dyn Store>,
    /// Where retained messages and sessions are kept, so that a burst of messages does not delay a registration.
    pub messages: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Bytes that nobody can guess.
    pub random: Arc<dyn Random>,
    /// New RSA keys.
    pub rsa_keys: Arc<dyn RsaKeys>,
    /// Runs functions of customers.
    pub functions: Arc<dyn Functions>,
    /// Sends requests to URLs that customers give.
    pub web: Arc<dyn Web>,
    /// Keeps the files of buckets.
    pub objects: Arc<dyn Objects>,
    /// Seals private keys and secrets in the store; shared by all nodes.
    pub seal: SealKey,
}

/// The state that all deeds share.
pub struct Deeds {
    world: World,
    numbers: Numbers,
    realms: Realms,
    authorities: Authorities,
    documents: Documents,
    known_policies: KnownPolicies,
    templates: provisioning_templates::Parsed,
    callers: Callers,
    router: Router,
    clients: Arc<Clients>,
    nodes: Nodes,
    watches: Arc<Watches>,
    flights: Flights,
    fleet_provisioning: FleetProvisioning,
    versions: events::Versions,
    decisions: Decisions,
    metrics: Metrics,
    sessions: Sessions,
    message_numbers: Numbers,
    event_configurations: events::Known,
    known_functions: Known,
    claim_throttle: Throttle,
    quotas: Quotas,
    rules: Rules,
    runners: Runners,
    page_key: hmac::Key,
}

/// Why the deeds cannot begin.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The schema is not what this program needs.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The certificate authorities could not be loaded or made.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The sessions of clients could not be read.
    #[error("the sessions of clients cannot be read: {0}")]
    Sessions(#[source] StoreError),
    /// The topic rules could not be read.
    #[error("the topic rules cannot be read: {0}")]
    Rules(#[source] StoreError),
}

impl Deeds {
    /// Brings the schema up to date and loads the certificate authorities, making them on the first start.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(world: World) -> Result<Self, OpenError> {
        world.store.migrate(MIGRATIONS).await?;
        world.messages.migrate(messages::MIGRATIONS).await?;
        let authorities = Authorities::open(&world).await?;
        let deeds = Self {
            numbers: Numbers::new(Arc::clone(&world.store)),
            realms: Realms::new(Arc::clone(&world.store), Arc::clone(&world.random)),
            documents: Documents::default(),
            known_policies: KnownPolicies::default(),
            templates: provisioning_templates::Parsed::default(),
            callers: Callers::default(),
            router: Router::new(),
            clients: Clients::new(),
            nodes: Nodes::default(),
            watches: Watches::new(),
            flights: Flights::default(),
            fleet_provisioning: FleetProvisioning::default(),
            versions: events::Versions::default(),
            decisions: Decisions::default(),
            metrics: Metrics::default(),
            sessions: Sessions::default(),
            message_numbers: Numbers::new(Arc::clone(&world.messages)),
            event_configurations: events::Known::default(),
            known_functions: Known::default(),
            claim_throttle: Throttle::default(),
            quotas: Quotas::default(),
            rules: Rules::default(),
            runners: Runners::default(),
            page_key: world.seal.derive_hmac_key("page tokens"),
            authorities,
            world,
        };
        // Before anybody publishes: what is for a session that nobody knows yet would be lost.
        sessions::load(&deeds).await.map_err(OpenError::Sessions)?;
        deeds.rules.load(&deeds).await.map_err(OpenError::Rules)?;
        Ok(deeds)
    }

    /// The store.
    pub fn store(&self) -> &dyn Store {
        self.world.store.as_ref()
    }

    /// The store of messages.
    pub(crate) fn messages(&self) -> &dyn Store {
        self.world.messages.as_ref()
    }

    /// The sessions that outlive their connections, as this node knows them.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// The clock.
    pub fn clock(&self) -> &dyn Clock {
        self.world.clock.as_ref()
    }

    /// The source of randomness.
    pub fn random(&self) -> &dyn Random {
        self.world.random.as_ref()
    }

    /// The source of new RSA keys.
    pub fn rsa_keys(&self) -> &dyn RsaKeys {
        self.world.rsa_keys.as_ref()
    }

    /// What runs functions of customers.
    pub fn functions(&self) -> &dyn Functions {
        self.world.functions.as_ref()
    }

    /// Says which functions the operator's configuration has, once, before anything is asked of these deeds.
    pub fn configure_functions(&self, functions: Vec<Configured>) {
        self.known_functions.configure(functions);
    }

    pub(crate) fn known_functions(&self) -> &Known {
        &self.known_functions
    }

    /// How fast trusted users are given provisioning claims.
    pub(crate) fn claim_throttle(&self) -> &Throttle {
        &self.claim_throttle
    }

    /// What accounts are held to.
    pub fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    /// Takes one of what an account may do in a second; false if it has done it as often already.
    pub fn is_within(&self, realm: Realm, quota: Quota) -> bool {
        self.quotas.take(realm, quota, self.clock())
    }

    /// As [`Self::is_within`], for a call of the API.
    ///
    /// # Errors
    /// `ThrottlingException` when the account has called as often as it may.
    pub fn call_within(&self, realm: Realm, quota: Quota) -> Result<(), Fault> {
        self.quotas.call(realm, quota, self.clock())
    }

    /// What sends requests to URLs that customers give.
    pub fn web(&self) -> &dyn Web {
        self.world.web.as_ref()
    }

    /// What keeps the files of buckets.
    pub fn objects(&self) -> &Arc<dyn Objects> {
        &self.world.objects
    }

    /// The tasks of bulk registration that this node carries out.
    pub(crate) fn runners(&self) -> &Runners {
        &self.runners
    }

    /// The rules of this node.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The certificate authorities.
    pub fn authorities(&self) -> &Authorities {
        &self.authorities
    }

    /// Where messages are routed: those of devices, of the API, and events.
    pub fn router(&self) -> &Router {
        &self.router
    }

    /// The clients that are connected to this node.
    pub fn clients(&self) -> &Arc<Clients> {
        &self.clients
    }

    pub(crate) fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    /// Which connections of this node a change concerns.
    pub fn watches(&self) -> &Arc<Watches> {
        &self.watches
    }

    /// The certificates that are being registered or provisioned just in time on this node.
    pub(crate) fn flights(&self) -> &Flights {
        &self.flights
    }

    /// What this node remembers of devices that provision themselves by a claim.
    pub fn fleet_provisioning(&self) -> &FleetProvisioning {
        &self.fleet_provisioning
    }

    pub(crate) fn versions(&self) -> &events::Versions {
        &self.versions
    }

    /// Who was refused lately, and why.
    pub fn decisions(&self) -> &Decisions {
        &self.decisions
    }

    /// Keeps and counts a refusal.
    pub fn refuse(&self, decision: Decision) {
        self.metrics.refused(decision.stage);
        self.decisions.record(decision, self.clock().now());
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub(crate) fn event_configurations(&self) -> &events::Known {
        &self.event_configurations
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// The realm of an account in a region, made when it is first asked for.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn realm(&self, account: &Account, region: &Region) -> Result<Arc<RealmRecord>, StoreError> {
        self.realms.intern(account, region).await
    }

    /// The realm that a server name of the form `PREFIX-ats.iot.REGION.DOMAIN` leads to.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn realm_by_endpoint(
        &self,
        server_name: &str,
        domain: &str,
    ) -> Result<Option<RealmRecord>, StoreError> {
        self.realms.by_endpoint(server_name, domain).await
    }

    /// The number of a new object.
    pub(crate) async fn number(&self) -> Result<i64, Fault> {
        take(&self.numbers, 1).await
    }

    /// The first of `count` numbers of new sessions and queued messages, which have a space of their own.
    pub(crate) async fn message_numbers(&self, count: i64) -> Result<i64, Fault> {
        take(&self.message_numbers, count).await
    }

    pub(crate) fn known_policies(&self) -> &KnownPolicies {
        &self.known_policies
    }

    pub(crate) fn documents(&self) -> &Documents {
        &self.documents
    }

    pub(crate) fn templates(&self) -> &provisioning_templates::Parsed {
        &self.templates
    }

    pub(crate) fn callers(&self) -> &Callers {
        &self.callers
    }

    pub(crate) fn page_key(&self) -> &hmac::Key {
        &self.page_key
    }

    /// A random UUID (RFC 9562, version 4).
    pub(crate) fn uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.random().fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// Sends the batch of a deed that changes what gateways may know, with the outbox row that tells them. The row is also
    /// the mark by which the deed knows that its batch happened, should the commit not be answered.
    pub(crate) async fn commit_change(
        &self,
        batch: Batch,
        realm: Realm,
        change: Change,
        tries: &Tries,
    ) -> Result<(), Attempt> {
        self.commit_changes(batch, realm, &[change], tries).await
    }

    /// As [`Self::commit_change`], for a batch that changes several objects, or none that a gateway may know.
    pub(crate) async fn commit_changes(
        &self,
        mut batch: Batch,
        realm: Realm,
        changes: &[Change],
        tries: &Tries,
    ) -> Result<(), Attempt> {
        let at = self.clock().now();
        let mut marks = Vec::with_capacity(changes.len());
        for change in changes {
            let number = self.number().await?;
            let mark = Mark { number, at };
            outbox::rows::insert(&mut batch, realm, *change, mark);
            tries.sending(mark);
            marks.push((*change, mark));
        }
        let outcome = self.commit(batch).await;
        // Whatever became of the batch: it may have happened.
        for change in changes {
            match change {
                Change::Identity(_) => {
                    self.callers.forget();
                    self.rules.forget_roles();
                }
                Change::TopicRule(_) => self.rules.changed(realm),
                Change::Function(_) => self.known_functions.forget(),
                _ => {}
            }
        }
        outcome?;
        for (change, mark) in marks {
            self.hear(realm, change, mark);
        }
        Ok(())
    }

    /// Tells this node of a change, its own or one that the outbox told; of each once, however often it is heard.
    pub(crate) fn hear(&self, realm: Realm, change: Change, mark: Mark) {
        if !self.watches.announce(change, mark) {
            return;
        }
        match change {
            Change::Function(number) => {
                self.known_functions.forget();
                if let Some(arn) = self.known_functions.called(number) {
                    self.functions().retire(&arn);
                }
            }
            Change::TopicRule(_) => self.rules.changed(realm),
            Change::Question(number) => self.nodes.hear(realm, number),
            _ => {}
        }
    }

    /// Sends a deed's batch. Every change of the registry passes here, so that what must stand in the same batch as the
    /// change (the audit record, when it comes) has one place to be added.
    pub(crate) async fn commit(&self, batch: Batch) -> Result<Vec<Vec<Row>>, StoreError> {
        let answers = self.store().write(batch).await?;
        self.metrics.committed();
        Ok(answers)
    }
}

async fn take(numbers: &Numbers, count: i64) -> Result<i64, Fault> {
    let tries = Tries::default();
    loop {
        let outcome = numbers.take(count).await.map_err(Attempt::from);
        if let Some(number) = tries.settle(outcome).await? {
            return Ok(number);
        }
    }
}
