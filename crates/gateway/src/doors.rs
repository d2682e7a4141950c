//! Which realm a server name leads to, and the certificate shown there.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use thingsmith_core::Deeds;
use thingsmith_core::authorities::AuthorityError;
use thingsmith_core::domain_configurations::{self as domains, SecurityPolicy, Speech, TlsVersions};
use thingsmith_core::realms::RealmRecord;
use thingsmith_model::Timestamp;
use thingsmith_ports::StoreError;
use thiserror::Error;

use crate::tls::{ClientCertificate, Door, DoorError, DoorSettings, Hello, Versions, server_certificate};

/// ALPN of MQTT with a client certificate. AWS wants it on port 443; the JavaScript SDK offers it on 8883 too, where
/// offering none is the rule.
pub(crate) const MQTT_WITH_CERTIFICATE: &[u8] = b"x-amzn-mqtt-ca";
/// ALPN of publishing over HTTPS with a client certificate.
const HTTPS_WITH_CERTIFICATE: &[u8] = b"x-amzn-http-ca";
/// ALPN of HTTP/1.1, which says nothing about who the client is.
const HTTP: &[u8] = b"http/1.1";
/// Doors of single names kept ready.
const KEPT: NonZeroUsize = NonZeroUsize::new(1024).expect("it is not zero");
/// How long what a domain configuration says is believed.
const BELIEVED: Duration = Duration::from_secs(1);

/// What a listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// MQTT with a client certificate (AWS's port 8883).
    Mqtt,
    /// What ALPN says: HTTPS, or MQTT with a client certificate (AWS's ports 443 and 8443). `mqtt`, by which a client
    /// would choose a custom authorizer, is not spoken and is refused by TLS itself.
    Https,
    /// As [`Self::Https`], but that nobody is asked for a certificate who does not say by ALPN that it has one (AWS's port
    /// 443).
    Web,
}

/// What may be spoken once the handshake stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoken {
    /// MQTT.
    Mqtt,
    /// HTTPS.
    Https,
    /// HTTPS with a signature: messages are published.
    SignedHttps,
    /// HTTPS with a signature: MQTT in a WebSocket.
    SignedWebSocket,
    /// What ALPN or the first byte says.
    Either,
}

/// The doors of one name, which show the same certificates.
#[derive(Debug, Clone)]
struct Trio {
    mqtt: Door,
    https: Door,
    /// Nobody is asked for a certificate.
    web: Door,
}

/// What a configuration says about a name's doors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Manner {
    security_policy: SecurityPolicy,
    speech: Speech,
}

/// The doors of a name, and until when they need not be looked up again.
#[derive(Clone)]
struct Known {
    doors: Trio,
    realm: Arc<RealmRecord>,
    manner: Manner,
    read_at: Timestamp,
}

/// The doors of the gateway's listeners.
pub struct Doors {
    deeds: Arc<Deeds>,
    domain: String,
    default_names: Vec<String>,
    default_realm: Arc<RealmRecord>,
    default_doors: Trio,
    by_name: Mutex<LruCache<String, Known>>,
}

