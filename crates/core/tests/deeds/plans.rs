//! What devices are to get, made short.

use thingsmith_core::acting::Acting;
use thingsmith_core::ca_certificates::{self, CaCertificate, RegistrationConfig};
use thingsmith_core::certificates::Certificate;
use thingsmith_core::provisioning_templates::{
    self, NewProvisioningTemplate, ProvisioningTemplate, TemplateKind,
};
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::{Deeds, Fault, number_rows};
use thingsmith_model::{AutoRegistrationStatus, CaCertificateStatus, CertificateMode, CertificateStatus};
use thingsmith_ports::Batch;
use thingsmith_template::{
    CertificateSource, Named, OnExisting, Plan, PlannedCertificate, PlannedPolicy, PlannedThing,
    ThingOverrides,
};

use crate::objects::certificate;

/// A template for devices that connect.
pub(crate) const BODY: &str = r#"{"Resources": {"certificate": {"Type": "AWS::IoT::Certificate",
    "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}}}}}"#;

/// One who may do anything.
pub(crate) struct Anybody;

impl Acting for Anybody {
    fn may(&self, _: &str, _: &str) -> Result<(), Fault> {
        Ok(())
    }
}

pub(crate) fn named<T>(logical_name: &str, resource: T) -> Named<T> {
    Named {
        logical_name: logical_name.into(),
        resource,
    }
}

/// A thing with the attribute `size`.
pub(crate) fn planned_thing(name: &str, size: &str, overrides: OnExisting) -> PlannedThing {
    PlannedThing {
        name: name.into(),
        attributes: Some(vec![("size".into(), size.into())]),
        thing_type: None,
        groups: None,
        billing_group: None,
        overrides: ThingOverrides {
            attributes: overrides,
            ..ThingOverrides::default()
        },
    }
}

/// A plan of a thing for a certificate, with no policies yet.
pub(crate) fn plan(thing: PlannedThing, source: CertificateSource) -> Plan {
    Plan {
        thing: Some(named("thing", thing)),
        certificate: Some(named(
            "certificate",
            PlannedCertificate {
                source,
                status: thingsmith_template::CertificateStatus::Active,
                exclusive: false,
                status_override: OnExisting::DoNothing,
            },
        )),
        ..Plan::default()
    }
}

pub(crate) fn by_id(certificate: &Certificate) -> CertificateSource {
    CertificateSource::Id(certificate.id.to_string())
}

pub(crate) fn policy_by_name(name: &str) -> Named<PlannedPolicy> {
    named("policy", PlannedPolicy::Named(name.into()))
}

pub(crate) fn policy_by_document(document: &str) -> Named<PlannedPolicy> {
    named("document", PlannedPolicy::Document(document.into()))
}

/// A certificate that a device shows and nobody has registered.
pub(crate) async fn shown(deeds: &Deeds) -> Certificate {
    let number = number_rows::reserve(deeds.store(), "objects", 1).await.unwrap();
    certificate(number, CertificateStatus::PendingActivation)
}

/// Puts an active CA certificate into the registry. What it says is no certificate.
pub(crate) async fn put_ca(deeds: &Deeds, realm: &RealmRecord) -> CaCertificate {
    let number = number_rows::reserve(deeds.store(), "objects", 1).await.unwrap();
    let like = certificate(number, CertificateStatus::Active);
    let ca = CaCertificate {
        number,
        id: like.id,
        subject: [7; 32],
        status: CaCertificateStatus::Active,
        auto_registration: AutoRegistrationStatus::Enable,
        mode: CertificateMode::SniOnly,
        der: like.der,
        not_before: like.not_before,
        not_after: like.not_after,
        created_at: like.created_at,
        modified_at: like.modified_at,
        customer_version: 1,
        generation_id: like.generation_id,
        registration_config: RegistrationConfig::default(),
    };
    let mut batch = Batch::new();
    ca_certificates::rows::count_up(&mut batch, realm.realm, &ca.subject, i64::MAX);
    ca_certificates::rows::insert(&mut batch, realm, &ca);
    deeds.store().write(batch).await.unwrap();
    ca
}

/// A template for devices that connect, of this name.
pub(crate) fn new_template(name: &str) -> NewProvisioningTemplate {
    NewProvisioningTemplate {
        name: name.parse().unwrap(),
        kind: TemplateKind::Jitp,
        description: None,
        body: BODY.into(),
        enabled: true,
        role_arn: "arn:aws:iam::000000000000:role/r".into(),
        hook: None,
        tags: [("a".to_owned(), String::new())].into(),
    }
}

pub(crate) async fn make_template(deeds: &Deeds, realm: &RealmRecord, name: &str) -> ProvisioningTemplate {
    provisioning_templates::create_provisioning_template(deeds, realm, new_template(name))
        .await
        .unwrap()
}
