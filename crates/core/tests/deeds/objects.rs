//! Objects of the registry, made short.

use bytes::Bytes;
use thingsmith_core::certificates::{self, Certificate};
use thingsmith_core::functions::{Environment, NewFunction, NewPermission, Permission};
use thingsmith_core::layers::NewLayerVersion;
use thingsmith_core::policies::{self, Policy};
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::tags::Tags;
use thingsmith_core::thing_groups::{self, NewThingGroup, ThingGroup};
use thingsmith_core::things::{self, Attributes, NewThing, Thing, ThingUpdate};
use thingsmith_core::{Code, Deeds, Fault, PageRequest, number_rows};
use thingsmith_model::{
    AttributeName, CertificateId, CertificateMode, CertificateStatus, PolicyName, ThingGroupName, ThingName,
    Timestamp,
};
use thingsmith_ports::Batch;
use uuid::Uuid;

/// A policy document, the shortest that allows something.
pub(crate) const DOCUMENT: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}"#;

pub(crate) fn thing_name(name: &str) -> ThingName {
    name.parse().unwrap()
}

pub(crate) fn policy_name(name: &str) -> PolicyName {
    name.parse().unwrap()
}

pub(crate) fn attributes<const N: usize>(pairs: [(&str, &str); N]) -> Attributes {
    pairs
        .map(|(name, value)| (name.parse::<AttributeName>().unwrap(), value.parse().unwrap()))
        .into()
}

pub(crate) fn new_thing<const N: usize>(name: &str, pairs: [(&str, &str); N]) -> NewThing {
    NewThing {
        name: thing_name(name),
        thing_type: None,
        attributes: attributes(pairs),
        billing_group: None,
    }
}

pub(crate) fn group_name(name: &str) -> ThingGroupName {
    name.parse().unwrap()
}

/// A thing group as rows know it.
pub(crate) fn thing_group(number: i64, name: &str, parent: Option<&ThingGroup>) -> ThingGroup {
    ThingGroup {
        number,
        name: group_name(name),
        group_id: Uuid::from_u128(3),
        version: 1,
        parent: parent.map_or(0, |parent| parent.number),
        root: parent.map_or(number, |parent| parent.root),
        depth: parent.map_or(1, |parent| parent.depth + 1),
        description: None,
        attributes: attributes([("hall", "north")]),
        created_at: Timestamp::from_millis(7),
    }
}

pub(crate) fn new_group(name: &str, parent: Option<&str>) -> NewThingGroup {
    NewThingGroup {
        name: group_name(name),
        parent: parent.map(group_name),
        description: None,
        attributes: Attributes::new(),
        tags: Tags::new(),
    }
}

pub(crate) async fn make_group(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &str,
    parent: Option<&str>,
) -> ThingGroup {
    thing_groups::create_thing_group(deeds, realm, new_group(name, parent))
        .await
        .unwrap()
}

/// An update that replaces the attributes.
pub(crate) fn replacing<const N: usize>(pairs: [(&str, &str); N], expected: Option<i64>) -> ThingUpdate {
    ThingUpdate {
        attributes: Some(attributes(pairs)),
        expected_version: expected,
        ..ThingUpdate::default()
    }
}

/// A certificate as rows know it. Its number makes its id; what it says is no certificate.
pub(crate) fn certificate(number: i64, status: CertificateStatus) -> Certificate {
    let mut id = [0; 32];
    id[24..].copy_from_slice(&number.to_be_bytes());
    Certificate {
        number,
        id: CertificateId::from_sha256(id),
        status,
        mode: CertificateMode::Default,
        ca: None,
        previous_owner: None,
        der: vec![0x30, 0, 0xff],
        not_before: Timestamp::from_seconds(0),
        not_after: Timestamp::from_seconds(2_524_607_999),
        created_at: Timestamp::from_seconds(1_767_225_600),
        modified_at: Timestamp::from_seconds(1_767_225_600),
        customer_version: 1,
        generation_id: Uuid::from_u128(1),
    }
}

/// Puts a certificate into the registry.
pub(crate) async fn put_certificate(
    deeds: &Deeds,
    realm: &RealmRecord,
    status: CertificateStatus,
) -> Certificate {
    let number = number_rows::reserve(deeds.store(), "objects", 1).await.unwrap();
    let certificate = certificate(number, status);
    let mut batch = Batch::new();
    certificates::rows::insert(&mut batch, realm.realm, &certificate);
    deeds.store().write(batch).await.unwrap();
    certificate
}

pub(crate) async fn make_thing(deeds: &Deeds, realm: &RealmRecord, name: &str) -> Thing {
    let new = new_thing(name, [("colour", "red")]);
    things::create_thing(deeds, realm, new).await.unwrap()
}

pub(crate) async fn make_policy(deeds: &Deeds, realm: &RealmRecord, name: &str) -> Policy {
    policies::create_policy(deeds, realm, policy_name(name), DOCUMENT)
        .await
        .unwrap()
}

/// The first page of a list, of this size.
pub(crate) fn first_page(size: usize) -> PageRequest {
    PageRequest {
        token: None,
        size,
        member: "marker",
    }
}

/// The code of a refusal; `None` for success.
pub(crate) fn code<T>(answer: &Result<T, Fault>) -> Option<Code> {
    answer.as_ref().err().map(|fault| fault.code)
}

/// A zip file of one stored entry `app.py` with these bytes, as far as it is looked at without being unpacked.
pub(crate) fn zip(content: &[u8]) -> Bytes {
    let end = [b"PK\x05\x06\0\0\0\0\x01\0\x01\0".as_slice(), &[0; 10]].concat();
    [b"PK\x03\x04".as_slice(), content, &end].concat().into()
}

/// The settings of a function.
pub(crate) fn new_function(name: &str) -> NewFunction {
    NewFunction {
        name: name.into(),
        role_arn: "arn:aws:iam::123456789012:role/line".into(),
        runtime: "python3.11".into(),
        handler: "app.handler".into(),
        description: String::new(),
        timeout_seconds: 3,
        memory_mib: 128,
        storage_mib: 512,
        architecture: "x86_64".into(),
        environment: Environment::new(),
        zip: zip(b"0"),
        layers: Vec::new(),
        tags: Tags::new(),
    }
}

/// A permission for AWS IoT.
pub(crate) fn function_permission(statement_id: &str) -> NewPermission {
    NewPermission {
        permission: Permission {
            statement_id: statement_id.into(),
            action: "lambda:InvokeFunction".into(),
            principal: "iot.amazonaws.com".into(),
            source_arn: None,
            source_account: None,
        },
        revision: None,
    }
}

/// A version of a layer to be.
pub(crate) fn new_layer_version(layer: &str) -> NewLayerVersion {
    NewLayerVersion {
        layer: layer.parse().unwrap(),
        description: String::new(),
        license: String::new(),
        runtimes: Vec::new(),
        architectures: Vec::new(),
        zip: zip(b"0"),
    }
}
