//! Fleet provisioning: a device that left its factory with a claim, a certificate that it shares with others, asks over MQTT
//! for one of its own and registers with it (guide, "Device provisioning MQTT API").
//!
//! The one way in is [`answer`]: a request on one of three topics becomes a reply, which goes to whoever asked and nowhere
//! else. A reply may hold a private key: nothing here stores it, routes it or logs it.

mod admission;
mod create;
mod hook;
mod limits;
pub mod payload;
mod register;
mod rejection;
pub mod rows;
mod signing;
mod sweep;
mod token;
mod topics;
mod unclaimed;

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use thingsmith_model::{CertificateId, Realm};
use thingsmith_ports::Batch;

use limits::Throttle;
pub use limits::{Limits, Rate};
use payload::Request;
use rejection::Rejection;
pub use sweep::sweep;
pub(crate) use token::{Given, OwnedCertificate, check as check_token};
pub use topics::{Asked, Operation};
use unclaimed::Unclaimed;

use crate::connections::Principal;
use crate::decisions::{Decision, Stage};
use crate::realms::RealmRecord;
use crate::{Deeds, certificates, provisioning_claims};

/// Who asks: the holder of a claim, or of any other certificate whose policies let it.
#[derive(Debug, Clone)]
pub struct Claimant {
    realm: Arc<RealmRecord>,
    /// Of the certificate it connected with.
    number: i64,
    /// Whether that is a claim that a trusted user was given, and no registered certificate.
    of_trusted_user: bool,
    certificate_id: CertificateId,
    client_id: String,
    server_name: Option<String>,
    peer: SocketAddr,
}

impl Claimant {
    /// A principal that may publish its request; none that has no certificate.
    pub fn new(principal: &Principal, peer: SocketAddr) -> Option<Self> {
        Some(Self {
            realm: Arc::clone(principal.realm()),
            number: principal.certificate_number()?,
            of_trusted_user: principal.is_provisioning_claim(),
            certificate_id: principal.certificate_id()?,
            client_id: principal.client_id().to_owned(),
            server_name: principal.server_name().map(str::to_owned),
            peer,
        })
    }

    /// The first step of each batch that it causes: a claim that is not active any more causes none.
    pub(crate) fn hold(&self, batch: &mut Batch) {
        match self.of_trusted_user {
            true => provisioning_claims::rows::hold(batch, self.realm.realm, self.number),
            false => certificates::rows::hold_active(batch, self.realm.realm, self.number),
        }
    }

    /// Whether its certificate is active still, for a deed whose batch was refused.
    async fn is_active(&self, deeds: &Deeds) -> Result<bool, crate::Fault> {
        let (store, realm, id) = (deeds.store(), self.realm.realm, &self.certificate_id);
        if self.of_trusted_user {
            let found = provisioning_claims::rows::find(store, realm, id).await?;
            return Ok(found.is_some_and(|(found, _)| found.number == self.number));
        }
        let found = certificates::rows::find(store, realm, id).await?;
        Ok(found.is_some_and(|found| {
            found.number == self.number && found.status == thingsmith_model::CertificateStatus::Active
        }))
    }

    /// Refuses a claimant whose certificate is not active any more.
    pub(crate) async fn check_active(&self, deeds: &Deeds) -> Result<(), crate::Fault> {
        match self.is_active(deeds).await? {
            true => Ok(()),
            false => Err(crate::Fault::new(
                crate::Code::Unauthorized,
                "The certificate of this connection is not active any more.",
            )),
        }
    }
}

/// What a claimant is answered.
pub struct Reply {
    /// The topic that it is for.
    pub topic: String,
    /// Its bytes, which are overwritten when nobody has them any more.
    pub payload: Bytes,
}

// A payload may hold a private key.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}

/// What a node remembers of fleet provisioning: how fast each claim and account asks.
#[derive(Default)]
pub struct FleetProvisioning {
    limits: RwLock<Arc<Limits>>,
    throttle: Throttle,
    unclaimed: Unclaimed,
}

