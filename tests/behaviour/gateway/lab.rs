//! A gateway in the test's process, with a registry behind it and a clock to turn.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use thingsmith_core::Deeds;
use thingsmith_core::certificates::{self, Certificate};
use thingsmith_core::clients::Clients;
use thingsmith_core::policies;
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::things::{self, NewThing};
use thingsmith_gateway::doors::Doors;
use thingsmith_gateway::{Config, Gateway};
use thingsmith_model::{CertificateStatus, PolicyName};
use thingsmith_testkit::{ACCOUNT, Engine, REGION, TestServer};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::wire::Dial;

/// How long a test waits for what must come.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// A policy that allows everything.
pub(super) const EVERYTHING: &str =
    r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]}"#;

/// A gateway with a registry.
pub(super) struct Lab {
    pub(super) server: TestServer,
    /// The realm of `localhost`.
    pub(super) realm: Arc<RealmRecord>,
    pub(super) clients: Arc<Clients>,
    pub(super) address: SocketAddr,
    /// Where ALPN says what is spoken.
    pub(super) https: SocketAddr,
    /// Where only those are asked for a certificate who say by ALPN that they have one.
    pub(super) browsers: SocketAddr,
    shutdown: watch::Sender<bool>,
    serving: JoinHandle<()>,
    named: AtomicU64,
}

/// Another node's gateway.
pub(super) struct Node {
    pub(super) address: SocketAddr,
    deeds: Arc<Deeds>,
    _shutdown: watch::Sender<bool>,
    following: JoinHandle<()>,
}

impl Node {
    /// The node's deeds.
    pub(super) fn deeds(&self) -> &Deeds {
        &self.deeds
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.following.abort();
    }
}

/// A device: a key, a certificate that is registered, and perhaps policies.
pub(super) struct Device {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    pub(super) certificate: Certificate,
    pub(super) arn: String,
}

impl Lab {
    pub(super) async fn start() -> Self {
        Self::with(Config::default()).await
    }

    pub(super) async fn with(config: Config) -> Self {
        Self::on(Engine::Sqlite, config).await
    }

    pub(super) async fn on(engine: Engine, config: Config) -> Self {
        Self::of(TestServer::builder().engine(engine).start().await, config).await
    }

    /// A gateway beside a server that was started otherwise.
    pub(super) async fn of(server: TestServer, config: Config) -> Self {
        let deeds = Arc::clone(&server.deeds);
        let (account, region) = (ACCOUNT.parse().unwrap(), REGION.parse().unwrap());
        let realm = deeds.realm(&account, &region).await.unwrap();
        let doors = Doors::new(Arc::clone(&deeds), "localhost", Arc::clone(&realm)).unwrap();
        let clients = Arc::clone(deeds.clients());
        let keys = Arc::clone(&server.keys);
        let gateway = Gateway::new(deeds, doors, keys, config);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let https_listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let https = https_listener.local_addr().unwrap();
        let browsers_listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let browsers = browsers_listener.local_addr().unwrap();
        let (shutdown, stopped) = watch::channel(false);
        let serving = tokio::spawn(async move {
            let https = Arc::clone(&gateway).serve_https(https_listener, stopped.clone());
            let browsers = Arc::clone(&gateway).serve_browsers(browsers_listener, stopped.clone());
            tokio::join!(gateway.serve(listener, stopped), https, browsers);
        });
        let named = AtomicU64::new(1);
        Self {
            server,
            realm,
            clients,
            address,
            https,
            browsers,
            shutdown,
            serving,
            named,
        }
    }

