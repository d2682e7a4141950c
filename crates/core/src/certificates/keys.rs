//! Making a key for a device, and issuing its certificate.

use thingsmith_model::CertificateStatus;
use thingsmith_x509::{Name, NameAttribute, PublicKey, rsa_private_key_pem};
use zeroize::Zeroizing;

use super::Certificate;
use super::issue::{issue_for_key, record};
use crate::realms::RealmRecord;
use crate::{Code, Deeds, Fault};

/// The subject of a certificate whose key the service made, as AWS has it.
const COMMON_NAME: &str = "AWS IoT Certificate";

/// A key that was made for a device. It is kept nowhere: whoever has this has the only copy.
pub struct DeviceKey {
    /// The public key, PEM.
    pub public_key: String,
    /// The private key, PEM of PKCS #1.
    pub private_key: Zeroizing<String>,
}

/// Makes an RSA-2048 key, issues a certificate for it and registers that. The key comes from a supply made ahead of
/// time.
///
/// # Errors
/// `ThrottlingException` when the supply of keys is used up; it fills itself again.
pub async fn create_keys_and_certificate(
    deeds: &Deeds,
    realm: &RealmRecord,
    status: CertificateStatus,
) -> Result<(Certificate, DeviceKey), Fault> {
    let (certificate, made) = issue_with_key(deeds, status).await?;
    Ok((record(deeds, realm, certificate).await?, made))
}

/// Makes a key and issues a certificate for it. Its record is to become durable before anybody sees it.
///
/// # Errors
/// As [`create_keys_and_certificate`].
pub(crate) async fn issue_with_key(
    deeds: &Deeds,
    status: CertificateStatus,
) -> Result<(Certificate, DeviceKey), Fault> {
    let (public_key, made) = take_key(deeds)?;
    let subject = Name::build(&[(NameAttribute::CommonName, COMMON_NAME)]);
    let certificate = issue_for_key(deeds, &subject, &public_key, status).await?;
    Ok((certificate, made))
}

/// Takes a key from the supply.
pub(crate) fn take_key(deeds: &Deeds) -> Result<(PublicKey, DeviceKey), Fault> {
    let key = deeds.rsa_keys().take().ok_or_else(|| {
        Fault::new(
            Code::Throttling,
            "No RSA key is ready: keys are asked for faster than they are made. Try again later, or make the key on the \
             device and send a CSR.",
        )
    })?;
    let public_key = PublicKey::from_der(&key.public_key).map_err(Fault::internal)?;
    public_key.check_for_issuing().map_err(Fault::internal)?;
    let private_key = rsa_private_key_pem(&key.private_key).map_err(Fault::internal)?;
    let made = DeviceKey {
        public_key: public_key.to_pem(),
        private_key: Zeroizing::new(private_key),
    };
    Ok((public_key, made))
}
