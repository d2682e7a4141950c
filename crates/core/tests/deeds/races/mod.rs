//! Deeds that meet: two nodes on one store, which they reach in an order that differs from round to round.
//!
//! On PostgreSQL each node has connections of its own; SQLite has one owner, whose store both nodes share.

mod attachments;
mod bulk;
mod certificate_providers;
mod certs;
mod claims;
mod domains;
mod functions;
mod identities;
mod just_in_time;
mod layers;
mod nodes;
mod objects;
mod provisioning;
mod provisioning_templates;
mod registry;
mod reset;
mod thing_groups;
mod topic_rules;
mod versions;

use std::sync::Arc;

use async_trait::async_trait;
use thingsmith_core::Deeds;
use thingsmith_core::realms::RealmRecord;
use thingsmith_ports::{Batch, Clock, Engine, Migration, MigrationError, Row, Statement, Store, StoreError};
use thingsmith_testkit::{SeededRandom, TestClock};

use crate::stores::{Place, node, places, realm};

/// How often each two deeds meet.
const ROUNDS: usize = 50;

/// Two nodes on one store.
struct Pair {
    here: Arc<Deeds>,
    there: Arc<Deeds>,
    realm: Arc<RealmRecord>,
    clock: Arc<TestClock>,
    _place: Place,
}

/// Two nodes on a store of each engine.
async fn pairs() -> Vec<Pair> {
    let mut pairs = Vec::new();
    for place in places().await {
        let turned = Arc::new(TestClock::default());
        let clock: Arc<dyn Clock> = Arc::<TestClock>::clone(&turned);
        let (here, there) = dawdling(&place).await;
        let here = node(here, Arc::clone(&clock), 1).await;
        let there = node(there, clock, 2).await;
        pairs.push(Pair {
            realm: realm(&here).await,
            here: Arc::new(here),
            there: Arc::new(there),
            clock: turned,
            _place: place,
        });
    }
    pairs
}

/// A place's store for two nodes.
async fn dawdling(place: &Place) -> (Arc<dyn Store>, Arc<dyn Store>) {
    let first = place.open().await;
    let second = place.open_beside(&first).await;
    (
        Arc::new(Dawdling::new(first, 11)),
        Arc::new(Dawdling::new(second, 12)),
    )
}

/// A store that is reached now sooner and now later.
struct Dawdling {
    store: Arc<dyn Store>,
    random: SeededRandom,
}

impl Dawdling {
    fn new(store: Arc<dyn Store>, seed: u64) -> Self {
        Self {
            store,
            random: SeededRandom::new(seed),
        }
    }

    async fn dawdle(&self) {
        // Mostly little, at times as long as a whole deed takes.
        let most = 1 << self.random.below(12);
        for _ in 0..self.random.below(most) {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl Store for Dawdling {
    fn engine(&self) -> Engine {
        self.store.engine()
    }

    async fn read(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        self.dawdle().await;
        self.store.read(statement).await
    }

    async fn write(&self, batch: Batch) -> Result<Vec<Vec<Row>>, StoreError> {
        self.dawdle().await;
        self.store.write(batch).await
    }

    async fn migrate(&self, migrations: &'static [Migration]) -> Result<(), MigrationError> {
        self.store.migrate(migrations).await
    }
}
