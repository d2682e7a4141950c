//! Certificate authorities: the one that issues device certificates, and the one behind our own endpoints.
//!
//! Their roots are disjoint: what signs our endpoints never signs devices. Else whoever may send a CSR could ask for a
//! certificate with our host name and be the server.
//!
//! The endpoints' root has two twins, P-256 and RSA-2048, and so has every endpoint's certificate: small devices want the
//! first, old ones know only the second.

mod endpoint;
pub mod rows;
mod seal;
mod signer;

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose};
use thingsmith_ports::{Batch, Signer, StoreError};
use thingsmith_x509::Certificate;
use thiserror::Error;
use zeroize::Zeroizing;

pub use endpoint::EndpointCertificate;
pub use seal::{SealError, SealKey};

use crate::deeds::World;
use endpoint::EndpointAuthority;
use signer::MemorySigner;

/// The authority that issues device certificates.
const DEVICE: &str = "device-issuer";
/// The root of the endpoints' certificates, P-256.
const ENDPOINT: &str = "endpoint-root";
/// Its RSA-2048 twin.
const ENDPOINT_RSA: &str = "endpoint-root-rsa";

/// The authorities of a server, loaded once.
pub struct Authorities {
    device: Issuer,
    endpoint: EndpointAuthority,
    endpoint_rsa: EndpointAuthority,
    /// The key of this server's RSA endpoint certificates: one for all of them, since it takes long to make.
    rsa_key: KeyPair,
}

/// A certificate authority that issues device certificates.
pub struct Issuer {
    /// Its certificate.
    pub certificate: Certificate,
    /// Its key.
    pub signer: Arc<dyn Signer>,
}

/// Why the authorities could not be loaded or made.
#[derive(Debug, Error)]
pub enum AuthorityError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key that is kept does not open.
    #[error("it needs the seal key that it was made with")]
    Seal(#[from] SealError),
    /// What is kept is no certificate or no key, or none could be made.
    #[error("the certificate authority {name} cannot be used: {cause}")]
    Unusable {
        /// Which one.
        name: &'static str,
        /// What is wrong with it.
        cause: String,
    },
}

impl Authorities {
    pub(crate) async fn open(world: &World) -> Result<Self, AuthorityError> {
        let (certificate, key) = load_or_make(world, DEVICE, Kind::P256, "Thingsmith Device CA").await?;
        let wrong = |cause: String| unusable(DEVICE, cause);
        let device = Issuer {
            certificate: Certificate::from_der(&certificate).map_err(|cause| wrong(cause.to_string()))?,
            signer: Arc::new(MemorySigner::from_pkcs8(&key).map_err(|cause| wrong(cause.to_string()))?),
        };
        let rsa_key = new_key(world, Kind::Rsa2048)
            .await
            .map_err(|cause| unusable(ENDPOINT_RSA, cause))?;
        Ok(Self {
            device,
            endpoint: endpoint(world, ENDPOINT, Kind::P256, "Thingsmith Endpoint Root CA").await?,
            endpoint_rsa: endpoint(
                world,
                ENDPOINT_RSA,
                Kind::Rsa2048,
                "Thingsmith Endpoint Root CA RSA",
            )
            .await?,
            rsa_key,
        })
    }

    /// The authority that issues device certificates.
    pub fn device(&self) -> &Issuer {
        &self.device
    }

    /// The roots that devices and clients trust when they connect to us, as PEM: the P-256 root and its RSA-2048 twin.
    pub fn endpoint_roots_pem(&self) -> String {
        self.endpoint.root_pem() + &self.endpoint_rsa.root_pem()
    }

    /// Makes the certificates and keys of one of our own listeners: P-256, and its RSA-2048 twin for clients that check
    /// no other. Each stands directly under the root of its kind.
    ///
    /// # Errors
    /// When a name cannot stand in a certificate.
    pub fn endpoint_certificates(
        &self,
        now: thingsmith_model::Timestamp,
        names: &[String],
    ) -> Result<[EndpointCertificate; 2], AuthorityError> {
        let made = |name| move |cause: rcgen::Error| unusable(name, cause.to_string());
        let key = KeyPair::generate().map_err(made(ENDPOINT))?;
        let first = self.endpoint.issue(now, names, &key).map_err(made(ENDPOINT))?;
        let twin = self.endpoint_rsa.issue(now, names, &self.rsa_key);
        Ok([first, twin.map_err(made(ENDPOINT_RSA))?])
    }
}

/// The kinds of keys that authorities have.
#[derive(Clone, Copy)]
enum Kind {
    P256,
    Rsa2048,
}

fn unusable(name: &'static str, cause: String) -> AuthorityError {
    AuthorityError::Unusable { name, cause }
}

async fn endpoint(
    world: &World,
    name: &'static str,
    kind: Kind,
    common_name: &str,
) -> Result<EndpointAuthority, AuthorityError> {
    let (certificate, key) = load_or_make(world, name, kind, common_name).await?;
    EndpointAuthority::new(certificate, &key, params(world, common_name))
        .map_err(|cause| unusable(name, cause.to_string()))
}

/// The certificate and the private key (PKCS #8) of an authority, made on the first start.
async fn load_or_make(
    world: &World,
    name: &'static str,
    kind: Kind,
    common_name: &str,
) -> Result<(Vec<u8>, Zeroizing<Vec<u8>>), AuthorityError> {
    let store = world.store.as_ref();
    let kept = match rows::find(store, name).await? {
        Some(kept) => kept,
        None => {
            let key = new_key(world, kind)
                .await
                .map_err(|cause| unusable(name, cause))?;
            let certificate = params(world, common_name)
                .self_signed(&key)
                .map_err(|cause| unusable(name, cause.to_string()))?;
            let made = rows::Sealed {
                certificate: certificate.der().to_vec(),
                sealed_key: world.seal.seal(name, &Zeroizing::new(key.serialize_der()))?,
            };
            let mut batch = Batch::new();
            rows::insert_if_absent(&mut batch, name, &made);
            store.write(batch).await?;
            // Another node may have been first: what stands in the store counts.
            rows::find(store, name)
                .await?
                .ok_or_else(|| StoreError::other("a certificate authority vanished"))?
        }
    };
    let key = world.seal.open(name, &kept.sealed_key)?;
    Ok((kept.certificate, key))
}

/// A new key. An RSA key takes long, so that it is made off the runtime's workers.
async fn new_key(world: &World, kind: Kind) -> Result<KeyPair, String> {
    match kind {
        Kind::P256 => KeyPair::generate().map_err(|cause| cause.to_string()),
        Kind::Rsa2048 => {
            let keys = Arc::clone(&world.rsa_keys);
            let made = tokio::task::spawn_blocking(move || keys.make())
                .await
                .map_err(|cause| cause.to_string())?
                .map_err(|cause| cause.to_string())?;
            KeyPair::try_from(made.private_key.as_slice()).map_err(|cause| cause.to_string())
        }
    }
}

fn params(world: &World, common_name: &str) -> CertificateParams {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "Thingsmith");
    name.push(DnType::CommonName, common_name);
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = endpoint::date(world.clock.now().minus(endpoint::BACKDATED));
    // Longer than the certificates it issues, which end with the year 2049.
    params.not_after = rcgen::date_time_ymd(2099, 12, 31);
    params
}
