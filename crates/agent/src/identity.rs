//! A device's key and certificate.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use crate::AgentError;

/// A private key that was made on the device and does not leave it.
pub struct DeviceKey {
    pair: KeyPair,
}

impl DeviceKey {
    /// Makes a P-256 key.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn generate() -> Result<Self, AgentError> {
        Ok(Self {
            pair: KeyPair::generate().map_err(wrong)?,
        })
    }

    /// Reads a key as [`Self::to_pem`] wrote it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn from_pem(pem: &str) -> Result<Self, AgentError> {
        Ok(Self {
            pair: KeyPair::from_pem(pem).map_err(wrong)?,
        })
    }

    /// The key as PKCS #8 PEM.
    pub fn to_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(self.pair.serialize_pem())
    }

    /// A certificate signing request for this key, as PEM.
    ///
    /// # Errors
    /// When the name cannot stand in a request.
    pub fn signing_request(&self, common_name: &str) -> Result<String, AgentError> {
        let request = params(common_name).serialize_request(&self.pair).map_err(wrong)?;
        request.pem().map_err(wrong)
    }

    /// A certificate that this key signs for itself, as PEM: what stands in a secure element whose maker's CA nobody
    /// registered looks no different to a service that does not ask who signed.
    ///
    /// # Errors
    /// When the name cannot stand in a certificate.
    pub fn self_signed(&self, common_name: &str) -> Result<String, AgentError> {
        Ok(params(common_name).self_signed(&self.pair).map_err(wrong)?.pem())
    }
}

/// A certificate authority as a factory has one, which certifies the keys of its devices.
pub struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Makes an authority with a P-256 key.
    ///
    /// # Errors
    /// When the system gives no randomness, or the name cannot stand in a certificate.
    pub fn generate(common_name: &str) -> Result<Self, AgentError> {
        let mut params = params(common_name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().map_err(wrong)?;
        let certificate = params.self_signed(&key).map_err(wrong)?.pem();
        Ok(Self {
            certificate,
            issuer: Issuer::new(params, key),
        })
    }

    /// The authority's own certificate, as PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// A certificate for a device's key, as PEM.
    ///
    /// # Errors
    /// When the name cannot stand in a certificate.
    pub fn certify(&self, key: &DeviceKey, common_name: &str) -> Result<String, AgentError> {
        self.sign(key, params(common_name))
    }

    /// As [`Self::certify`], with an organizational unit in the subject.
    ///
    /// # Errors
    /// When a name cannot stand in a certificate.
    pub fn certify_in_unit(
        &self,
        key: &DeviceKey,
        common_name: &str,
        organizational_unit: &str,
    ) -> Result<String, AgentError> {
        let mut params = params(common_name);
        params
            .distinguished_name
            .push(DnType::OrganizationalUnitName, organizational_unit);
        self.sign(key, params)
    }

    fn sign(&self, key: &DeviceKey, params: CertificateParams) -> Result<String, AgentError> {
        let signed = params.signed_by(&key.pair, &self.issuer);
        Ok(signed.map_err(wrong)?.pem())
    }
}

fn params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    params.distinguished_name = name;
    params
}

/// A certificate with its key, ready to connect.
pub struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Identity {
    /// The certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        self.chain.first().map_or(&[], |certificate| certificate.as_ref())
    }

    /// Reads a certificate (with those that belong to its chain) and its private key from PEM.
    ///
    /// # Errors
    /// When either cannot be read.
    pub fn from_pem(certificates: &str, key: &str) -> Result<Self, AgentError> {
        let chain = CertificateDer::pem_slice_iter(certificates.as_bytes()).collect::<Result<Vec<_>, _>>();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(wrong)?;
        Ok(Self {
            chain: chain.map_err(wrong)?,
            key,
        })
    }
}

fn wrong(cause: impl ToString) -> AgentError {
    AgentError::Identity(cause.to_string())
}
