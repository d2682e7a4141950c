//! A factory: its certificate authority, registered or not, and the devices that leave it with a certificate of its own.

use std::process::Command;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, SignatureAlgorithm,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use thingsmith_core::certificates::Certificate;
use thingsmith_model::{CertificateMode, CertificateStatus, Timestamp};
use thingsmith_testkit::Client;

use super::lab::{Device, Lab, params};
use crate::http::named;

/// The certificate authority of a factory, and its key.
pub(super) struct Factory {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) pem: String,
    key_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// What a factory's certificate says.
pub(super) fn authority(common_name: &str) -> CertificateParams {
    let mut params = params(common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

impl Factory {
    pub(super) fn new(common_name: &str) -> Self {
        Self::with(authority(common_name), KeyPair::generate().unwrap())
    }

    pub(super) fn of_kind(common_name: &str, algorithm: &'static SignatureAlgorithm) -> Self {
        Self::with(authority(common_name), KeyPair::generate_for(algorithm).unwrap())
    }

    pub(super) fn with(params: CertificateParams, key: KeyPair) -> Self {
        let certificate = params.self_signed(&key).unwrap();
        Self {
            pem: certificate.pem(),
            certificate: certificate.der().clone(),
            key_pem: key.serialize_pem(),
            issuer: Issuer::new(params, key),
        }
    }

    /// The same name and the same key in another certificate.
    pub(super) fn renewed(&self, common_name: &str) -> Self {
        let mut params = authority(common_name);
        params.not_after = rcgen::date_time_ymd(2090, 1, 1);
        Self::with(params, KeyPair::from_pem(&self.key_pem).unwrap())
    }

    pub(super) fn key_pem(&self) -> String {
        self.key_pem.clone()
    }

    /// A device with a P-256 key.
    pub(super) fn device(&self, common_name: &str) -> Device {
        self.make(&params(common_name), KeyPair::generate().unwrap())
    }

    /// A device with this certificate and this key.
    pub(super) fn make(&self, params: &CertificateParams, key: KeyPair) -> Device {
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        holder(certificate.der().clone(), &key.serialize_pem())
    }

    /// A device whose certificate `openssl x509 -req` signs: version 1 unless `more` says otherwise.
    pub(super) fn openssl(&self, common_name: &str, more: &[&str]) -> Device {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap().serialize_pem();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("ca.pem", &self.pem);
        write("ca.key", &self.key_pem);
        write("device.key", &key);
        let run = |arguments: &[&str]| {
            let output = Command::new("openssl")
                .args(arguments)
                .current_dir(folder.path())
                .output()
                .unwrap();
            assert!(output.status.success(), "{output:?}");
        };
        let subject = format!("/CN={common_name}");
        run(&[
            "req",
            "-new",
            "-key",
            "device.key",
            "-subj",
            &subject,
            "-out",
            "csr",
        ]);
        let sign = [
            "x509",
            "-req",
            "-in",
            "csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
        ];
        run(&[&sign[..], &["-days", "36500", "-out", "device.pem"], more].concat());
        let certificate = CertificateDer::from_pem_file(folder.path().join("device.pem")).unwrap();
        holder(certificate, &key)
    }

    /// Registers it active and with auto registration, in the mode SNI_ONLY.
    pub(super) async fn register(&self, lab: &Lab) -> String {
        self.register_with(&lab.server.administrator(), json!({})).await
    }

    /// The same with these members besides.
    pub(super) async fn register_with(&self, client: &Client, more: Value) -> String {
        let mut input = json!({
            "caCertificate": self.pem,
            "certificateMode": "SNI_ONLY",
            "setAsActive": true,
            "allowAutoRegistration": true,
        });
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let made = named(client, "RegisterCACertificate", input).await;
        assert_eq!(made.status, 200, "{made}");
        made.text("certificateId")
    }

    /// Registers it with the mode DEFAULT.
    pub(super) async fn claim(&self, client: &Client) -> String {
        let code = named(client, "GetRegistrationCode", json!({})).await;
        let code = code.text("registrationCode");
        let verification = params(&code)
            .signed_by(&KeyPair::generate().unwrap(), &self.issuer)
            .unwrap()
            .pem();
        let more = json!({"certificateMode": "DEFAULT", "verificationCertificate": verification});
        self.register_with(client, more).await
    }
}

/// A device with a certificate that the registry has not seen.
pub(super) fn holder(certificate: CertificateDer<'static>, key_pem: &str) -> Device {
    let read = thingsmith_x509::Certificate::from_der(&certificate).unwrap();
    let never = Timestamp::from_seconds(0);
    let record = Certificate {
        number: 0,
        id: read.id(),
        status: CertificateStatus::Inactive,
        mode: CertificateMode::SniOnly,
        ca: None,
        previous_owner: None,
        der: certificate.to_vec(),
        not_before: read.not_before(),
        not_after: read.not_after(),
        created_at: never,
        modified_at: never,
        customer_version: 0,
        generation_id: Default::default(),
    };
    Device {
        chain: vec![certificate],
        key: PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).unwrap(),
        arn: String::new(),
        certificate: record,
    }
}

impl Device {
    /// The same device, which sends its authority's certificate along.
    pub(super) fn sending(mut self, factory: &Factory) -> Self {
        self.chain.push(factory.certificate.clone());
        self
    }

    /// Its certificate's id.
    pub(super) fn id(&self) -> String {
        self.certificate.id.to_string()
    }
}

/// What a factory writes into a certificate besides a common name.
pub(super) fn subject(pairs: &[(DnType, &str)]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    for (kind, value) in pairs {
        params.distinguished_name.push(kind.clone(), *value);
    }
    params
}

/// How many certificates the lab's realm has.
pub(super) async fn registered(lab: &Lab) -> usize {
    let list = named(
        &lab.server.administrator(),
        "ListCertificates",
        json!({"pageSize": 250}),
    )
    .await;
    list.json()["certificates"].as_array().unwrap().len()
}

/// What DescribeCertificate says; null when there is no such certificate.
pub(super) async fn described(lab: &Lab, device: &Device) -> Value {
    let input = json!({"certificateId": device.id()});
    let reply = named(&lab.server.administrator(), "DescribeCertificate", input).await;
    match reply.status {
        200 => reply.json()["certificateDescription"].clone(),
        404 => Value::Null,
        _ => panic!("{reply}"),
    }
}
