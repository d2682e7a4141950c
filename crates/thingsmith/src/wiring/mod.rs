//! Wires the adapters to the deeds and the deeds to the edges, and starts everything.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use thingsmith_api::auth::{AccessKeys, ConfiguredKey, UnknownKeys};
use thingsmith_api::{Api, Tls};
use thingsmith_core::access_keys::{self, AccessKey};
use thingsmith_core::authorities::AuthorityError;
use thingsmith_core::messages;
use thingsmith_core::{
    Deeds, OpenError, World, fleet_provisioning, objects, outbox, provisioning_claims, rules, settings,
    thing_registration_tasks,
};
use thingsmith_functions::Runner;
use thingsmith_gateway::Gateway;
use thingsmith_gateway::doors::Doors;
use thingsmith_model::Account;
use thingsmith_objects_directory::Directory;
use thingsmith_objects_s3::{Mounted, Place, Remote};
use thingsmith_ports::{Clock, ObjectError, Objects, Random, RsaKeys, Store};
use thingsmith_store_postgres::PostgresStore;
use thingsmith_store_sqlite::SqliteStore;
use thingsmith_web::HttpWeb;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::admin::{self, Admin};
use crate::config::{File, Settings, StoreChoice};
use crate::control::Control;
use crate::endpoints::Endpoints;
use crate::{RsaKeyPool, SystemClock, SystemRandom, files, records};

/// A running server.
pub struct Server {
    endpoints: Endpoints,
    new_administrator: Option<AccessKey>,
    deeds: Arc<Deeds>,
    functions: Arc<Runner>,
    directory: PathBuf,
    shutdown: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// Why a server does not start.
#[derive(Debug)]
pub enum StartError {
    /// It was told something that cannot be.
    Configuration(anyhow::Error),
    /// The world is not as it must be: a port is taken, the store is not there.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for StartError {
    fn from(cause: anyhow::Error) -> Self {
        Self::Failed(cause)
    }
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Configuration(cause) | Self::Failed(cause) => write!(f, "{cause:#}"),
        }
    }
}

impl std::error::Error for StartError {}

