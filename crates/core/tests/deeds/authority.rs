//! A customer's certificate authority.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use thingsmith_core::ca_certificates::{NewCaCertificate, RegistrationConfig};
use thingsmith_core::tags::Tags;
use thingsmith_model::{AutoRegistrationStatus, CaCertificateStatus, CertificateMode};

/// A certificate authority with its key.
pub(crate) struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new(common_name: &str) -> Self {
        let mut params = params(common_name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            pem,
            issuer: Issuer::new(params, key),
        }
    }

    pub(crate) fn certify(&self, common_name: &str) -> String {
        let key = KeyPair::generate().unwrap();
        params(common_name).signed_by(&key, &self.issuer).unwrap().pem()
    }

    /// What registers it.
    pub(crate) fn new_ca(
        &self,
        verification: Option<String>,
        status: CaCertificateStatus,
    ) -> NewCaCertificate {
        NewCaCertificate {
            certificate: self.pem.clone(),
            mode: match verification {
                Some(_) => CertificateMode::Default,
                None => CertificateMode::SniOnly,
            },
            verification,
            status,
            auto_registration: AutoRegistrationStatus::Disable,
            registration_config: RegistrationConfig::default(),
            tags: Tags::new(),
        }
    }
}

fn params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}
