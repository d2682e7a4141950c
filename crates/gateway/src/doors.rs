//! Which realm a server name leads to, and the certificate shown there.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use thingsmith_core::Deeds;
use thingsmith_core::authorities::AuthorityError;
use thingsmith_core::realms::RealmRecord;
use thingsmith_ports::StoreError;
use thiserror::Error;

use crate::tls::{ClientCertificate, Door, DoorError, DoorSettings, Hello, Versions, server_certificate};

/// ALPN of MQTT with a client certificate. AWS wants it on port 443; the JavaScript SDK offers it on 8883 too, where
/// offering none is the rule.
pub(crate) const MQTT_WITH_CERTIFICATE: &[u8] = b"x-amzn-mqtt-ca";
/// ALPN of publishing over HTTPS with a client certificate.
const HTTPS_WITH_CERTIFICATE: &[u8] = b"x-amzn-http-ca";
/// Doors of single realms kept ready.
const KEPT: NonZeroUsize = NonZeroUsize::new(1024).expect("it is not zero");

/// What a listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// MQTT with a client certificate (AWS's port 8883).
    Mqtt,
    /// What ALPN says: HTTPS, or MQTT with a client certificate (AWS's ports 443 and 8443). `mqtt`, by which a client
    /// would choose a custom authorizer, is not spoken and is refused by TLS itself.
    Https,
}

/// The doors of one name, which show the same certificates.
#[derive(Debug, Clone)]
struct Pair {
    mqtt: Door,
    https: Door,
}

/// The doors of the gateway's listeners.
pub struct Doors {
    deeds: Arc<Deeds>,
    domain: String,
    default_realm: Arc<RealmRecord>,
    default_doors: Pair,
    by_name: Mutex<LruCache<String, (Pair, Arc<RealmRecord>)>>,
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
}

impl Doors {
    /// Doors that lead to `default_realm` by the names `domain` and `localhost`, and to any other realm by the name of
    /// its endpoint.
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
        let default_doors = make(&deeds, &names)?;
        let by_name = Mutex::new(LruCache::new(KEPT));
        Ok(Self {
            domain: domain.to_owned(),
            default_realm,
            default_doors,
            by_name,
            deeds,
        })
    }

    /// The door that a hello asks for; none when no realm answers to its server name.
    ///
    /// # Errors
    /// When the store fails or a certificate cannot be made.
    pub async fn choose(&self, hello: &Hello, speaks: Speaks) -> Result<Option<Entrance>, DoorsError> {
        let Some(name) = &hello.server_name else {
            return Ok(Some(Entrance {
                door: self.default_doors.of(speaks),
                realm: None,
            }));
        };
        if *name == self.domain || name == LOCALHOST {
            let realm = Some(Arc::clone(&self.default_realm));
            return Ok(Some(Entrance {
                door: self.default_doors.of(speaks),
                realm,
            }));
        }
        let kept = self
            .by_name
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned();
        if let Some((doors, realm)) = kept {
            return Ok(Some(Entrance {
                door: doors.of(speaks),
                realm: Some(realm),
            }));
        }
        let Some(realm) = self.deeds.realm_by_endpoint(name, &self.domain).await? else {
            return Ok(None);
        };
        let realm = Arc::new(realm);
        let doors = make(&self.deeds, std::slice::from_ref(name))?;
        let door = doors.of(speaks);
        let entry = (doors, Arc::clone(&realm));
        self.by_name
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .put(name.clone(), entry);
        Ok(Some(Entrance {
            door,
            realm: Some(realm),
        }))
    }
}

impl Pair {
    fn of(&self, speaks: Speaks) -> Door {
        match speaks {
            Speaks::Mqtt => self.mqtt.clone(),
            Speaks::Https => self.https.clone(),
        }
    }
}

/// Doors with a P-256 certificate, and an RSA-2048 one for clients that check no other.
fn make(deeds: &Deeds, names: &[String]) -> Result<Pair, DoorsError> {
    let issued = deeds
        .authorities()
        .endpoint_certificates(deeds.clock().now(), names)?;
    let mut certificates = Vec::new();
    for issued in issued {
        let chain = vec![CertificateDer::from(issued.certificate)];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(issued.private_key.to_vec()));
        certificates.push(server_certificate(chain, key)?);
    }
    let mqtt = Door::new(DoorSettings {
        certificates: certificates.clone(),
        protocols: vec![MQTT_WITH_CERTIFICATE.to_vec()],
        client_certificate: ClientCertificate::Required,
        versions: Versions::Tls12AndTls13,
    })?;
    let https = Door::new(DoorSettings {
        certificates,
        protocols: [MQTT_WITH_CERTIFICATE, HTTPS_WITH_CERTIFICATE, b"http/1.1"]
            .map(<[u8]>::to_vec)
            .to_vec(),
        client_certificate: ClientCertificate::Optional,
        versions: Versions::Tls12AndTls13,
    })?;
    Ok(Pair { mqtt, https })
}

const LOCALHOST: &str = "localhost";
/// What the default door's certificate names besides its domain, so that a client on the same machine is at home.
const LOCAL_NAMES: [&str; 3] = [LOCALHOST, "127.0.0.1", "::1"];