impl Server {
    /// Starts a server with the system's clock and randomness.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(settings: &Settings) -> Result<Self, StartError> {
        Self::start_in(settings, Arc::new(SystemClock), Arc::new(SystemRandom)).await
    }

    /// Starts a server with a given clock and randomness. When it returns, everything listens.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start_in(
        settings: &Settings,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, StartError> {
        settings.check().map_err(StartError::Configuration)?;
        let file = settings.file().map_err(StartError::Configuration)?;
        files::make_directory(&settings.data_dir)?;
        let (store, messages) = open_stores(settings).await?;
        // The store is ours now, so that whoever wrote this file runs no more.
        Endpoints::remove(&settings.data_dir)?;
        let rsa_keys: Arc<dyn RsaKeys> = Arc::new(
            RsaKeyPool::start(file.issuing.rsa_keys())
                .context("the threads that make RSA keys do not start")?,
        );
        let functions = functions(settings, &file, &clock, &random).await?;
        let web = file.rules.web(settings.dev).map_err(StartError::Configuration)?;
        let web = HttpWeb::new(web)
            .map_err(|cause| StartError::Configuration(anyhow!(cause).context("[rules] roots")))?;
        let (seal, new_seal) = files::seal_key(&settings.seal_key_path(), random.as_ref())?;
        let objects = open_objects(settings, &file, &clock).await?;
        let world = World {
            store,
            messages,
            clock,
            seal,
            random,
            rsa_keys: Arc::clone(&rsa_keys),
            functions: Arc::<Runner>::clone(&functions),
            web: Arc::new(web),
            objects,
        };
        let deeds = Arc::new(open_deeds(settings, world, new_seal).await?);
        let shared = file.objects.s3.as_ref().is_some_and(|s3| s3.bucket.is_some());
        if matches!(settings.store, StoreChoice::Postgres(_)) && !shared {
            tracing::info!(
                "files in buckets stay on this node; nodes that share the store share them with [objects.s3] bucket"
            );
        }
        let account = account(settings, &deeds).await?;
        let configured_functions = file.functions.functions(&account, &settings.region);
        deeds
            .fleet_provisioning()
            .configure(file.fleet_provisioning.limits());
        if let Some(limits) = file.gateway.quotas() {
            deeds.quotas().hold(limits);
        }
        deeds.configure_functions(configured_functions.map_err(StartError::Configuration)?);
        let configured = configured_keys(&file, &account)?;
        let api_listener = listen("--api", settings.api)?;
        let mqtt_listener = listen("--mqtt", settings.mqtt)?;
        let mut https_listeners = Vec::new();
        for address in &settings.https {
            https_listeners.push(listen("--https", *address)?);
        }
        let mut browser_listeners = Vec::new();
        for address in &settings.https_browsers {
            browser_listeners.push(listen("--https-browsers", *address)?);
        }
        let admin_listener = listen("--admin", settings.admin)?;
        let control = Control::open(&settings.data_dir)?;
        // After all that may be refused: whoever starts the server sees the key of the start that makes it.
        let (administrator, new_administrator) = administrator(settings, &deeds, &account).await?;
        let keys = access_keys(settings, &account, administrator, configured)?;
        let api = api(settings, &deeds, &account, &keys);
        let api_tls = api_tls(settings, &deeds, bound(&api_listener)?)?;
        let gateway = gateway(settings, &file, &deeds, &account, keys).await?;
        let roots = deeds.authorities().endpoint_roots_pem();
        functions.set_api(
            &api_url(settings, bound(&api_listener)?),
            settings.api_tls.then_some(roots.as_str()),
        );

        let endpoints = Endpoints {
            api: api_url(settings, bound(&api_listener)?),
            mqtt: format!("{}:{}", settings.domain, bound(&mqtt_listener)?.port()),
            https: match https_listeners.first() {
                Some(listener) => format!("{}:{}", settings.domain, bound(listener)?.port()),
                None => String::new(),
            },
            admin: format!("http://{}", bound(&admin_listener)?),
            account,
            region: settings.region.clone(),
        };
        files::replace(
            &settings.data_dir.join("ca.pem"),
            deeds.authorities().endpoint_roots_pem().as_bytes(),
            0o644,
        )?;
        endpoints.write(&settings.data_dir)?;

        let (shutdown, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        match api_tls {
            None => tasks.spawn(thingsmith_api::serve(api, api_listener, until(stopped.clone()))),
            Some(tls) => tasks.spawn(thingsmith_api::serve_tls(
                api,
                api_listener,
                tls,
                until(stopped.clone()),
            )),
        };
        tasks.spawn(Arc::clone(&gateway).serve(mqtt_listener, stopped.clone()));
        for listener in https_listeners {
            tasks.spawn(Arc::clone(&gateway).serve_https(listener, stopped.clone()));
        }
        for listener in browser_listeners {
            tasks.spawn(Arc::clone(&gateway).serve_browsers(listener, stopped.clone()));
        }
        let admin = Arc::new(Admin {
            deeds: Arc::clone(&deeds),
            rsa_keys,
        });
        tasks.spawn(admin::serve(admin, admin_listener, stopped.clone()));
        let home = (endpoints.account.clone(), endpoints.region.clone());
        tasks.spawn(control.serve(Arc::clone(&deeds), home, stopped.clone()));
        let directory = settings.data_dir.clone();
        let keeping = records::keep(Arc::clone(&deeds), directory.clone(), stopped.clone());
        tasks.spawn(keeping);
        deeds.rules().set_api(&endpoints.api);
        tasks.spawn(rules::run(Arc::clone(&deeds), until(stopped.clone())));
        let alone = matches!(settings.store, StoreChoice::Sqlite);
        let registering = thing_registration_tasks::run(Arc::clone(&deeds), alone, until(stopped.clone()));
        tasks.spawn(registering);
        tasks.spawn(follow(Arc::clone(&deeds), stopped.clone()));
        tasks.spawn(sweep(Arc::clone(&deeds), stopped));
        Ok(Self {
            endpoints,
            new_administrator,
            deeds,
            functions,
            directory,
            shutdown,
            tasks,
        })
    }

    /// Where it is reached.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The administrator's key, if this start made it.
    pub fn new_administrator(&self) -> Option<&AccessKey> {
        self.new_administrator.as_ref()
    }

    /// The deeds behind it.
    pub fn deeds(&self) -> &Arc<Deeds> {
        &self.deeds
    }

    /// Stops listening, lets what is under way end, and returns when all has ended.
    pub async fn stop(mut self) {
        self.shutdown.send_replace(true);
        if let Err(cause) = Endpoints::remove(&self.directory) {
            tracing::warn!(
                cause = format!("{cause:#}"),
                "the file that says where the server is reached stays"
            );
        }
        while self.tasks.join_next().await.is_some() {}
        self.functions.stop().await;
    }
}

