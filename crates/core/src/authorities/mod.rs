//! Certificate authorities: the one that issues device certificates, and the one behind our own endpoints.
//!
//! Their roots are disjoint: what signs our endpoints never signs devices. Else whoever may send a CSR could ask for a
//! certificate with our host name and be the server.

mod endpoint;
pub mod rows;
mod seal;
mod signer;

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose};
use thingsmith_ports::{Batch, Signer, StoreError};
use thingsmith_x509::Certificate;
use thiserror::Error;

pub use endpoint::EndpointCertificate;
pub use seal::{SealError, SealKey};

use crate::deeds::World;
use endpoint::EndpointAuthority;
use signer::MemorySigner;

/// The authority that issues device certificates.
const DEVICE: &str = "device-issuer";
/// The root of the endpoints' certificates, P-256.
const ENDPOINT: &str = "endpoint-root";

/// The authorities of a server, loaded once.
pub struct Authorities {
    device: Issuer,
    endpoint: EndpointAuthority,
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
        let (certificate, key) = load_or_make(world, DEVICE, "Thingsmith Device CA").await?;
        let unusable = |cause: String| AuthorityError::Unusable { name: DEVICE, cause };
        let device = Issuer {
            certificate: Certificate::from_der(&certificate).map_err(|cause| unusable(cause.to_string()))?,
            signer: Arc::new(MemorySigner::from_pkcs8(&key).map_err(|cause| unusable(cause.to_string()))?),
        };
        let (certificate, key) = load_or_make(world, ENDPOINT, "Thingsmith Endpoint Root CA").await?;
        let params = params(world, "Thingsmith Endpoint Root CA");
        let endpoint =
            EndpointAuthority::new(certificate, &key, params).map_err(|cause| AuthorityError::Unusable {
                name: ENDPOINT,
                cause: cause.to_string(),
            })?;
        Ok(Self { device, endpoint })
    }

    /// The authority that issues device certificates.
    pub fn device(&self) -> &Issuer {
        &self.device
    }

    /// The roots that devices and clients trust when they connect to us, as PEM.
    pub fn endpoint_roots_pem(&self) -> String {
        self.endpoint.root_pem()
    }

    /// Makes a certificate and key for one of our own listeners.
    ///
    /// # Errors
    /// When a name cannot stand in a certificate.
    pub fn endpoint_certificate(
        &self,
        now: thingsmith_model::Timestamp,
        names: &[String],
    ) -> Result<EndpointCertificate, AuthorityError> {
        self.endpoint
            .issue(now, names)
            .map_err(|cause| AuthorityError::Unusable {
                name: ENDPOINT,
                cause: cause.to_string(),
            })
    }
}

/// The certificate and the private key (PKCS #8) of an authority, made on the first start.
async fn load_or_make(
    world: &World,
    name: &'static str,
    common_name: &str,
) -> Result<(Vec<u8>, zeroize::Zeroizing<Vec<u8>>), AuthorityError> {
    let store = world.store.as_ref();
    let kept = match rows::find(store, name).await? {
        Some(kept) => kept,
        None => {
            let (certificate, key) = make(world, common_name).map_err(|cause| AuthorityError::Unusable {
                name,
                cause: cause.to_string(),
            })?;
            let made = rows::Sealed {
                certificate,
                sealed_key: world.seal.seal(name, &key)?,
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

fn make(world: &World, common_name: &str) -> Result<(Vec<u8>, zeroize::Zeroizing<Vec<u8>>), rcgen::Error> {
    let key = KeyPair::generate()?;
    let certificate = params(world, common_name).self_signed(&key)?;
    Ok((
        certificate.der().to_vec(),
        zeroize::Zeroizing::new(key.serialize_der()),
    ))
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
