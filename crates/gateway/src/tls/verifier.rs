//! Who holds the key: a client certificate verifier that proves possession and judges nothing else.
//!
//! rustls's own verifier parses the certificate with webpki, which refuses X.509 version 1 and unknown critical
//! extensions. AWS IoT admits both, since a device is known by its registered certificate and not by a path to a
//! root; so does this one, and also what is expired, self-signed or of an unknown issuer. The verdict comes later.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerMisbehaved, SignatureScheme,
};
use webpki::RawPublicKeyEntity;

use super::spki::subject_public_key_info;

/// Largest certificate a client may present, in bytes of DER. AWS takes PEM of up to 64 KiB in its API; what devices
/// present is 1 to 2 KiB.
const CERTIFICATE_BYTES: usize = 16 * 1024;
/// Most certificates in a presented chain, the device's own included.
const CHAIN_LENGTH: usize = 10;

/// The algorithms AWS IoT lists for device keys ("X.509 client certificates"): RSA of 2048 bits and more, and ECDSA
/// on the NIST curves. Ed25519 is not among them.
const SCHEMES: [SignatureScheme; 9] = [
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];

/// Proves that the client holds the key of the certificate it presents. Looks nothing up.
pub(crate) struct Possession {
    algorithms: WebPkiSupportedAlgorithms,
    mandatory: bool,
}

impl Possession {
    /// Builds a verifier; `mandatory` makes a client without a certificate fail.
    pub(crate) fn new(provider: &CryptoProvider, mandatory: bool) -> Arc<Self> {
        Arc::new(Self {
            algorithms: provider.signature_verification_algorithms,
            mandatory,
        })
    }

    fn algorithms(&self, scheme: SignatureScheme) -> Result<&[&dyn SignatureVerificationAlgorithm], Error> {
        self.algorithms
            .mapping
            .iter()
            .find(|(known, _)| *known == scheme && SCHEMES.contains(known))
            .map(|(_, algorithms)| *algorithms)
            .ok_or_else(|| PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into())
    }
}

impl ClientCertVerifier for Possession {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    /// Names no authorities: the device's issuer may be registered, or nobody's.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let too_long = |certificate: &CertificateDer<'_>| certificate.len() > CERTIFICATE_BYTES;
        if intermediates.len() >= CHAIN_LENGTH || too_long(end_entity) || intermediates.iter().any(too_long) {
            return Err(Error::General(
                "the client's certificate chain is too long".into(),
            ));
        }
        public_key(end_entity).map(|_| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = public_key(certificate)?;
        // RFC 5246 7.4.1.4.1: a scheme names a hash and a kind of key but no curve, so each of its curves is tried.
        let curves = self.algorithms(signed.scheme)?;
        if curves
            .iter()
            .any(|algorithm| proves(&key, *algorithm, message, signed))
        {
            return Ok(HandshakeSignatureValid::assertion());
        }
        Err(CertificateError::BadSignature.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // RFC 8446 4.2.3: a scheme names its curve, and RSA signs with PSS only.
        let pkcs1 = [
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA512,
        ];
        if pkcs1.contains(&signed.scheme) {
            return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        }
        let key = public_key(certificate)?;
        match self.algorithms(signed.scheme)?.first() {
            Some(algorithm) if proves(&key, *algorithm, message, signed) => {
                Ok(HandshakeSignatureValid::assertion())
            }
            _ => Err(CertificateError::BadSignature.into()),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.algorithms.supported_schemes();
        schemes.retain(|scheme| SCHEMES.contains(scheme));
        schemes
    }
}

impl fmt::Debug for Possession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Possession")
            .field("mandatory", &self.mandatory)
            .finish_non_exhaustive()
    }
}

fn public_key<'a>(certificate: &'a CertificateDer<'_>) -> Result<SubjectPublicKeyInfoDer<'a>, Error> {
    subject_public_key_info(certificate).ok_or_else(|| CertificateError::BadEncoding.into())
}

fn proves(
    key: &SubjectPublicKeyInfoDer<'_>,
    algorithm: &dyn SignatureVerificationAlgorithm,
    message: &[u8],
    signed: &DigitallySignedStruct,
) -> bool {
    RawPublicKeyEntity::try_from(key).is_ok_and(|key| {
        key.verify_signature(algorithm, message, signed.signature())
            .is_ok()
    })
}