impl FleetProvisioning {
    /// Says how much may be asked for, from now on.
    pub fn configure(&self, limits: Limits) {
        *self.limits.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(limits);
    }

    fn limits(&self) -> Arc<Limits> {
        Arc::clone(&self.limits.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A certificate has become a device's own, or is gone.
    fn no_more_unclaimed(&self, realm: Realm) {
        self.unclaimed.take_away(realm);
    }
}

/// Answers a request that its sender may publish. A rejection is kept as a decision record.
pub async fn answer(deeds: &Deeds, claimant: &Claimant, asked: &Asked, payload: &[u8]) -> Reply {
    let outcome = match Request::read(asked.format, payload) {
        Ok(request) => carry_out(deeds, claimant, asked, &request).await,
        Err(wrong) => Err(Rejection::payload(&wrong)),
    };
    let fleet = deeds.metrics().fleet();
    fleet.answered(&asked.operation, outcome.is_ok());
    if let Operation::RegisterThing(template) = &asked.operation {
        fleet.registration(template, &claimant.certificate_id, outcome.is_ok());
    }
    let (accepted, bytes) = match outcome {
        Ok(bytes) => (true, bytes),
        Err(rejection) => {
            write_down(deeds, claimant, asked, &rejection);
            (false, rejection.write(asked.format))
        }
    };
    Reply {
        topic: asked.reply_topic(accepted),
        payload: Bytes::from_owner(bytes),
    }
}

/// Refuses a request without looking at it: its sender has too many under way.
pub fn too_many(deeds: &Deeds, claimant: &Claimant, asked: &Asked) -> Reply {
    let rejection = Rejection::throttled("Too many requests of this connection are under way.");
    deeds.metrics().fleet().answered(&asked.operation, false);
    write_down(deeds, claimant, asked, &rejection);
    Reply {
        topic: asked.reply_topic(false),
        payload: Bytes::from_owner(rejection.write(asked.format)),
    }
}

/// A payload, overwritten when it is dropped.
type Written = zeroize::Zeroizing<Vec<u8>>;

async fn carry_out(
    deeds: &Deeds,
    claimant: &Claimant,
    asked: &Asked,
    request: &Request,
) -> Result<Written, Rejection> {
    match &asked.operation {
        Operation::CreateKeysAndCertificate => create::with_keys(deeds, claimant, asked.format).await,
        Operation::CreateCertificateFromCsr => create::from_csr(deeds, claimant, asked.format, request).await,
        Operation::RegisterThing(template) => {
            register::register(deeds, claimant, asked.format, template, request).await
        }
    }
}

/// The device learns what its developer needs, the operator all of it.
fn write_down(deeds: &Deeds, claimant: &Claimant, asked: &Asked, rejection: &Rejection) {
    let realm = &claimant.realm;
    let topic = asked.topic();
    if let Some(cause) = rejection.cause() {
        tracing::error!(peer = %claimant.peer, topic, cause, "a device could not be provisioned");
    }
    tracing::info!(
        peer = %claimant.peer,
        account = %realm.account,
        region = %realm.region,
        claim_certificate_id = %claimant.certificate_id,
        client_id = claimant.client_id,
        topic,
        step = rejection.step.as_str(),
        reason = rejection.reason(),
        "fleet provisioning rejected"
    );
    let mut decision = Decision::new(Stage::FleetProvisioning, rejection.reason())
        .in_realm(realm)
        .from_peer(claimant.peer)
        .to_server(claimant.server_name.as_deref())
        .with_certificate(claimant.certificate_id)
        .about(asked.operation.name(), &topic);
    decision.client_id = Some(claimant.client_id.clone()).filter(|id| !id.is_empty());
    decision.template_step = Some(rejection.step.as_str());
    decision.device_certificate_id = rejection.device.map(|id| id.to_string());
    deeds.refuse(decision);
}
