//! What is written down when somebody is refused: the wire tells the device nothing, so the log tells the operator all.

use std::net::SocketAddr;

use thingsmith_core::connections::{Answer, Principal, Refusal, SignatoryError};
use thingsmith_core::decisions::{Decision, Stage};
use thingsmith_core::provisioning::Step;
use thingsmith_core::{Deeds, Fault};
use thingsmith_mqtt::{DisconnectReason, MqttError};

use crate::https::Visitor;
use crate::tls::{Crowded, Reason, Refused};

/// Writes down that a client did not come through its handshake.
pub(crate) fn handshake(deeds: &Deeds, peer: SocketAddr, refused: &Refused<Refusal>) {
    let server_name = refused
        .hello
        .as_ref()
        .and_then(|hello| hello.server_name.as_deref())
        .unwrap_or("none");
    let stage = format!("{:?}", refused.stage);
    // Somebody who leaves is not refused: port scans and health probes come this way.
    if !matches!(refused.reason, Reason::PeerClosed) {
        let reason = match &refused.reason {
            // The record names the certificate itself.
            Reason::Verdict(Refusal::JustInTime(refused)) => refused.because.to_string(),
            Reason::Verdict(reason) => reason.to_string(),
            reason => reason.to_string(),
        };
        let mut decision = Decision::new(Stage::Handshake, reason).from_peer(peer);
        if let Reason::Verdict(Refusal::JustInTime(refused)) = &refused.reason {
            decision.stage = refused.because.stage();
            decision.ca_certificate_id = refused.ca.map(|ca| ca.to_string());
            decision.template_step = refused.because.template_step().map(Step::as_str);
            decision.thing = refused.because.thing().map(ToString::to_string);
            if refused.ca.is_some() {
                // Anybody can copy the name of an issuer; what is signed by it concerns the realm.
                decision = decision.in_realm(&refused.realm);
            }
        }
        decision.server_name = refused.hello.as_ref().and_then(|hello| hello.server_name.clone());
        decision.certificate_id = match &refused.reason {
            Reason::Verdict(reason) => reason.certificate_id().map(|id| id.to_string()),
            _ => None,
        };
        deeds.refuse(decision);
    }
    match &refused.reason {
        Reason::Verdict(Refusal::Store(cause)) => {
            tracing::error!(%peer, server_name, stage, %cause, "connection refused: the store did not answer");
        }
        Reason::Verdict(Refusal::JustInTime(refused)) if refused.because.failure().is_some() => {
            let fault = refused.because.failure();
            let cause = fault.and_then(|fault| fault.cause.as_deref().map(ToString::to_string));
            let reason = &refused.because;
            tracing::error!(%peer, server_name, stage, %reason, cause, "a device could not be registered");
        }
        Reason::Verdict(reason) => tracing::info!(%peer, server_name, stage, %reason, "connection refused"),
        Reason::PeerClosed => {
            tracing::debug!(%peer, server_name, stage, "the client left during the handshake")
        }
        reason => tracing::info!(%peer, server_name, stage, %reason, "handshake failed"),
    }
}

/// Writes down that there are too many handshakes under way from one place.
pub(crate) fn crowded(deeds: &Deeds, peer: SocketAddr, crowded: &Crowded) {
    tracing::info!(%peer, reason = %crowded, "connection refused");
    deeds.refuse(Decision::new(Stage::Accept, crowded.to_string()).from_peer(peer));
}

/// Writes down that somebody came through the handshake and then began what cannot be.
pub(crate) fn protocol(deeds: &Deeds, peer: SocketAddr, server_name: Option<&str>, reason: &str) {
    tracing::info!(%peer, server_name, reason, "connection refused");
    let decision = Decision::new(Stage::Protocol, reason);
    deeds.refuse(decision.from_peer(peer).to_server(server_name));
}

/// Writes down that a request's signature is not taken.
pub(crate) fn signature(
    deeds: &Deeds,
    visitor: &Visitor,
    access_key_id: Option<&str>,
    error: &SignatoryError,
) {
    let peer = visitor.address;
    let mut reason = error.to_string();
    let mut decision = Decision::new(Stage::Signature, String::new())
        .from_peer(peer)
        .to_server(visitor.server_name.as_deref());
    if let SignatoryError::OtherAccount { arn } = error {
        reason = "the access key is of another account than the server name".to_owned();
        decision.caller = Some(arn.clone());
    }
    tracing::info!(%peer, access_key_id, reason, "signature refused");
    decision.access_key_id = access_key_id.map(str::to_owned);
    decision.reason = reason;
    deeds.refuse(decision);
}

/// Writes down that a principal may not do what it wants, and which statement said so.
pub(crate) fn denied(
    deeds: &Deeds,
    stage: Stage,
    principal: &Principal,
    peer: SocketAddr,
    action: &str,
    resource: &str,
    answer: &Answer,
) {
    let decision = Decision::denied(stage, principal, peer, action, resource, answer);
    write_down(deeds, principal, peer, decision);
}

/// Writes down that what a principal wants is not to be had, whatever its policies say.
pub(crate) fn impossible(
    deeds: &Deeds,
    stage: Stage,
    principal: &Principal,
    peer: SocketAddr,
    resource: &str,
    reason: &str,
) {
    let action = match stage {
        Stage::Connect => "iot:Connect",
        Stage::Subscribe => "iot:Subscribe",
        _ => "iot:Publish",
    };
    let nothing = Answer {
        allowed: false,
        decided_by: None,
        denied_explicitly: false,
        active: true,
    };
    let mut decision = Decision::denied(stage, principal, peer, action, resource, &nothing);
    decision.reason = reason.to_owned();
    write_down(deeds, principal, peer, decision);
}

fn write_down(deeds: &Deeds, principal: &Principal, peer: SocketAddr, decision: Decision) {
    tracing::info!(
        %peer,
        account = decision.account,
        region = decision.region,
        certificate_id = decision.certificate_id,
        caller = decision.caller,
        client_id = principal.client_id(),
        action = decision.action,
        resource = decision.resource,
        decided_by = decision.reason,
        "not authorized"
    );
    deeds.refuse(decision);
}

/// Writes down that the store did not answer what a connection needed of it.
pub(crate) fn store_failed(peer: SocketAddr, fault: &Fault) {
    let cause = fault.cause.as_deref().map(ToString::to_string);
    tracing::error!(%peer, %fault, cause, "the store did not answer");
}

/// Writes down the end of a connection.
pub(crate) fn ended(
    peer: SocketAddr,
    client_id: Option<&str>,
    reason: DisconnectReason,
    cause: Option<&MqttError>,
) {
    let reason = reason.as_str();
    let client_id = client_id.unwrap_or("none");
    match cause {
        Some(cause) => tracing::info!(%peer, client_id, reason, %cause, "connection closed"),
        None => tracing::debug!(%peer, client_id, reason, "connection closed"),
    }
}
