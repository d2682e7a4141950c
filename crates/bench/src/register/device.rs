//! Devices to register, each with a certificate of its own.

use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use thingsmith_agent::DeviceKey;
use thingsmith_core::certificates::{self, Certificate};
use thingsmith_core::policies::{self, create_policy};
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::things::{self, Attributes, Thing};
use thingsmith_core::{Deeds, number_rows};
use thingsmith_model::{CertificateId, CertificateMode, CertificateStatus, Realm};
use thingsmith_ports::{Batch, Hold};
use uuid::Uuid;

use crate::fleet::device_policy;

/// Numbers reserved at once; a registration takes two.
const NUMBERS: i64 = 100_000_000;
/// AWS's quota of policies on a certificate, which the attachment counts.
const POLICIES: i64 = 10;

/// A supply of devices.
pub(crate) struct Devices {
    /// A certificate; each device has it with another serial number. Nobody checks the signature of a certificate that
    /// is registered, and a P-256 signature would cost more than what is measured.
    certificate: Vec<u8>,
    serial_number_at: usize,
    policies: [i64; 2],
    next: AtomicI64,
}

/// A registration that the store acknowledged.
pub(crate) struct Registered {
    pub(super) certificate_id: CertificateId,
    pub(super) certificate: i64,
    pub(super) thing: String,
}

impl Devices {
    pub(crate) async fn new(deeds: &Deeds, realm: &RealmRecord) -> Result<Self> {
        let pem = DeviceKey::generate()?.self_signed("bench")?;
        let parsed = thingsmith_x509::Certificate::from_pem(&pem)?;
        let certificate = parsed.der().to_vec();
        // The serial number's last eight bytes are replaced: its sign and length stay.
        let serial_number = parsed.serial_number();
        let length = serial_number.len() / 2;
        let bytes = (0..length).map(|byte| u8::from_str_radix(&serial_number[2 * byte..2 * byte + 2], 16));
        let bytes = bytes.collect::<Result<Vec<_>, _>>()?;
        let found = certificate
            .windows(length.max(1))
            .position(|window| window == bytes);
        let serial_number_at = found
            .filter(|_| length > 8)
            .context("the serial number is short")?
            + length
            - 8;
        let mut numbers = [0; 2];
        for (index, number) in numbers.iter_mut().enumerate() {
            let name = format!("bench-{index}").parse()?;
            *number = create_policy(deeds, realm, name, &device_policy(realm))
                .await?
                .number;
        }
        let first = number_rows::reserve(deeds.store(), "objects", NUMBERS).await?;
        Ok(Self {
            certificate,
            serial_number_at,
            policies: numbers,
            next: AtomicI64::new(first),
        })
    }

    pub(super) fn policies(&self) -> [i64; 2] {
        self.policies
    }

    /// Registers the next device; when this returns, it is durable.
    pub(crate) async fn register(&self, deeds: &Deeds, realm: Realm) -> Result<Registered> {
        let number = self.next.fetch_add(2, Ordering::Relaxed);
        let certificate = self.certificate(deeds, number);
        let thing = Thing {
            number: number + 1,
            name: format!("device-{number:012}").parse()?,
            thing_id: uuid(deeds),
            version: 1,
            attributes: Attributes::from([("model".parse()?, "pump".parse()?)]),
            thing_type: None,
            billing_group: None,
        };
        let mut batch = Batch::new();
        for policy in self.policies {
            policies::rows::hold(&mut batch, realm, policy, Hold::Shared);
        }
        // INVARIANT: nobody else sees the certificate and the thing before the batch ends, so that they need no hold.
        certificates::rows::insert(&mut batch, realm, &certificate);
        things::rows::insert(&mut batch, realm, &thing)?;
        things::rows::attach(&mut batch, realm, thing.number, certificate.number);
        for policy in self.policies {
            policies::rows::attach(&mut batch, realm, certificate.number, policy, POLICIES);
        }
        deeds.store().write(batch).await?;
        Ok(Registered {
            certificate_id: certificate.id,
            certificate: certificate.number,
            thing: thing.name.to_string(),
        })
    }

    fn certificate(&self, deeds: &Deeds, number: i64) -> Certificate {
        let mut der = self.certificate.clone();
        der[self.serial_number_at..self.serial_number_at + 8].copy_from_slice(&number.to_be_bytes());
        let now = deeds.clock().now();
        Certificate {
            number,
            id: CertificateId::from_sha256(Sha256::digest(&der).into()),
            status: CertificateStatus::Active,
            mode: CertificateMode::Default,
            der,
            not_before: now,
            not_after: now,
            created_at: now,
            modified_at: now,
            customer_version: 1,
            generation_id: uuid(deeds),
            ca: None,
            previous_owner: None,
        }
    }
}

fn uuid(deeds: &Deeds) -> Uuid {
    let mut bytes = [0; 16];
    deeds.random().fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
