//! Devices that are provisioned before anything is measured, and what a bare server needs to look like ours.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;
use thingsmith_agent::DeviceKey;
use thingsmith_core::Deeds;
use thingsmith_core::certificates::create_certificate_from_csr;
use thingsmith_core::number_rows;
use thingsmith_core::policies::{attach_policy, create_policy};
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::things::{self, Attributes, NewThing, Thing, attach_thing_principal, create_thing};
use thingsmith_model::{CertificateStatus, PolicyName, Resource};
use thingsmith_mqtt::Qos;
use thingsmith_ports::Batch;
use thingsmith_x509::pem_encode;
use tokio::task::JoinSet;
use uuid::Uuid;

/// What the processes of a run share by a file in their directory.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Fleet {
    pub(crate) devices: Vec<Device>,
    /// The authority that issued the devices' certificates.
    pub(crate) device_authority_pem: String,
    /// A certificate like the one of our own listener, with its key.
    pub(crate) endpoint_certificate_pem: String,
    pub(crate) endpoint_key_pem: String,
}

/// A device with a thing of its own.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Device {
    pub(crate) thing_name: String,
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
}

const FILE: &str = "fleet.json";

impl Fleet {
    pub(crate) fn read(directory: &Path) -> Result<Self> {
        let text = fs::read(directory.join(FILE)).context("the devices cannot be read")?;
        serde_json::from_slice(&text).context("the devices cannot be read")
    }

    pub(crate) fn write(&self, directory: &Path) -> Result<()> {
        fs::write(directory.join(FILE), serde_json::to_vec(self)?).context("the devices cannot be kept")
    }

    /// Takes all devices but the first so many away, into a fleet of their own.
    pub(crate) fn split_off(&mut self, first: usize) -> Self {
        Self {
            devices: self.devices.split_off(first),
            device_authority_pem: self.device_authority_pem.clone(),
            endpoint_certificate_pem: self.endpoint_certificate_pem.clone(),
            endpoint_key_pem: self.endpoint_key_pem.clone(),
        }
    }

    /// Provisions devices: a certificate from a CSR, a thing, and this policy.
    pub(crate) async fn provision(
        deeds: &Arc<Deeds>,
        realm: &Arc<RealmRecord>,
        count: usize,
        document: &str,
    ) -> Result<Self> {
        let policy: PolicyName = "bench-device".parse()?;
        create_policy(deeds, realm, policy.clone(), document).await?;
        let mut devices = Vec::with_capacity(count);
        let mut under_way = JoinSet::new();
        for number in 0..count {
            if under_way.len() >= 64 {
                devices.extend(under_way.join_next().await.transpose()?.transpose()?);
            }
            under_way.spawn(device(
                Arc::clone(deeds),
                Arc::clone(realm),
                policy.clone(),
                number,
            ));
        }
        while let Some(done) = under_way.join_next().await {
            devices.push(done??);
        }
        let authorities = deeds.authorities();
        let [endpoint, _] =
            authorities.endpoint_certificates(deeds.clock().now(), &["localhost".to_owned()])?;
        Ok(Self {
            devices,
            device_authority_pem: authorities.device().certificate.to_pem(),
            endpoint_certificate_pem: pem_encode("CERTIFICATE", &endpoint.certificate),
            endpoint_key_pem: pem_encode("PRIVATE KEY", &endpoint.private_key),
        })
    }
}

async fn device(
    deeds: Arc<Deeds>,
    realm: Arc<RealmRecord>,
    policy: PolicyName,
    number: usize,
) -> Result<Device> {
    let thing_name = format!("device-{number:07}");
    let key = DeviceKey::generate()?;
    let csr = key.signing_request(&thing_name)?;
    let active = CertificateStatus::Active;
    let certificate = create_certificate_from_csr(&deeds, &realm, &csr, active).await?;
    let arn = realm.arn(Resource::Certificate(certificate.id)).to_string();
    let new = NewThing {
        name: thing_name.parse()?,
        thing_type: None,
        attributes: Attributes::new(),
        billing_group: None,
    };
    let thing = create_thing(&deeds, &realm, new).await?;
    attach_thing_principal(&deeds, &realm, &thing.name, &arn).await?;
    attach_policy(&deeds, &realm, &policy, &arn).await?;
    Ok(Device {
        thing_name,
        certificate_pem: certificate.pem(),
        key_pem: key.to_pem().to_string(),
    })
}

/// Makes many things with one attribute each, some thousands in a batch.
pub(crate) async fn make_things(deeds: &Deeds, realm: &RealmRecord, count: usize) -> Result<()> {
    const BATCH: usize = 5000;
    let first = number_rows::reserve(deeds.store(), "objects", i64::try_from(count.max(1))?).await?;
    for start in (0..count).step_by(BATCH) {
        let mut batch = Batch::new();
        for at in start..count.min(start + BATCH) {
            let thing = Thing {
                number: first + i64::try_from(at)?,
                name: format!("thing-{at:09}").parse()?,
                thing_id: Uuid::from_u128(at as u128),
                version: 1,
                attributes: Attributes::from([("model".parse()?, "pump".parse()?)]),
                thing_type: None,
                billing_group: None,
            };
            things::rows::insert(&mut batch, realm.realm, &thing)?;
        }
        deeds.store().write(batch).await?;
    }
    Ok(())
}

/// The policy that AWS's guide gives devices: each acts as its own thing, by thing policy variables.
pub(crate) fn device_policy(realm: &RealmRecord) -> String {
    policy(realm, "devices/${iot:Connection.Thing.ThingName}/*")
}

/// A policy that lets devices talk to each other, in the rooms that [`room`] names.
pub(crate) fn rooms_policy(realm: &RealmRecord) -> String {
    policy(realm, "rooms/*")
}

/// The policy of devices that connect as their own things and use these topics.
fn policy(realm: &RealmRecord, topics: &str) -> String {
    let arn = |rest: &str| format!("arn:aws:iot:{}:{}:{rest}", realm.region, realm.account);
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "iot:Connect",
                "Resource": arn("client/${iot:Connection.Thing.ThingName}"),
                "Condition": { "Bool": { "iot:Connection.Thing.IsAttached": "true" } }
            },
            { "Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"], "Resource": arn(&format!("topic/{topics}")) },
            { "Effect": "Allow", "Action": "iot:Subscribe", "Resource": arn(&format!("topicfilter/{topics}")) }
        ]
    })
    .to_string()
}

/// The topic on which the devices of a room talk; rooms of different qualities of service are different rooms.
pub(crate) fn room(number: usize, qos: Qos) -> String {
    format!("rooms/{qos:?}/{number:05}/talk")
}
