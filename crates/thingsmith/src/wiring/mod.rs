//! Wires the adapters to the deeds and the deeds to the edges, and starts everything.

mod background;
mod identity;
mod listeners;
mod start_error;
mod stores;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use thingsmith_api::auth::AccessKeys;
use thingsmith_api::{Api, Tls};
use thingsmith_core::access_keys::AccessKey;
use thingsmith_core::authorities::AuthorityError;
use thingsmith_core::{Deeds, OpenError, World, rules, thing_registration_tasks};
use thingsmith_functions::Runner;
use thingsmith_gateway::Gateway;
use thingsmith_gateway::doors::Doors;
use thingsmith_model::Account;
use thingsmith_ports::{Clock, Random, RsaKeys};
use thingsmith_web::HttpWeb;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::background::{follow, sweep, until};
use self::identity::{access_keys, account, administrator, configured_keys};
use self::listeners::{Listeners, api_url, bound};
pub use self::start_error::StartError;
use self::stores::{open_objects, open_stores};
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
        let listeners = Listeners::open(settings)?;
        let control = Control::open(&settings.data_dir)?;
        // After all that may be refused: whoever starts the server sees the key of the start that makes it.
        let (administrator, new_administrator) = administrator(settings, &deeds, &account).await?;
        let keys = access_keys(settings, &account, administrator, configured)?;
        let api = api(settings, &deeds, &account, &keys);
        let api_tls = api_tls(settings, &deeds, bound(&listeners.api)?)?;
        let gateway = gateway(settings, &file, &deeds, &account, keys).await?;
        let roots = deeds.authorities().endpoint_roots_pem();
        functions.set_api(
            &api_url(settings, bound(&listeners.api)?),
            settings.api_tls.then_some(roots.as_str()),
        );

        let endpoints = Endpoints {
            api: api_url(settings, bound(&listeners.api)?),
            mqtt: format!("{}:{}", settings.domain, bound(&listeners.mqtt)?.port()),
            https: match listeners.https.first() {
                Some(listener) => format!("{}:{}", settings.domain, bound(listener)?.port()),
                None => String::new(),
            },
            admin: format!("http://{}", bound(&listeners.admin)?),
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
            None => tasks.spawn(thingsmith_api::serve(api, listeners.api, until(stopped.clone()))),
            Some(tls) => tasks.spawn(thingsmith_api::serve_tls(
                api,
                listeners.api,
                tls,
                until(stopped.clone()),
            )),
        };
        tasks.spawn(Arc::clone(&gateway).serve(listeners.mqtt, stopped.clone()));
        for listener in listeners.https {
            tasks.spawn(Arc::clone(&gateway).serve_https(listener, stopped.clone()));
        }
        for listener in listeners.browsers {
            tasks.spawn(Arc::clone(&gateway).serve_browsers(listener, stopped.clone()));
        }
        let admin = Arc::new(Admin {
            deeds: Arc::clone(&deeds),
            rsa_keys,
        });
        tasks.spawn(admin::serve(admin, listeners.admin, stopped.clone()));
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