/// The store of the registry and that of messages. Both are durable; neither waits for the other.
async fn open_stores(settings: &Settings) -> Result<(Arc<dyn Store>, Arc<dyn Store>), StartError> {
    Ok(match &settings.store {
        StoreChoice::Sqlite => {
            let config = thingsmith_store_sqlite::Config::new(&settings.data_dir);
            let registry = SqliteStore::open(&config).map_err(|cause| anyhow!(cause))?;
            let messages = registry
                .open_beside(&config.messages())
                .map_err(|cause| anyhow!(cause))?;
            (Arc::new(registry), Arc::new(messages))
        }
        StoreChoice::Postgres(url) => {
            let config = thingsmith_store_postgres::Config::parse(url)
                .map_err(|cause| StartError::Configuration(anyhow!(cause).context("--store")))?;
            let registry = PostgresStore::open(config.clone())
                .await
                .map_err(|cause| anyhow!(cause))?;
            let messages = PostgresStore::open_beside(config.messages(), "messages")
                .await
                .map_err(|cause| anyhow!(cause))?;
            (Arc::new(registry), Arc::new(messages))
        }
    })
}

/// What runs functions. That the machine cannot run some shows when one is called.
async fn functions(
    settings: &Settings,
    file: &File,
    clock: &Arc<dyn Clock>,
    random: &Arc<dyn Random>,
) -> Result<Arc<Runner>, StartError> {
    let config = file
        .functions
        .config(settings)
        .map_err(StartError::Configuration)?;
    let runner = Runner::start(config, Arc::clone(clock), Arc::clone(random)).await;
    Ok(Arc::new(runner.context("functions cannot be run")?))
}

