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
const MQTT_WITH_CERTIFICATE: &[u8] = b"x-amzn-mqtt-ca";
/// Doors of single realms kept ready.
const KEPT: NonZeroUsize = NonZeroUsize::new(1024).expect("it is not zero");

/// The doors of a listener for MQTT with a client certificate.
pub struct Doors {
    deeds: Arc<Deeds>,
    domain: String,
    default_realm: Arc<RealmRecord>,
    default_door: Door,
    by_name: Mutex<LruCache<String, (Door, Arc<RealmRecord>)>>,
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
        let default_door = make(&deeds, &names)?;
        let by_name = Mutex::new(LruCache::new(KEPT));
        Ok(Self {
            domain: domain.to_owned(),
            default_realm,
            default_door,
            by_name,
            deeds,
        })
    }

    /// The door that a hello asks for; none when no realm answers to its server name.
    ///
    /// # Errors
    /// When the store fails or a certificate cannot be made.
    pub async fn choose(&self, hello: &Hello) -> Result<Option<Entrance>, DoorsError> {
        let Some(name) = &hello.server_name else {
            return Ok(Some(Entrance {
                door: self.default_door.clone(),
                realm: None,
            }));
        };
        if *name == self.domain || name == LOCALHOST {
            let realm = Some(Arc::clone(&self.default_realm));
            return Ok(Some(Entrance {
                door: self.default_door.clone(),
                realm,
            }));
        }
        let kept = self
            .by_name
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned();
        if let Some((door, realm)) = kept {
            return Ok(Some(Entrance {
                door,
                realm: Some(realm),
            }));
        }
        let Some(realm) = self.deeds.realm_by_endpoint(name, &self.domain).await? else {
            return Ok(None);
        };
        let realm = Arc::new(realm);
        let door = make(&self.deeds, std::slice::from_ref(name))?;
        let entry = (door.clone(), Arc::clone(&realm));
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

/// A door with a P-256 certificate, and an RSA-2048 one for clients that check no other.
fn make(deeds: &Deeds, names: &[String]) -> Result<Door, DoorsError> {
    let issued = deeds
        .authorities()
        .endpoint_certificates(deeds.clock().now(), names)?;
    let mut certificates = Vec::new();
    for issued in issued {
        let chain = vec![CertificateDer::from(issued.certificate)];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(issued.private_key.to_vec()));
        certificates.push(server_certificate(chain, key)?);
    }
    Ok(Door::new(DoorSettings {
        certificates,
        protocols: vec![MQTT_WITH_CERTIFICATE.to_vec()],
        client_certificate: ClientCertificate::Required,
        versions: Versions::Tls12AndTls13,
    })?)
}

const LOCALHOST: &str = "localhost";
/// What the default door's certificate names besides its domain, so that a client on the same machine is at home.
const LOCAL_NAMES: [&str; 3] = [LOCALHOST, "127.0.0.1", "::1"];
