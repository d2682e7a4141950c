//! The stores that the tests run on.

#![expect(clippy::print_stderr, reason = "a test says what it does not do")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use async_trait::async_trait;
use tempfile::TempDir;
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::{Deeds, SealKey, World};
use thingsmith_model::Account;
use thingsmith_ports::{
    Batch, Clock, Engine, Migration, MigrationError, NoObjects, NoWeb, Objects, Row, Statement, Store,
    StoreError,
};
use thingsmith_store_postgres::{self as postgres, PostgresStore};
use thingsmith_store_sqlite::{self as sqlite, SqliteStore};
use thingsmith_testkit::{ScriptedFunctions, SeededRandom, TestClock, TestRsaKeys};

/// Where one test's store lives: empty when the test begins, and nobody else's.
pub(crate) enum Place {
    /// A data directory.
    Sqlite(TempDir),
    /// A schema of a server.
    Postgres(Box<postgres::Config>),
}

/// A place of each engine that there is.
pub(crate) async fn places() -> Vec<Place> {
    let mut places = vec![Place::sqlite()];
    places.extend(Place::postgres().await);
    places
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    pub(crate) async fn postgres() -> Option<Self> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let Ok(address) = std::env::var("THINGSMITH_TEST_POSTGRES") else {
            eprintln!("skipped on PostgreSQL: there is no server; start through cargo xtask test");
            return None;
        };
        let mut config = postgres::Config::parse(&address).unwrap();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // The moment, not the process: the system gives a process's number again.
        let moment = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
        config.schema = Some(format!("deeds_{moment}_{number}"));
        // Many tests share the server's connections.
        config.readers = 2;
        config.writers = 6;
        PostgresStore::create_schema(&config).await.unwrap();
        Some(Self::Postgres(Box::new(config)))
    }

    pub(crate) async fn open(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(directory) => {
                Arc::new(SqliteStore::open(&sqlite::Config::new(directory.path())).unwrap())
            }
            Self::Postgres(config) => Arc::new(PostgresStore::open((**config).clone()).await.unwrap()),
        }
    }

    /// The store of messages. On SQLite its directory is another, so that it can be opened by itself.
    pub(crate) async fn open_messages(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(directory) => {
                let directory = directory.path().join("messages");
                std::fs::create_dir_all(&directory).unwrap();
                Arc::new(SqliteStore::open(&sqlite::Config::new(directory).messages()).unwrap())
            }
            Self::Postgres(config) => Arc::new(
                PostgresStore::open_beside(config.messages(), "messages")
                    .await
                    .unwrap(),
            ),
        }
    }

    /// The store as a second node has it. SQLite has one owner, and hands out the same once more.
    pub(crate) async fn open_beside(&self, first: &Arc<dyn Store>) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(_) => Arc::clone(first),
            Self::Postgres(_) => self.open().await,
        }
    }
}

/// The deeds of a node on a store, and on a store of messages that only this node has. Every node has its own seed.
pub(crate) async fn node(store: Arc<dyn Store>, clock: Arc<dyn Clock>, seed: u64) -> Deeds {
    node_with(store, scratch().await, clock, seed).await
}

/// A store of messages of its own.
async fn scratch() -> Arc<dyn Store> {
    let place = Place::sqlite();
    Arc::new(Scratch {
        store: place.open_messages().await,
        _place: place,
    })
}

/// The deeds of a node on two stores.
pub(crate) async fn node_with(
    store: Arc<dyn Store>,
    messages: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    seed: u64,
) -> Deeds {
    begin((store, messages), Arc::new(NoObjects), clock, seed).await
}

/// The deeds of a node on a store and on buckets.
pub(crate) async fn node_with_objects(
    store: Arc<dyn Store>,
    objects: Arc<dyn Objects>,
    clock: Arc<dyn Clock>,
    seed: u64,
) -> Deeds {
    begin((store, scratch().await), objects, clock, seed).await
}

async fn begin(
    (store, messages): (Arc<dyn Store>, Arc<dyn Store>),
    objects: Arc<dyn Objects>,
    clock: Arc<dyn Clock>,
    seed: u64,
) -> Deeds {
    Deeds::open(World {
        store,
        messages,
        clock,
        random: Arc::new(SeededRandom::new(seed)),
        rsa_keys: Arc::new(TestRsaKeys::default()),
        functions: Arc::new(ScriptedFunctions::default()),
        web: Arc::new(NoWeb),
        objects,
        seal: SealKey::new(&mut [7; 32]),
    })
    .await
    .unwrap()
}

/// A store whose place goes with it.
struct Scratch {
    store: Arc<dyn Store>,
    _place: Place,
}

#[async_trait]
impl Store for Scratch {
    fn engine(&self) -> Engine {
        self.store.engine()
    }

    async fn read(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        self.store.read(statement).await
    }

    async fn write(&self, batch: Batch) -> Result<Vec<Vec<Row>>, StoreError> {
        self.store.write(batch).await
    }

    async fn migrate(&self, migrations: &'static [Migration]) -> Result<(), MigrationError> {
        self.store.migrate(migrations).await
    }
}

/// A node on stores of its own, its clock and a realm.
pub(crate) struct Alone {
    pub(crate) deeds: Deeds,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) realm: Arc<RealmRecord>,
    /// Kept for as long as the store is open.
    pub(crate) _place: Place,
}

/// A node alone on each engine that there is.
pub(crate) async fn alone() -> Vec<Alone> {
    let mut nodes = Vec::new();
    for place in places().await {
        let clock = Arc::new(TestClock::default());
        let (store, messages) = (place.open().await, place.open_messages().await);
        let deeds = node_with(store, messages, Arc::clone(&clock) as Arc<dyn Clock>, 1).await;
        nodes.push(Alone {
            realm: realm(&deeds).await,
            deeds,
            clock,
            _place: place,
        });
    }
    nodes
}

/// The realm of most tests.
pub(crate) async fn realm(deeds: &Deeds) -> Arc<RealmRecord> {
    deeds
        .realm(&Account::development(), &"us-east-1".parse().unwrap())
        .await
        .unwrap()
}
