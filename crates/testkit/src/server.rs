//! A server in the test's process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use tempfile::TempDir;
use thingsmith_api::auth::{AccessKeys, ConfiguredKey, UnknownKeys};
use thingsmith_api::{Api, Config};
use thingsmith_core::access_keys::AccessKey;
use thingsmith_core::{Deeds, SealKey, World, rules, thing_registration_tasks};
use thingsmith_model::Secret;
use thingsmith_objects_directory::{Directory, Limits};
use thingsmith_policy::{Document, Language};
use thingsmith_ports::{Objects, Store};
use thingsmith_sigv4::Signer;
use thingsmith_store_postgres::PostgresStore;
use thingsmith_store_sqlite::SqliteStore;
use thingsmith_web::HttpWeb;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::{Client, ScriptedFunctions, SeededRandom, TestClock, TestObjects, TestRsaKeys};

/// The account of test servers.
pub const ACCOUNT: &str = "123456789012";
/// The region of test servers.
pub const REGION: &str = "us-east-1";
const ADMINISTRATOR: &str = "AKIAADMINISTRATOR234";
const SECRET: &str = "a secret that only tests know";

/// The engines of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// SQLite in a temporary directory.
    Sqlite,
    /// The PostgreSQL server of `THINGSMITH_TEST_POSTGRES`, in a schema of its own.
    Postgres,
}

impl Engine {
    /// The engines that there are here: PostgreSQL only where `THINGSMITH_TEST_POSTGRES` has an address.
    pub fn available() -> Vec<Self> {
        match std::env::var_os("THINGSMITH_TEST_POSTGRES") {
            Some(_) => vec![Self::Sqlite, Self::Postgres],
            None => vec![Self::Sqlite],
        }
    }
}

/// What a test server is to be.
pub struct Builder {
    config: Config,
    engine: Engine,
    keys: Vec<ConfiguredKey>,
    objects: Limits,
    keeper: Option<Keeper>,
}

/// Makes the keeper of objects out of the one in the server's directory.
type Keeper = Box<dyn FnOnce(Arc<dyn Objects>) -> Arc<dyn Objects> + Send>;

/// A server in the test's process, on a port of its own.
pub struct TestServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its clock.
    pub clock: Arc<TestClock>,
    /// Its supply of RSA keys.
    pub rsa_keys: Arc<TestRsaKeys>,
    /// What its functions answer.
    pub functions: Arc<ScriptedFunctions>,
    /// Its buckets.
    pub objects: Arc<TestObjects>,
    /// The deeds behind it.
    pub deeds: Arc<Deeds>,
    /// The keys that it knows.
    pub keys: Arc<AccessKeys>,
    api: Arc<Api>,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
    /// Carries the topic rules out.
    rules: JoinHandle<()>,
    /// Carries out the tasks of bulk registration.
    registering: JoinHandle<()>,
    postgres: Option<thingsmith_store_postgres::Config>,
    _directory: TempDir,
}

impl Default for Builder {
    fn default() -> Self {
        let account = ACCOUNT.parse().expect("it is an account");
        let region = REGION.parse().expect("it is a region");
        Self {
            config: Config::new(account, region),
            engine: Engine::Sqlite,
            keys: Vec::new(),
            objects: Limits::default(),
            keeper: None,
        }
    }
}

impl Builder {
    /// The store's engine.
    #[must_use]
    pub fn engine(mut self, engine: Engine) -> Self {
        self.engine = engine;
        self
    }

    /// A development server.
    #[must_use]
    pub fn dev(mut self) -> Self {
        self.config.dev = true;
        self
    }