/// The keeper of the files of buckets: a directory, another server, or either beside buckets of another server.
async fn open_objects(
    settings: &Settings,
    file: &File,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Objects>, StartError> {
    file.objects.check().map_err(StartError::Configuration)?;
    let Some(s3) = &file.objects.s3 else {
        return open_directory(settings, file, clock).await;
    };
    let endpoint = s3
        .endpoint(Arc::clone(clock))
        .map_err(StartError::Configuration)?;
    let limits = file.objects.remote_limits();
    let kept: Arc<dyn Objects> = match &s3.bucket {
        None => open_directory(settings, file, clock).await?,
        Some(bucket) => {
            let remote = Remote::new(Place::new(Arc::clone(&endpoint), bucket, &s3.prefix), limits);
            match remote.check().await {
                Ok(()) => {}
                Err(cause @ ObjectError::Refused(_)) => {
                    return Err(StartError::Configuration(anyhow!(cause).context("[objects.s3]")));
                }
                // It may be that it only starts as well.
                Err(cause) => tracing::warn!(%cause, "objects cannot be reached yet"),
            }
            Arc::new(remote)
        }
    };
    let mounts = s3.mounts(&endpoint, limits.object_bytes, &settings.region);
    Ok(match mounts.is_empty() {
        true => kept,
        false => Arc::new(Mounted::new(mounts, kept, clock.now())),
    })
}

async fn open_directory(
    settings: &Settings,
    file: &File,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Objects>, StartError> {
    let path = file.objects.directory(&settings.data_dir);
    let (limits, clock) = (file.objects.limits(), Arc::clone(clock));
    // Reading what is kept waits for the disk.
    let opened = tokio::task::spawn_blocking(move || Directory::open(&path, limits, clock)).await;
    let directory = opened
        .context("the directory of objects was not opened")?
        .map_err(|cause| anyhow!(cause))?;
    Ok(Arc::new(directory))
}

/// Opens the deeds. `made` says that this start made the seal key.
async fn open_deeds(settings: &Settings, world: World, made: bool) -> Result<Deeds> {
    match Deeds::open(world).await {
        Err(OpenError::Authority(AuthorityError::Seal(_))) if made => {
            let path = settings.seal_key_path();
            // A new key beside an old store would only hide what is wrong. It has sealed nothing.
            std::fs::remove_file(&path).with_context(|| format!("{} cannot be removed", path.display()))?;
            Err(anyhow!(
                "there is no seal key {}, and the store was made with one; put it back or give its file with --seal-key",
                path.display()
            ))
        }
        opened => opened.context("the registry cannot be opened"),
    }
}

/// The server's account: the one that the store remembers, or on its first start the one that is given.
async fn account(settings: &Settings, deeds: &Deeds) -> Result<Account, StartError> {
    let unreadable = "the server's account cannot be read";
    let remembered = settings::account(deeds.store()).await.context(unreadable)?;
    let first = match (remembered, &settings.account) {
        (Some(account), None) => return Ok(account),
        (None, Some(given)) => given.clone(),
        (None, None) if settings.dev => Account::development(),
        (None, None) => {
            return Err(StartError::Configuration(anyhow!(
                "the first start needs --account and the 12 digits of an AWS account, yours or any other \
                 (or --dev, for a server that lets anybody on this machine in)"
            )));
        }
        (Some(account), Some(given)) if account == *given => return Ok(account),
        (Some(account), Some(given)) => {
            return Err(StartError::Configuration(anyhow!(
                "--account {given}: this server was first started for account {account}"
            )));
        }
    };
    let kept = settings::remember_account(deeds.store(), &first)
        .await
        .context(unreadable)?;
    if kept == first {
        return Ok(kept);
    }
    Err(StartError::Configuration(anyhow!(
        "--account {first}: another node was first started for account {kept}"
    )))
}

/// The administrator's key, and once more if it was made just now. A development server has none: it takes any key.
async fn administrator(
    settings: &Settings,
    deeds: &Deeds,
    account: &Account,
) -> Result<(Option<AccessKey>, Option<AccessKey>), StartError> {
    let kept = access_keys::administrator(deeds)
        .await
        .context("the administrator's key cannot be read")?;
    if kept.is_some() || settings.dev {
        return Ok((kept, None));
    }
    let path = settings.data_dir.join("credentials");
    let key = AccessKey::generate(account.clone(), deeds.random());
    // The file first: a key that the store has and nobody knows would lock everybody out.
    files::write_credentials(&path, &key)?;
    let kept = access_keys::keep_administrator(deeds, &key)
        .await
        .context("the administrator's key cannot be kept")?;
    if kept.access_key_id != key.access_key_id {
        // Another node was first.
        files::write_credentials(&path, &kept)?;
        return Ok((Some(kept), None));
    }
    Ok((Some(kept.clone()), Some(kept)))
}

fn configured_keys(file: &File, account: &Account) -> Result<Vec<ConfiguredKey>, StartError> {
    let keys = file
        .access_keys
        .iter()
        .map(|key| key.read(account))
        .collect::<Result<Vec<_>>>();
    keys.map_err(StartError::Configuration)
}

/// The keys that callers of the API and clients of the gateway sign with.
fn access_keys(
    settings: &Settings,
    account: &Account,
    administrator: Option<AccessKey>,
    configured: Vec<ConfiguredKey>,
) -> Result<Arc<AccessKeys>, StartError> {
    let unknown = if settings.dev {
        UnknownKeys::Administrator(account.clone())
    } else {
        UnknownKeys::Refused
    };
    let keys = AccessKeys::new(administrator, configured, unknown);
    keys.map(Arc::new)
        .map_err(|cause| StartError::Configuration(anyhow!(cause)))
}

fn api(settings: &Settings, deeds: &Arc<Deeds>, account: &Account, keys: &Arc<AccessKeys>) -> Arc<Api> {
    let mut config = thingsmith_api::Config::new(account.clone(), settings.region.clone());
    config.dev = settings.dev;
    config.domain.clone_from(&settings.domain);
    Arc::new(Api::new(Arc::clone(deeds), config, Arc::clone(keys)))
}

/// TLS for the API, if it is asked for: its certificate names the domain, the address and this machine.
fn api_tls(settings: &Settings, deeds: &Deeds, bound: SocketAddr) -> Result<Option<Tls>> {
    if !settings.api_tls {
        return Ok(None);
    }
    let mut names = vec![settings.domain.clone()];
    let mut more = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    if !bound.ip().is_unspecified() {
        more.push(bound.ip().to_string());
    }
    for name in more {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Tls::new(deeds, &names)
        .map(Some)
        .context("--api-tls: the certificate cannot be made")
}

/// Where the API is reached: at its address, or by the server's name when it listens on every address.
fn api_url(settings: &Settings, bound: SocketAddr) -> String {
    let scheme = if settings.api_tls { "https" } else { "http" };
    if bound.ip().is_unspecified() {
        return format!("{scheme}://{}:{}", settings.domain, bound.port());
    }
    format!("{scheme}://{bound}")
}

async fn gateway(
    settings: &Settings,
    file: &File,
    deeds: &Arc<Deeds>,
    account: &Account,
    keys: Arc<AccessKeys>,
) -> Result<Arc<Gateway>, StartError> {
    let realm = deeds
        .realm(account, &settings.region)
        .await
        .context("the server's realm cannot be made")?;
    let doors = Doors::new(Arc::clone(deeds), &settings.domain, realm);
    let doors = doors.context("the gateway's certificate cannot be made")?;
    Ok(Gateway::new(
        Arc::clone(deeds),
        doors,
        keys,
        file.gateway.config(),
    ))
}

/// How many connections may wait in the kernel. It takes as many as it allows (Linux: `net.core.somaxconn`).
const BACKLOG: u32 = 65_535;

fn listen(flag: &str, address: SocketAddr) -> Result<TcpListener> {
    let listen = || {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        // A server that starts again does not wait for its old connections' last minutes.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listen().with_context(|| format!("{flag} {address}: the server cannot listen there"))
}

fn bound(listener: &TcpListener) -> Result<SocketAddr> {
    listener.local_addr().context("a listener has no address")
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // A sender that is gone means the same.
    drop(stopped.wait_for(|stop| *stop).await);
}

/// Hears what other nodes change.
async fn follow(deeds: Arc<Deeds>, stopped: watch::Receiver<bool>) {
    tokio::select! {
        () = until(stopped) => {}
        never = outbox::follow(&deeds) => match never {},
    }
}

/// Deletes what gateways have long since heard of, and claims, messages and sessions whose time is over, once a minute.
async fn sweep(deeds: Arc<Deeds>, stopped: watch::Receiver<bool>) {
    let mut stop = std::pin::pin!(until(stopped));
    loop {
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(Duration::from_secs(60)) => {}
        }
        if let Err(cause) = outbox::sweep(&deeds).await {
            tracing::warn!(%cause, "old changes could not be deleted from the outbox; the next sweep does it");
        }
        if let Err(cause) = thing_registration_tasks::sweep(&deeds).await {
            tracing::warn!(%cause, "old tasks of bulk registration could not be deleted; the next sweep does it");
        }
        if let Err(cause) = fleet_provisioning::sweep(&deeds).await {
            tracing::warn!(%cause, "certificates that no device registered with could not be deleted; the next sweep does it");
        }
        if let Err(cause) = objects::uploads::sweep(&deeds).await {
            tracing::warn!(%cause, "uploads that nobody completes could not be deleted; the next sweep does it");
        }
        if let Err(cause) = provisioning_claims::sweep(&deeds).await {
            tracing::warn!(%cause, "provisioning claims that are over could not be deleted; the next sweep does it");
        }
        if let Err(cause) = messages::sweep(&deeds).await {
            tracing::warn!(%cause, "what is over could not be deleted from the store of messages; the next sweep does it");
        }
    }
}