/// Why a door could not be made or found.
#[derive(Debug, Error)]
pub enum DoorsError {
    /// Its certificate could not be issued.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// Its certificate cannot be used.
    #[error(transparent)]
    Door(#[from] DoorError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where a client came in.
#[derive(Debug, Clone)]
pub struct Entrance {
    /// What it is shown.
    pub door: Door,
    /// The realm that its server name leads to; none without a server name.
    pub realm: Option<Arc<RealmRecord>>,
    /// What it may speak.
    pub spoken: Spoken,
}

impl Doors {
    /// Doors that lead to `default_realm` by the names `domain` and `localhost`, and to any other realm by the name of
    /// its endpoint or of an enabled domain configuration.
    ///
    /// # Errors
    /// When the default door's certificate cannot be made.
    pub fn new(deeds: Arc<Deeds>, domain: &str, default_realm: Arc<RealmRecord>) -> Result<Self, DoorsError> {
        let mut names = vec![domain.to_owned()];
        names.extend(
            LOCAL_NAMES
                .iter()
                .filter(|name| **name != domain)
                .map(|name| (*name).to_owned()),
        );
        let default_doors = make(&deeds, &names, Manner::default())?;
        let by_name = Mutex::new(LruCache::new(KEPT));
        Ok(Self {
            domain: domain.to_owned(),
            default_names: names,
            default_realm,
            default_doors,
            by_name,
            deeds,
        })
    }

    /// The door that a hello asks for; none when no realm answers to its server name, or not on this listener.
    ///
    /// # Errors
    /// When the store fails or a certificate cannot be made.
    pub async fn choose(&self, hello: &Hello, speaks: Speaks) -> Result<Option<Entrance>, DoorsError> {
        let Some(name) = &hello.server_name else {
            return Ok(self
                .default_doors
                .entrance(Manner::default(), speaks, hello, None));
        };
        // Before anything is read: what is read later is believed no longer than it is true.
        let now = self.deeds.clock().now();
        let kept = self.names().get(name).cloned();
        if let Some(kept) = kept.as_ref().filter(|kept| kept.holds_at(now)) {
            return Ok(kept.entrance(speaks, hello));
        }
        let Some((realm, manner)) = self.look_up(name).await? else {
            self.names().pop(name);
            return Ok(None);
        };
        let doors = match kept {
            Some(kept) if kept.manner == manner && kept.realm == realm => kept.doors,
            _ if !self.is_default(name) => make(&self.deeds, std::slice::from_ref(name), manner)?,
            _ if manner == Manner::default() => self.default_doors.clone(),
            _ => make(&self.deeds, &self.default_names, manner)?,
        };
        let known = Known {
            doors,
            realm,
            manner,
            read_at: now,
        };
        let entrance = known.entrance(speaks, hello);
        self.names().put(name.clone(), known);
        Ok(entrance)
    }

    /// Where a name leads, and what is spoken there.
    async fn look_up(&self, name: &str) -> Result<Option<(Arc<RealmRecord>, Manner)>, DoorsError> {
        let deeds = self.deeds.as_ref();
        let endpoint = match self.is_default(name) {
            true => Some(Arc::clone(&self.default_realm)),
            false => deeds.realm_by_endpoint(name, &self.domain).await?.map(Arc::new),
        };
        if let Some(realm) = endpoint {
            let security_policy = domains::default_security_policy(deeds, &realm).await?;
            let speech = Speech::Default;
            return Ok(Some((
                realm,
                Manner {
                    security_policy,
                    speech,
                },
            )));
        }
        let found = domains::by_server_name(deeds, name).await?;
        Ok(found.map(|(realm, found)| {
            let manner = Manner {
                security_policy: found.settings.security_policy,
                speech: found.settings.speech,
            };
            (Arc::new(realm), manner)
        }))
    }

    fn is_default(&self, name: &str) -> bool {
        name == self.domain || name == LOCALHOST
    }

    fn names(&self) -> std::sync::MutexGuard<'_, LruCache<String, Known>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn holds_at(&self, now: Timestamp) -> bool {
        self.read_at <= now && now < self.read_at.plus(BELIEVED)
    }

    fn entrance(&self, speaks: Speaks, hello: &Hello) -> Option<Entrance> {
        self.doors
            .entrance(self.manner, speaks, hello, Some(Arc::clone(&self.realm)))
    }
}

impl Trio {
    /// The door on a listener, if there is one.
    fn entrance(
        &self,
        manner: Manner,
        speaks: Speaks,
        hello: &Hello,
        realm: Option<Arc<RealmRecord>>,
    ) -> Option<Entrance> {
        let has_certificate = hello
            .protocols
            .iter()
            .any(|protocol| matches!(&protocol[..], MQTT_WITH_CERTIFICATE | HTTPS_WITH_CERTIFICATE));
        let (door, spoken) = match (manner.speech, speaks) {
            (Speech::Default, Speaks::Mqtt) | (Speech::Mqtt, _) => (&self.mqtt, Spoken::Mqtt),
            (Speech::Default, Speaks::Https) => (&self.https, Spoken::Either),
            (Speech::Default, Speaks::Web) if has_certificate => (&self.https, Spoken::Either),
            (Speech::Default, Speaks::Web) => (&self.web, Spoken::Either),
            (Speech::Https, Speaks::Https | Speaks::Web) => (&self.https, Spoken::Https),
            (Speech::SignedHttps, Speaks::Https | Speaks::Web) => (&self.web, Spoken::SignedHttps),
            (Speech::SignedWebSocket, Speaks::Https | Speaks::Web) => (&self.web, Spoken::SignedWebSocket),
            (Speech::Https | Speech::SignedHttps | Speech::SignedWebSocket, Speaks::Mqtt) => return None,
        };
        Some(Entrance {
            door: door.clone(),
            realm,
            spoken,
        })
    }
}

/// Doors with a P-256 certificate, and an RSA-2048 one for clients that check no other.
fn make(deeds: &Deeds, names: &[String], manner: Manner) -> Result<Trio, DoorsError> {
    let issued = deeds
        .authorities()
        .endpoint_certificates(deeds.clock().now(), names)?;
    let mut certificates = Vec::new();
    for issued in issued {
        let chain = vec![CertificateDer::from(issued.certificate)];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(issued.private_key.to_vec()));
        certificates.push(server_certificate(chain, key)?);
    }
    let versions = match manner.security_policy.versions() {
        TlsVersions::Tls12 => Versions::Tls12,
        TlsVersions::Tls13 => Versions::Tls13,
        TlsVersions::Both => Versions::Tls12AndTls13,
    };
    let mqtt = Door::new(DoorSettings {
        certificates: certificates.clone(),
        protocols: vec![MQTT_WITH_CERTIFICATE.to_vec()],
        client_certificate: ClientCertificate::Required,
        versions,
    })?;
    // Who speaks MQTT or HTTPS is known by ALPN, or else by the first byte; then only MQTT wants a certificate at once.
    let (protocols, client_certificate): (&[&[u8]], _) = match manner.speech {
        Speech::Https => (&[HTTPS_WITH_CERTIFICATE, HTTP], ClientCertificate::Required),
        Speech::Default | Speech::Mqtt | Speech::SignedHttps | Speech::SignedWebSocket => (
            &[MQTT_WITH_CERTIFICATE, HTTPS_WITH_CERTIFICATE, HTTP],
            ClientCertificate::Optional,
        ),
    };
    let web = Door::new(DoorSettings {
        certificates: certificates.clone(),
        protocols: vec![HTTP.to_vec()],
        client_certificate: ClientCertificate::NeverAsked,
        versions,
    })?;
    let https = Door::new(DoorSettings {
        certificates,
        protocols: protocols.iter().map(|protocol| protocol.to_vec()).collect(),
        client_certificate,
        versions,
    })?;
    Ok(Trio { mqtt, https, web })
}

const LOCALHOST: &str = "localhost";
/// What the default door's certificate names besides its domain, so that a client on the same machine is at home.
const LOCAL_NAMES: [&str; 3] = [LOCALHOST, "127.0.0.1", "::1"];