    /// A gateway on another node of the same store, which hears of changes only as nodes do; on PostgreSQL.
    pub(super) async fn another_node(&self) -> Option<Node> {
        let deeds = self.server.another_node().await?;
        let doors = Doors::new(Arc::clone(&deeds), "localhost", Arc::clone(&self.realm)).unwrap();
        let gateway = Gateway::new(
            Arc::clone(&deeds),
            doors,
            Arc::clone(&self.server.keys),
            Config::default(),
        );
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, stopped) = watch::channel(false);
        tokio::spawn(gateway.serve(listener, stopped));
        let following = Arc::clone(&deeds);
        let following =
            tokio::spawn(async move { match thingsmith_core::outbox::follow(&following).await {} });
        // From its first reading on it hears of changes.
        let begun = async {
            while deeds.watches().last_read().is_none() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, begun).await.unwrap();
        Some(Node {
            address,
            deeds,
            _shutdown: shutdown,
            following,
        })
    }

    /// Ends the gateway and waits until it has.
    pub(super) async fn stop(self) {
        self.shutdown.send_replace(true);
        tokio::time::timeout(PATIENCE, self.serving)
            .await
            .unwrap()
            .unwrap();
    }

    pub(super) fn advance(&self, by: Duration) {
        self.server.clock.advance(by);
    }

    /// A device whose certificate was made from its request, with a policy.
    pub(super) async fn device(&self, policy: &str) -> Device {
        let device = self.stranger("device").await;
        self.attach(&device, policy).await;
        device
    }

    /// A device whose certificate was made from its request, without a policy.
    pub(super) async fn stranger(&self, common_name: &str) -> Device {
        let key = KeyPair::generate().unwrap();
        let request = params(common_name)
            .serialize_request(&key)
            .unwrap()
            .pem()
            .unwrap();
        let status = CertificateStatus::Active;
        let certificate =
            certificates::create_certificate_from_csr(&self.server.deeds, &self.realm, &request, status)
                .await
                .unwrap();
        self.holder(certificate, &key)
    }

    /// Registers a certificate that the device signed itself (mode SNI_ONLY).
    pub(super) async fn register(
        &self,
        realm: &RealmRecord,
        params: CertificateParams,
        key: &KeyPair,
    ) -> Device {
        let pem = params.self_signed(key).unwrap().pem();
        self.register_pem(realm, &pem, key, CertificateStatus::Active)
            .await
    }

    pub(super) async fn register_pem(
        &self,
        realm: &RealmRecord,
        pem: &str,
        key: &KeyPair,
        status: CertificateStatus,
    ) -> Device {
        let deeds = &self.server.deeds;
        let certificate = certificates::register_certificate_without_ca(deeds, realm, pem, status)
            .await
            .unwrap();
        let mut device = self.holder(certificate, key);
        device.arn = device.certificate.arn(realm);
        device
    }

    fn holder(&self, certificate: Certificate, key: &KeyPair) -> Device {
        Device {
            chain: vec![CertificateDer::from(certificate.der.clone())],
            key: PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap(),
            arn: certificate.arn(&self.realm),
            certificate,
        }
    }

    /// Makes a policy and attaches it.
    pub(super) async fn attach(&self, device: &Device, document: &str) -> PolicyName {
        self.attach_in(&self.realm, device, document).await
    }

    pub(super) async fn attach_in(&self, realm: &RealmRecord, device: &Device, document: &str) -> PolicyName {
        let deeds = &self.server.deeds;
        let number = self.named.fetch_add(1, Ordering::Relaxed);
        let name: PolicyName = format!("policy-{number}").parse().unwrap();
        policies::create_policy(deeds, realm, name.clone(), document)
            .await
            .unwrap();
        policies::attach_policy(deeds, realm, &name, &device.arn)
            .await
            .unwrap();
        name
    }

    pub(super) async fn detach(&self, device: &Device, policy: &PolicyName) {
        policies::detach_policy(&self.server.deeds, &self.realm, policy, &device.arn)
            .await
            .unwrap();
    }

    pub(super) async fn set_status(&self, device: &Device, status: CertificateStatus) {
        certificates::update_certificate(&self.server.deeds, &self.realm, &device.certificate.id, status)
            .await
            .unwrap();
    }

    /// A thing, to which a device may be attached.
    pub(super) async fn thing(&self, name: &str, attributes: &[(&str, &str)]) {
        let attributes = attributes
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        let new = NewThing {
            name: name.parse().unwrap(),
            thing_type: None,
            attributes,
            billing_group: None,
        };
        things::create_thing(&self.server.deeds, &self.realm, new)
            .await
            .unwrap();
    }

    pub(super) async fn attach_to_thing(&self, device: &Device, thing: &str) {
        let thing = thing.parse().unwrap();
        things::attach_thing_principal(&self.server.deeds, &self.realm, &thing, &device.arn)
            .await
            .unwrap();
    }

    /// Another account's realm.
    pub(super) async fn realm_of(&self, account: &str, region: &str) -> Arc<RealmRecord> {
        let (account, region) = (account.parse().unwrap(), region.parse().unwrap());
        self.server.deeds.realm(&account, &region).await.unwrap()
    }

    /// A way to the gateway, by the server name `localhost`.
    pub(super) fn dial<'a>(&'a self, device: &'a Device) -> Dial<'a> {
        Dial::new(self, Some(device))
    }

    /// Waits until as many clients are connected.
    pub(super) async fn until_connected(&self, clients: usize) {
        let reached = async {
            while self.clients.len() != clients {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let reached = tokio::time::timeout(PATIENCE, reached).await;
        assert!(
            reached.is_ok(),
            "{} are connected, not {clients}",
            self.clients.len()
        );
    }
}

/// The gateway's configuration when a test does not care.
pub(super) fn config() -> Config {
    Config::default()
}

/// The endpoint of a realm.
pub(super) fn endpoint(realm: &RealmRecord) -> String {
    format!("{}-ats.iot.{}.localhost", realm.endpoint_prefix, realm.region)
}

/// What a device's certificate or request says.
pub(super) fn params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

/// A policy of statements: effect, action, resource in the lab's realm, condition.
pub(super) fn policy(statements: &[(&str, &str, &str, Value)]) -> String {
    let statements: Vec<Value> = statements
        .iter()
        .map(|(effect, action, resource, condition)| {
            let mut statement = json!({
                "Effect": effect,
                "Action": format!("iot:{action}"),
                "Resource": format!("arn:aws:iot:{REGION}:{ACCOUNT}:{resource}"),
            });
            if !condition.is_null() {
                statement["Condition"] = condition.clone();
            }
            statement
        })
        .collect();
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// A policy that allows actions on resources.
pub(super) fn allow(pairs: &[(&str, &str)]) -> String {
    let statements: Vec<_> = pairs
        .iter()
        .map(|(action, resource)| ("Allow", *action, *resource, Value::Null))
        .collect();
    policy(&statements)
}