    /// Other settings of the edge.
    #[must_use]
    pub fn config(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// A key of an account with IAM policies; its id is `name`.
    ///
    /// # Panics
    /// When a policy is none.
    #[must_use]
    pub fn key(mut self, name: &str, account: &str, policies: &[&str]) -> Self {
        let document = |text: &&str| Document::parse(text, Language::Iam).expect("the policy is one");
        self.keys.push(ConfiguredKey {
            access_key_id: name.into(),
            secret: Secret::new(SECRET.into()),
            account: account.parse().expect("it is an account"),
            name: name.into(),
            policies: policies.iter().map(document).collect(),
        });
        self
    }

    /// Other limits of what its buckets keep.
    #[must_use]
    pub fn objects(mut self, limits: Limits) -> Self {
        self.objects = limits;
        self
    }

    /// Another keeper of objects, or one around that of the server's directory.
    #[must_use]
    pub fn keeper(
        mut self,
        keeper: impl FnOnce(Arc<dyn Objects>) -> Arc<dyn Objects> + Send + 'static,
    ) -> Self {
        self.keeper = Some(Box::new(keeper));
        self
    }

    /// Starts the server.
    ///
    /// # Panics
    /// When it cannot start.
    pub async fn start(self) -> TestServer {
        let directory = TempDir::new().expect("there is room for a temporary directory");
        let mut schema = None;
        let (store, messages): (Arc<dyn Store>, Arc<dyn Store>) = match self.engine {
            Engine::Sqlite => {
                let config = thingsmith_store_sqlite::Config::new(directory.path());
                let store = SqliteStore::open(&config).expect("the store opens");
                let messages = store.open_beside(&config.messages()).expect("the store opens");
                (Arc::new(store), Arc::new(messages))
            }
            Engine::Postgres => {
                let config = postgres_schema().await;
                schema = Some(config.clone());
                postgres(config).await
            }
        };
        let clock = Arc::new(TestClock::default());
        let rsa_keys = Arc::new(TestRsaKeys::default());
        let functions = Arc::new(ScriptedFunctions::default());
        let kept = {
            let clock = Arc::<TestClock>::clone(&clock);
            let opened = Directory::open(&directory.path().join("objects"), self.objects, clock);
            let directory: Arc<dyn Objects> = Arc::new(opened.expect("the directory opens"));
            match self.keeper {
                Some(keeper) => keeper(directory),
                None => directory,
            }
        };
        let objects = Arc::new(TestObjects::new(kept));
        let world = World {
            store,
            messages,
            clock: Arc::<TestClock>::clone(&clock),
            random: Arc::new(SeededRandom::default()),
            rsa_keys: Arc::<TestRsaKeys>::clone(&rsa_keys),
            functions: Arc::<ScriptedFunctions>::clone(&functions),
            web: web(),
            objects: Arc::<TestObjects>::clone(&objects),
            seal: SealKey::new(&mut [7; 32]),
        };
        let deeds = Arc::new(Deeds::open(world).await.expect("the deeds begin"));
        let administrator = AccessKey {
            access_key_id: ADMINISTRATOR.into(),
            account: self.config.account.clone(),
            secret: Secret::new(SECRET.into()),
        };
        let unknown = match self.config.dev {
            true => UnknownKeys::Administrator(self.config.account.clone()),
            false => UnknownKeys::Refused,
        };
        let keys = AccessKeys::new(Some(administrator), self.keys, unknown).expect("the keys differ");
        let keys = Arc::new(keys);
        let api = Arc::new(Api::new(Arc::clone(&deeds), self.config, Arc::clone(&keys)));
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let (stop, stopped) = oneshot::channel();
        let serve = thingsmith_api::serve(Arc::clone(&api), listener, async {
            let _ = stopped.await;
        });
        let task = Some(tokio::spawn(serve));
        deeds.rules().set_api(&format!("http://{address}"));
        let rules = tokio::spawn(rules::run(Arc::clone(&deeds), std::future::pending()));
        let registering = thing_registration_tasks::run(Arc::clone(&deeds), false, std::future::pending());
        let registering = tokio::spawn(registering);
        TestServer {
            address,
            clock,
            rsa_keys,
            functions,
            objects,
            deeds,
            keys,
            api,
            stop: Some(stop),
            task,
            rules,
            registering,
            postgres: schema,
            _directory: directory,
        }
    }
}

/// What reaches the servers that tests start on this machine.
fn web() -> Arc<HttpWeb> {
    let config = thingsmith_web::Config {
        private_addresses: true,
        plain_http: true,
        ..thingsmith_web::Config::default()
    };
    Arc::new(HttpWeb::new(config).expect("no roots are given"))
}

async fn postgres_schema() -> thingsmith_store_postgres::Config {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let address = std::env::var("THINGSMITH_TEST_POSTGRES").expect("there is a PostgreSQL server");
    let mut config = thingsmith_store_postgres::Config::parse(&address).expect("the address is one");
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    // The moment, not the process: the system gives a process's number again.
    let moment = SystemTime::UNIX_EPOCH.elapsed().expect("it is later").as_nanos();
    config.schema = Some(format!("behaviour {moment} {number}"));
    PostgresStore::create_schema(&config)
        .await
        .expect("the schema can be made");
    config
}

async fn postgres(config: thingsmith_store_postgres::Config) -> (Arc<dyn Store>, Arc<dyn Store>) {
    let store = PostgresStore::open(config.clone())
        .await
        .expect("the store opens");
    let messages = PostgresStore::open_beside(config.messages(), "messages")
        .await
        .expect("the store opens");
    (Arc::new(store), Arc::new(messages))
}

impl TestServer {
    /// What a server is to be.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Starts a server with an administrator.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// The deeds of another node with the same store, on PostgreSQL.
    ///
    /// # Panics
    /// When it cannot start.
    pub async fn another_node(&self) -> Option<Arc<Deeds>> {
        let (store, messages) = postgres(self.postgres.clone()?).await;
        let world = World {
            store,
            messages,
            clock: Arc::<TestClock>::clone(&self.clock),
            random: Arc::new(SeededRandom::default()),
            rsa_keys: Arc::new(TestRsaKeys::default()),
            functions: Arc::<ScriptedFunctions>::clone(&self.functions),
            web: web(),
            objects: Arc::<TestObjects>::clone(&self.objects),
            seal: SealKey::new(&mut [7; 32]),
        };
        Some(Arc::new(Deeds::open(world).await.expect("the deeds begin")))
    }

    /// A client with the administrator's key.
    pub fn administrator(&self) -> Client {
        self.client(ADMINISTRATOR)
    }

    /// A client with the key of this id.
    pub fn client(&self, access_key_id: &str) -> Client {
        Client {
            address: self.address,
            signer: Signer {
                access_key_id: access_key_id.into(),
                secret_access_key: Secret::new(SECRET.into()),
                session_token: None,
                region: REGION.into(),
                service: "iot".into(),
            },
            clock: Arc::clone(&self.clock),
        }
    }

    /// Ends what carries out tasks of bulk registration as a crash does, and begins it again, as another node that may not
    /// believe that the first is gone.
    pub async fn crash_registering(&mut self) {
        self.registering.abort();
        // Until it is gone it may still renew its lease, at a time that the test's clock has reached meanwhile.
        let _ = (&mut self.registering).await;
        let registering =
            thing_registration_tasks::run(Arc::clone(&self.deeds), false, std::future::pending());
        self.registering = tokio::spawn(registering);
    }

    /// Tells the server to end and waits until it has.
    ///
    /// # Panics
    /// When the server panicked.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(task) = self.task.take() {
            task.await.expect("the server ends in order");
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.rules.abort();
        self.registering.abort();
        if !std::thread::panicking() {
            let unlisted = self.api.unlisted_exceptions();
            assert_eq!(
                unlisted, 0,
                "the server answered exceptions that AWS's model does not list"
            );
        }
    }
}
