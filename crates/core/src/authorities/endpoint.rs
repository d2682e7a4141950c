//! The authorities behind our own listeners' certificates.

use std::time::Duration;

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use thingsmith_model::Timestamp;
use zeroize::Zeroizing;

/// How far before now a certificate's validity begins, for clients whose clocks are behind.
pub(super) const BACKDATED: Duration = Duration::from_secs(24 * 60 * 60);
/// How long an endpoint certificate is valid. A new one is made at each start; some clients refuse more than 825 days.
const LIFETIME: Duration = Duration::from_secs(820 * 24 * 60 * 60);

/// A certificate for one of our listeners.
pub struct EndpointCertificate {
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// Its private key, PKCS #8.
    pub private_key: Zeroizing<Vec<u8>>,
}

pub(super) struct EndpointAuthority {
    certificate: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

impl EndpointAuthority {
    /// The authority with this certificate and key. `params` are those that the certificate was made with: its name and
    /// the form of its key id.
    pub(super) fn new(
        certificate: Vec<u8>,
        key: &[u8],
        params: CertificateParams,
    ) -> Result<Self, rcgen::Error> {
        let issuer = Issuer::new(params, KeyPair::try_from(key)?);
        Ok(Self { certificate, issuer })
    }

    pub(super) fn root_pem(&self) -> String {
        thingsmith_x509::pem_encode("CERTIFICATE", &self.certificate)
    }

    pub(super) fn issue(
        &self,
        now: Timestamp,
        names: &[String],
        key: &KeyPair,
    ) -> Result<EndpointCertificate, rcgen::Error> {
        let mut params = CertificateParams::new(names)?;
        // RFC 5280, appendix A.1: a common name has 64 characters at most.
        if let Some(first) = names.first().filter(|name| name.len() <= 64) {
            params.distinguished_name.push(DnType::CommonName, first.as_str());
        }
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.not_before = date(now.minus(BACKDATED));
        params.not_after = date(now.plus(LIFETIME));
        let certificate = params.signed_by(key, &self.issuer)?;
        Ok(EndpointCertificate {
            certificate: certificate.der().to_vec(),
            private_key: Zeroizing::new(key.serialize_der()),
        })
    }
}

/// A time in rcgen's words. Times outside of its calendar become its first day.
pub(super) fn date(time: Timestamp) -> time::OffsetDateTime {
    time::OffsetDateTime::from_unix_timestamp(time.as_seconds()).unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
}
