//! What waits for functions and servers of others, many at a time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use thingsmith_model::Realm;
use thingsmith_ports::WebRequest;

use super::Rules;
use super::actions::Failure;
use super::failure::Acting;
use super::index::Rule;
use super::offer::Offered;
use super::run::run_statement;
use crate::Deeds;
use crate::realms::RealmRecord;
use crate::topic_rule_destinations::{Confirmation, confirmation_failed};

/// One thing that waits for somebody else.
pub(super) enum Delivery {
    /// A rule whose statement calls other services.
    Statement { offered: Arc<Offered>, rule: Arc<Rule> },
    /// An action of a rule, by its place.
    Action { acting: Arc<Acting>, action: usize },
    /// A rule's errorAction, with what failed.
    Error { acting: Arc<Acting>, report: Vec<u8> },
    /// The token that confirms a destination.
    Confirm {
        realm: Realm,
        confirmation: Confirmation,
        enable_url: String,
    },
}

/// How long sending a token may take.
const TIMEOUT: Duration = Duration::from_secs(10);

impl Delivery {
    fn bytes(&self) -> usize {
        match self {
            Self::Statement { offered, .. } => offered.bytes(),
            // What the actions of one rule share is counted with each: rather too much than too little.
            Self::Action { acting, .. } => acting.offered.bytes() + acting.payload.len(),
            Self::Error { acting, report } => acting.offered.bytes() + report.len(),
            Self::Confirm { .. } => 0,
        }
    }

    pub(super) async fn run(self, deeds: &Deeds) {
        match self {
            Self::Statement { offered, rule } => run_statement(deeds, &offered, &rule).await,
            Self::Action { acting, action } => acting.run(deeds, action).await,
            Self::Error { acting, report } => acting.run_error_action(deeds, &report).await,
            Self::Confirm {
                realm,
                confirmation,
                enable_url,
            } => send_token(deeds, realm, &confirmation, &enable_url).await,
        }
    }
}

impl Rules {
    /// Puts something into the queue of what waits for others; it never waits itself. What finds no room has failed.
    pub(super) fn deliver(&self, deeds: &Deeds, realm: Realm, delivery: Delivery) {
        let bytes = delivery.bytes();
        let Err(dropped) = self.deliveries.push(realm, delivery, bytes) else {
            return;
        };
        let count = deeds.metrics().rule_message_dropped();
        if count.is_power_of_two() {
            tracing::warn!(
                realm = realm.0,
                count,
                "what a rule asked for found no room in the queue and is dropped"
            );
        }
        match dropped {
            Delivery::Action { acting, action } => {
                let full = Failure {
                    resource: String::new(),
                    message: "Too many actions of rules wait for their turn.".into(),
                };
                acting.ended(deeds, action, Err(full));
            }
            // The destination stays IN_PROGRESS; whoever waits for it asks again.
            Delivery::Statement { .. } | Delivery::Error { .. } | Delivery::Confirm { .. } => {}
        }
    }

    /// Has the token of a destination sent. Nobody waits for it.
    pub(crate) fn confirm(&self, deeds: &Deeds, realm: &RealmRecord, confirmation: Confirmation) {
        let api = self.api().unwrap_or_default();
        let token = confirmation.token.expose_secret();
        let enable_url = format!("{api}/confirmdestination/{token}");
        let delivery = Delivery::Confirm {
            realm: realm.realm,
            confirmation,
            enable_url,
        };
        self.deliver(deeds, realm.realm, delivery);
    }
}

/// Sends a token to the URL of its destination (guide, "Confirming topic rule destinations").
async fn send_token(deeds: &Deeds, realm: Realm, confirmation: &Confirmation, enable_url: &str) {
    let token = confirmation.token.expose_secret();
    let body = json!({
        "arn": confirmation.arn,
        "confirmationToken": token,
        "enableUrl": enable_url,
        "messageType": "DestinationConfirmation",
    });
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let request = WebRequest {
        url: with_token(&confirmation.url, token),
        headers: vec![
            header("content-type", "application/json"),
            header("x-amz-rules-engine-message-type", "DestinationConfirmation"),
            header("x-amz-rules-engine-destination-arn", &confirmation.arn),
        ],
        body: Bytes::from(body.to_string()),
        timeout: TIMEOUT,
        answer_bytes: super::actions::ANSWER,
    };
    let problem = match deeds.web().post(request).await {
        Ok(200..=299) => return,
        Ok(status) => format!("The URL answered the confirmation with the status {status}."),
        Err(wrong) => format!("The confirmation could not be sent: {wrong}."),
    };
    tracing::info!(
        destination = confirmation.arn,
        problem,
        "a topic rule destination is not confirmed"
    );
    let mark = (confirmation.number, confirmation.hash());
    if let Err(fault) = confirmation_failed(deeds, realm, (mark.0, &mark.1), &problem).await {
        tracing::error!(%fault, destination = confirmation.arn, "a status could not be written down");
    }
}

/// The token goes into the query, behind whatever the URL has there.
fn with_token(url: &str, token: &str) -> String {
    match url.find('?') {
        Some(_) => format!("{url}&confirmationToken={token}"),
        None if url.ends_with('/') => format!("{url}?confirmationToken={token}"),
        None => format!("{url}/?confirmationToken={token}"),
    }
}
