//! A customer's certificate authority.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use serde_json::{Value, json};
use thingsmith_testkit::{Client, Reply};

use super::named;
use super::query::{element, iam};

/// A certificate authority with its key.
pub(super) struct Authority {
    pub(super) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// What the certificate of an authority says.
pub(super) fn params(common_name: &str) -> CertificateParams {
    let mut params = subject(common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

/// What the certificate of a device says.
pub(super) fn subject(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

impl Authority {
    pub(super) fn new(common_name: &str) -> Self {
        Self::with(params(common_name), KeyPair::generate().unwrap())
    }

    pub(super) fn with(params: CertificateParams, key: KeyPair) -> Self {
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Self { pem, issuer }
    }

    /// An authority that this one certifies.
    pub(super) fn intermediate(&self, common_name: &str) -> Self {
        let (params, key) = (params(common_name), KeyPair::generate().unwrap());
        let pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Self { pem, issuer }
    }

    /// Another certificate of the same authority: the same name and the same key.
    pub(super) fn renewed(&self, common_name: &str) -> Self {
        let key = KeyPair::try_from(self.issuer.key().serialize_der()).unwrap();
        let mut params = params(common_name);
        params.not_after = rcgen::date_time_ymd(2090, 1, 1);
        Self::with(params, key)
    }

    pub(super) fn sign(&self, params: &CertificateParams) -> String {
        params
            .signed_by(&KeyPair::generate().unwrap(), &self.issuer)
            .unwrap()
            .pem()
    }

    /// The certificate of a device.
    pub(super) fn device(&self, common_name: &str) -> String {
        self.sign(&subject(common_name))
    }

    /// Registers it in the mode DEFAULT, active.
    pub(super) async fn register(&self, client: &Client) -> Reply {
        let code = named(client, "GetRegistrationCode", json!({}))
            .await
            .text("registrationCode");
        let input = json!({
            "caCertificate": self.pem,
            "verificationCertificate": self.device(&code),
            "setAsActive": true,
        });
        named(client, "RegisterCACertificate", input).await
    }

    /// Registers it in the mode SNI_ONLY, active.
    pub(super) async fn register_by_name(&self, client: &Client) -> Reply {
        named(client, "RegisterCACertificate", self.by_name()).await
    }

    /// The input that registers it in the mode SNI_ONLY, active.
    pub(super) fn by_name(&self) -> Value {
        json!({"caCertificate": self.pem, "certificateMode": "SNI_ONLY", "setAsActive": true})
    }
}

/// Makes a role that AWS IoT may assume, and gives back its ARN.
pub(crate) async fn role(client: &Client, name: &str) -> String {
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "iot.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    });
    let input = json!({"RoleName": name, "AssumeRolePolicyDocument": trust.to_string()});
    let made = iam(client, "CreateRole", input).await;
    assert_eq!(made.status, 200, "{made}");
    element(&made, "Arn")
}

/// Asserts the exception of a refusal.
#[track_caller]
pub(super) fn refused(reply: &Reply, status: u16, exception: &str) {
    assert_eq!((reply.status, reply.exception()), (status, exception), "{reply}");
}
